/**
 * The ledger: how far each message has come. At most once for marketing, at least once for transactional messages.
 *
 * A message is held by one attempt at a time. Every step forward names its holder, so an attempt that was given up
 * for dead and comes back finds the row in other hands and stops. Leases measure real time by the database's clock,
 * which all workers share; every other moment is business time.
 */

import type { ContactVerdict } from '../domain/contact-policy.ts'
import { pausedRule } from '../domain/decide/pause.ts'
import { type SenderUse, usualSender, usualSenderUse, warmUpRule } from '../domain/mail-sender.ts'
import type { Snapshot } from '../domain/snapshot.ts'
import { dayMs, type EpochMs, minuteMs, secondMs } from '../domain/time.ts'
import type { Database, Queryable } from './database.ts'
import { claimMessage } from './ledger-claim.ts'
import { settleMessage } from './ledger-settle.ts'
import {
  type Claim,
  type ClaimedMessage,
  type Holder,
  nameOf,
  type SealedRecipient,
  type Settlement,
  type Transmission,
} from './ledger-types.ts'
import { giveBackPlaces, takePlaces } from './sender-days.ts'
import { isHeld } from './sending-hold.ts'
import { lockAndLoadSnapshot } from './snapshots.ts'

export interface Ledger {
  /** Takes a message in hand, or says why that cannot be. One round trip. */
  claim(messageId: string, holder: Holder, nowMs: EpochMs): Promise<Claim>
  /**
   * The last look, and the point of no return: under a lock on the customer, `check` judges the newest facts, and
   * `transmitting` is committed if it allows.
   *
   * @param leaseMs real milliseconds within which the attempt will have ended, whatever happens.
   */
  transmit(
    claimed: Transmitting,
    holder: Holder,
    nowMs: EpochMs,
    leaseMs: number,
    check: (snapshot: Snapshot) => ContactVerdict,
  ): Promise<Transmission>
  /** Writes down the end. Does nothing if another attempt has taken over. @returns whether this attempt's word counted. */
  settle(message: ClaimedMessage, holder: Holder, nowMs: EpochMs, settlement: Settlement): Promise<boolean>
  /**
   * Gives a message back, to be sent another time.
   *
   * @param mayHaveLeft whether this attempt counts as one that the recipient may have got.
   * @param sender that it was to leave under. Default: the usual one.
   */
  release(messageId: string, holder: Holder, mayHaveLeft: boolean, sender?: SenderUse): Promise<void>
}

export interface Transmitting {
  readonly message: ClaimedMessage
  readonly recipient: SealedRecipient
  /** Default: the usual one. */
  readonly sender?: SenderUse
}

export function createLedger(database: Database): Ledger {
  return {
    claim: (messageId, holder, nowMs) => claimMessage(database.pool, messageId, holder, nowMs),
    transmit: (claimed, holder, nowMs, leaseMs, check) =>
      database.transaction((client) => transmit(client, claimed, holder, nowMs, leaseMs, check)),
    settle: (message, holder, nowMs, settlement) =>
      settlement.suppression
        ? database.transaction((client) => settleMessage(client, message, holder, nowMs, settlement))
        : settleMessage(database.pool, message, holder, nowMs, settlement),
    async release(messageId, holder, mayHaveLeft, sender = usualSenderUse) {
      const { rowCount } = await database.pool.query(
        `UPDATE messages SET status = 'planned', claimed_by = NULL, lease_until = NULL, attempts = attempts - $3
          WHERE id = $1 AND claimed_by = $2 AND status = 'transmitting'`,
        [messageId, nameOf(holder), mayHaveLeft ? 0 : 1],
      )
      if (!mayHaveLeft) await giveBackPlaces(database.pool, sender, rowCount ?? 0)
    },
  }
}

/**
 * As in `saveDecisions`, for what was in somebody's hands when its run ended; and whether its journey stands still. Asked
 * here and not of definitions that are a second old: nothing leaves after a pause was saved.
 */
const journeySql = `
  SELECT (SELECT 'run ended: ' || r.end_reason FROM journey_runs r
           WHERE (r.customer_id, r.journey, r.entry_number) = (m.customer_id, m.journey, m.entry_number)
             AND m.message_class = 'marketing' AND r.ended_at > m.planned_at
             AND (r.status = 'exited' OR r.end_reason LIKE 'goal:%')) AS "endReason",
         EXISTS (SELECT FROM journey_states s
                  WHERE s.journey = m.journey AND s.paused_at IS NOT NULL AND s.resumed_at IS NULL) AS "isPaused",
         (SELECT p.reason FROM sending_pauses p
           WHERE p.lifted_at IS NULL AND p.scope = 'sender' AND p.key = $2
             AND m.message_class = 'marketing' AND m.channel = 'email') AS "senderPause"
    FROM messages m WHERE m.id = $1`

