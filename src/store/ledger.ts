/**
 * The ledger: how far each message has come. At most once for marketing, at least once for transactional messages.
 *
 * A message is held by one attempt at a time. Every step forward names its holder, so an attempt that was given up
 * for dead and comes back finds the row in other hands and stops. Leases measure real time by the database's clock,
 * which all workers share; every other moment is business time.
 */

import type { SendPermission, SettledStatus } from '../domain/delivery.ts'
import type { Channel, MessageClass, Snapshot, TraitValue } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Database, Queryable } from './database.ts'
import { lockAndLoadSnapshot } from './snapshots.ts'
import { type SuppressionReason, suppress } from './suppressions.ts'

/** Who holds a message. Attempts of one owner take over from each other at once; strangers wait for the lease to end. */
export interface Holder {
  /** Whoever makes sure that only one of its attempts is meant to run: a workflow id. */
  readonly owner: string
  /** Different in every attempt. */
  readonly attempt: string
}

export type Claim =
  | { readonly outcome: 'claimed'; readonly message: ClaimedMessage; readonly recipient: SealedRecipient }
  /** Nothing is left to do, now or earlier. */
  | { readonly outcome: 'settled'; readonly status: SettledStatus; readonly reason: string | null }
  | { readonly outcome: 'postponed'; readonly untilMs: EpochMs }
  /** A stranger holds it. */
  | { readonly outcome: 'busy'; readonly retryInMs: number }

export interface ClaimedMessage {
  readonly id: string
  readonly customerId: string
  readonly journey: string
  readonly version: string
  readonly step: string
  readonly entryNumber: number
  readonly channel: Channel
  readonly messageClass: MessageClass
  readonly topic: string
  readonly template: string
  readonly data: Readonly<Record<string, TraitValue>>
  readonly coupon: { readonly code: string; readonly offer: string; readonly expiresAtMs: EpochMs | null } | null
  /** How often its transmission has begun before. */
  readonly attempts: number
}

/** What is needed to address and personalise it, still sealed under the customer's key. */
export interface SealedRecipient {
  readonly contactPointId: string
  readonly address: Buffer
  readonly addressHash: Buffer
  readonly wrappedKey: Buffer
  readonly personal: Buffer | null
  readonly traits: Readonly<Record<string, unknown>>
  readonly locale: string | null
  readonly timeZone: string | null
}

/** An answer to `transmit`. Only `transmit` allows the first byte to leave. */
export type Transmission =
  | { readonly outcome: 'transmit' }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'postponed'; readonly untilMs: EpochMs }
  /** Another attempt has taken over, or the address has changed: begin again. */
  | { readonly outcome: 'lost' }

export interface Settlement {
  readonly status: SettledStatus
  readonly reason?: string
  readonly providerMessageId?: string
  readonly segments?: number
  readonly suppression?: { readonly channel: Channel; readonly addressHash: Buffer; readonly reason: SuppressionReason }
}

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
    claimed: { readonly message: ClaimedMessage; readonly recipient: SealedRecipient },
    holder: Holder,
    nowMs: EpochMs,
    leaseMs: number,
    check: (snapshot: Snapshot) => SendPermission,
  ): Promise<Transmission>
  /** Writes down the end. Does nothing if another attempt has taken over. @returns whether this attempt's word counted. */
  settle(message: ClaimedMessage, holder: Holder, nowMs: EpochMs, settlement: Settlement): Promise<boolean>
  /** Gives a message back that has certainly not left. */
  release(messageId: string, holder: Holder): Promise<void>
}

/** Rendering takes milliseconds; somebody who has not begun to send within this time is not at work any more. */
const claimLeaseMs = 30_000

const senderLost = 'the sender was lost while transmitting'

const separator = '#'

export function createLedger(database: Database): Ledger {
  return {
    claim: (messageId, holder, nowMs) => claim(database.pool, messageId, holder, nowMs),
    transmit: (claimed, holder, nowMs, leaseMs, check) =>
      database.transaction((client) => transmit(client, claimed, holder, nowMs, leaseMs, check)),
    settle: (message, holder, nowMs, settlement) =>
      settlement.suppression
        ? database.transaction((client) => settle(client, message, holder, nowMs, settlement))
        : settle(database.pool, message, holder, nowMs, settlement),
    async release(messageId, holder) {
      await database.pool.query(
        `UPDATE messages SET status = 'planned', claimed_by = NULL, lease_until = NULL
          WHERE id = $1 AND claimed_by = $2 AND status IN ('claimed', 'transmitting')`,
        [messageId, nameOf(holder)],
      )
    },
  }
}