interface OfJourney {
  readonly endReason: string | null
  readonly isPaused: boolean
  readonly senderPause: string | null
}

type Verdict = ContactVerdict | PausedVerdict

interface PausedVerdict {
  readonly allowed: false
  readonly rule: string
  readonly notBeforeMs: EpochMs | null
}

/** How soon it is looked again whether an identity may send. */
const senderPausedMs = 15 * minuteMs

function senderPausedVerdict({ expiresAtMs }: ClaimedMessage, pause: string, nowMs: EpochMs): PausedVerdict {
  const untilMs = Math.min(nowMs + senderPausedMs, (expiresAtMs ?? Number.POSITIVE_INFINITY) - secondMs)
  return { allowed: false, rule: `sending is paused: ${pause}`, notBeforeMs: untilMs > nowMs ? untilMs : null }
}

/** Held until it is as good as stale: should the journey go on before, it gets another moment. */
function pausedVerdict({ expiresAtMs }: ClaimedMessage, nowMs: EpochMs): PausedVerdict {
  const untilMs = (expiresAtMs ?? nowMs + dayMs) - secondMs
  return { allowed: false, rule: pausedRule, notBeforeMs: untilMs > nowMs ? untilMs : null }
}

async function transmit(
  client: Queryable,
  { message, recipient, sender = usualSenderUse }: Transmitting,
  holder: Holder,
  nowMs: EpochMs,
  leaseMs: number,
  check: (snapshot: Snapshot) => ContactVerdict,
): Promise<Transmission> {
  const [loaded, ofJourney] = await Promise.all([
    lockAndLoadSnapshot(client, message.customerId, { nowMs, newsPage: 0, recent: 'left' }),
    client.query<OfJourney>({
      name: 'ledger-journey',
      text: journeySql,
      values: [message.id, sender.key ?? usualSender],
    }),
  ])
  if (!loaded) return refuse(client, message, holder, nowMs, 'erased')
  const { endReason = null, isPaused = false, senderPause = null } = ofJourney.rows[0] ?? {}
  if (endReason !== null) return refuse(client, message, holder, nowMs, endReason)
  const mayBe: Verdict = isPaused
    ? pausedVerdict(message, nowMs)
    : senderPause === null
      ? check(loaded.snapshot)
      : senderPausedVerdict(message, senderPause, nowMs)
  const verdict = mayBe.allowed ? await placeFor(client, message, sender, mayBe) : mayBe
  if (verdict.allowed) {
    const { rowCount } = await client.query({
      name: 'ledger-transmit',
      text: `
        UPDATE messages
           SET status = 'transmitting', transmitting_at = $3, attempts = attempts + 1,
               lease_until = clock_timestamp() + $4::interval, sender = $6
         WHERE id = $1 AND claimed_by = $2 AND status = 'claimed'
           AND EXISTS (SELECT FROM contact_points WHERE id = $5 AND current)
           -- Whoever has stopped everything meanwhile: the next look tells.
           AND NOT ${isHeld('message_class')}`,
      values: [message.id, nameOf(holder), new Date(nowMs), `${leaseMs} ms`, recipient.contactPointId, sender.key],
    })
    if (rowCount === 1) return { outcome: 'transmit' }
    await giveBackPlaces(client, sender, 1)
    return { outcome: 'lost' }
  }
  const { rule, notBeforeMs } = verdict
  const isInTime = notBeforeMs !== null && (message.expiresAtMs === null || notBeforeMs < message.expiresAtMs)
  if (!isInTime) return refuse(client, message, holder, nowMs, rule)
  const { rowCount } = await client.query(
    `UPDATE messages SET status = 'planned', claimed_by = NULL, lease_until = NULL, not_before = $3, reason = $4
      WHERE id = $1 AND claimed_by = $2 AND status = 'claimed'`,
    [message.id, nameOf(holder), new Date(notBeforeMs), `postponed: ${rule}`],
  )
  return rowCount === 1 ? { outcome: 'postponed', untilMs: notBeforeMs } : { outcome: 'lost' }
}

/** Last of all, for it holds others up: a place on the day of its identity's plan. */
async function placeFor(
  client: Queryable,
  { messageClass }: ClaimedMessage,
  sender: SenderUse,
  allowed: Verdict,
): Promise<Verdict> {
  if ((await takePlaces(client, sender, messageClass, 1)) === 1) return allowed
  return { allowed: false, rule: warmUpRule, notBeforeMs: sender.day?.untilMs ?? null }
}

async function refuse(
  client: Queryable,
  message: ClaimedMessage,
  holder: Holder,
  nowMs: EpochMs,
  reason: string,
): Promise<Transmission> {
  const counted = await settleMessage(client, message, holder, nowMs, { status: 'refused', reason })
  return counted ? { outcome: 'refused', reason } : { outcome: 'lost' }
}