const claimSql = `
  WITH found AS (
    SELECT *, CASE
             WHEN settled_at IS NOT NULL                                       THEN 'settled'
             WHEN status <> 'planned' AND NOT starts_with(claimed_by, $2)
                  AND lease_until > clock_timestamp()                          THEN 'busy'
             -- Its sender died, or is not heard of: it may have left. Marketing is not sent twice.
             WHEN status = 'transmitting' AND message_class = 'marketing'      THEN 'in_doubt'
             WHEN not_before > $4                                              THEN 'postponed'
             ELSE 'claimed'
           END AS outcome
      FROM messages WHERE id = $1
       FOR UPDATE
  ), changed AS (
    UPDATE messages m
       SET status      = f.outcome,
           reason      = CASE f.outcome WHEN 'in_doubt' THEN $6 END,
           settled_at  = CASE f.outcome WHEN 'in_doubt' THEN $4::timestamptz END,
           -- An attempt that comes back from the dead may still say that it has sent.
           claimed_by  = CASE f.outcome WHEN 'claimed' THEN $3 ELSE m.claimed_by END,
           lease_until = CASE f.outcome WHEN 'claimed' THEN clock_timestamp() + $5::interval END
      FROM found f
     WHERE m.id = f.id AND f.outcome IN ('claimed', 'in_doubt')
  )
  SELECT f.*, extract(epoch FROM f.lease_until - clock_timestamp())::float8 * 1000 AS lease_left_ms,
         p.id AS contact_point_id, p.address, p.address_hash, k.wrapped_key,
         c.personal, c.traits, c.locale, c.time_zone,
         o.code, o.offer, o.expires_at AS coupon_expires_at
    FROM found f
    LEFT JOIN customers c      ON c.id = f.customer_id
    LEFT JOIN customer_keys k  ON k.customer_id = f.customer_id
    LEFT JOIN contact_points p ON p.customer_id = f.customer_id AND p.channel = f.channel AND p.current
    LEFT JOIN coupons o        ON o.id = f.coupon_id`

async function claim(db: Queryable, messageId: string, holder: Holder, nowMs: EpochMs): Promise<Claim> {
  const { rows } = await db.query<ClaimRow>({
    name: 'ledger-claim',
    text: claimSql,
    values: [
      messageId,
      `${holder.owner}${separator}`,
      nameOf(holder),
      new Date(nowMs),
      `${claimLeaseMs} ms`,
      senderLost,
    ],
  })
  const row = rows[0]
  if (!row) return { outcome: 'settled', status: 'refused', reason: 'erased' }
  switch (row.outcome) {
    case 'settled':
      return { outcome: 'settled', status: row.status as SettledStatus, reason: row.reason }
    case 'in_doubt':
      return { outcome: 'settled', status: 'in_doubt', reason: senderLost }
    case 'busy':
      return { outcome: 'busy', retryInMs: Math.max(1, Math.ceil(row.lease_left_ms ?? 0)) }
    case 'postponed':
      return { outcome: 'postponed', untilMs: row.not_before?.getTime() ?? nowMs }
    case 'claimed': {
      const message = toMessage(row)
      const recipient = toRecipient(row)
      const isStale = row.expires_at !== null && row.expires_at.getTime() <= nowMs
      if (recipient && !isStale) return { outcome: 'claimed', message, recipient }
      const reason = isStale ? 'expired' : 'no-address'
      await settle(db, message, holder, nowMs, { status: 'refused', reason })
      return { outcome: 'settled', status: 'refused', reason }
    }
  }
}

async function transmit(
  client: Queryable,
  { message, recipient }: { readonly message: ClaimedMessage; readonly recipient: SealedRecipient },
  holder: Holder,
  nowMs: EpochMs,
  leaseMs: number,
  check: (snapshot: Snapshot) => SendPermission,
): Promise<Transmission> {
  const loaded = await lockAndLoadSnapshot(client, message.customerId, {
    nowMs,
    newsPage: 0,
    exceptMessageId: message.id,
  })
  const permission: SendPermission = loaded ? check(loaded.snapshot) : { allowed: false, rule: 'erased', untilMs: null }
  if (permission.allowed) {
    const { rowCount } = await client.query({
      name: 'ledger-transmit',
      text: `
        UPDATE messages
           SET status = 'transmitting', transmitting_at = $3, attempts = attempts + 1,
               lease_until = clock_timestamp() + $4::interval
         WHERE id = $1 AND claimed_by = $2 AND status = 'claimed'
           AND EXISTS (SELECT FROM contact_points WHERE id = $5 AND current)`,
      values: [message.id, nameOf(holder), new Date(nowMs), `${leaseMs} ms`, recipient.contactPointId],
    })
    return { outcome: rowCount === 1 ? 'transmit' : 'lost' }
  }
  if (permission.untilMs === null) {
    const counted = await settle(client, message, holder, nowMs, { status: 'refused', reason: permission.rule })
    return counted ? { outcome: 'refused', reason: permission.rule } : { outcome: 'lost' }
  }
  await client.query(
    `UPDATE messages SET status = 'planned', claimed_by = NULL, lease_until = NULL, not_before = $3, reason = $4
      WHERE id = $1 AND claimed_by = $2 AND status = 'claimed'`,
    [message.id, nameOf(holder), new Date(permission.untilMs), `postponed: ${permission.rule}`],
  )
  return { outcome: 'postponed', untilMs: permission.untilMs }
}

const settleSql = `
  WITH settled AS (
    UPDATE messages
       SET status = $3, reason = $4, settled_at = $5, provider_message_id = $6, segments = $7, lease_until = NULL
     WHERE id = $1 AND claimed_by = $2
       -- From in_doubt too: the attempt that was given up for lost knows better.
       AND (settled_at IS NULL OR status = 'in_doubt')
    RETURNING *
  ), noted AS (
    INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule,
                                  detail)
    SELECT customer_id, settled_at, 'message', journey, version, step, entry_number, 'refused', reason,
           jsonb_build_object('messageId', id, 'at', 'delivery')
      FROM settled WHERE status = 'refused'
  )
  SELECT FROM settled`

async function settle(
  client: Queryable,
  message: ClaimedMessage,
  holder: Holder,
  nowMs: EpochMs,
  { status, reason, providerMessageId, segments, suppression }: Settlement,
): Promise<boolean> {
  const { rowCount } = await client.query({
    name: 'ledger-settle',
    text: settleSql,
    values: [
      message.id,
      nameOf(holder),
      status,
      reason ?? null,
      new Date(nowMs),
      providerMessageId ?? null,
      segments ?? null,
    ],
  })
  if (suppression) await suppress(client, { ...suppression, detail: reason ?? null, atMs: nowMs })
  return rowCount === 1
}

function nameOf({ owner, attempt }: Holder): string {
  return `${owner}${separator}${attempt}`
}

interface ClaimRow {
  readonly outcome: 'settled' | 'busy' | 'in_doubt' | 'postponed' | 'claimed'
  readonly id: string
  readonly customer_id: string
  readonly journey: string
  readonly version: string
  readonly step: string
  readonly entry_number: number
  readonly channel: Channel
  readonly message_class: MessageClass
  readonly topic: string
  readonly template: string
  readonly status: string
  readonly reason: string | null
  readonly data: Record<string, TraitValue>
  readonly attempts: number
  readonly expires_at: Date | null
  readonly not_before: Date | null
  readonly lease_left_ms: number | null
  readonly contact_point_id: string | null
  readonly address: Buffer | null
  readonly address_hash: Buffer | null
  readonly wrapped_key: Buffer | null
  readonly personal: Buffer | null
  readonly traits: Record<string, unknown> | null
  readonly locale: string | null
  readonly time_zone: string | null
  readonly code: string | null
  readonly offer: string | null
  readonly coupon_expires_at: Date | null
}

function toMessage(row: ClaimRow): ClaimedMessage {
  return {
    id: row.id,
    customerId: row.customer_id,
    journey: row.journey,
    version: row.version,
    step: row.step,
    entryNumber: row.entry_number,
    channel: row.channel,
    messageClass: row.message_class,
    topic: row.topic,
    template: row.template,
    data: row.data,
    coupon:
      row.code === null || row.offer === null
        ? null
        : { code: row.code, offer: row.offer, expiresAtMs: row.coupon_expires_at?.getTime() ?? null },
    attempts: row.attempts,
  }
}

function toRecipient(row: ClaimRow): SealedRecipient | undefined {
  const { contact_point_id: contactPointId, address, address_hash: addressHash, wrapped_key: wrappedKey } = row
  if (contactPointId === null || address === null || addressHash === null || wrappedKey === null) return undefined
  const { personal, locale, time_zone: timeZone } = row
  return { contactPointId, address, addressHash, wrappedKey, personal, traits: row.traits ?? {}, locale, timeZone }
}
