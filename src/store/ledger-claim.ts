/** Taking a message in hand: how far did an earlier attempt come, and what is needed to send it. */

import { inViewOfEarlier, type SettledStatus } from '../domain/delivery.ts'
import type { Channel, MessageClass, TraitValue } from '../domain/snapshot.ts'
import { type EpochMs, minuteMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'
import { settleMessage } from './ledger-settle.ts'
import {
  type Claim,
  type ClaimedMessage,
  type Holder,
  nameOf,
  ownerPrefix,
  type SealedRecipient,
} from './ledger-types.ts'
import { mayBeMeasured } from './message-hits.ts'
import { pauseOf } from './sending-pauses.ts'

/** Rendering takes milliseconds; somebody who has not begun to send within this time is not at work any more. */
const claimLeaseMs = 30_000

/** How soon a message is looked at again that may not leave because sending is paused. */
const pausedMinutes = 15

const senderLost = 'the sender was lost while transmitting'

const claimSql = `
  WITH found AS (
    SELECT *, ${pauseOf('messages', '(SELECT c.email_domain FROM customers c WHERE c.id = messages.customer_id)')} AS pause,
           CASE
             WHEN settled_at IS NOT NULL                                       THEN 'settled'
             WHEN status <> 'planned' AND NOT starts_with(claimed_by, $2)
                  AND lease_until > clock_timestamp()                          THEN 'busy'
             -- Its sender died, or is not heard of: it may have left. Marketing is not sent twice.
             WHEN status = 'transmitting' AND message_class = 'marketing'      THEN 'in_doubt'
             WHEN not_before > $4                                              THEN 'postponed'
             ELSE 'claimed'
           END AS at_first
      FROM messages WHERE id = $1
       FOR UPDATE
  ), judged AS (
    SELECT *, CASE WHEN at_first = 'claimed' AND pause IS NOT NULL AND coalesce(expires_at > $4, true) THEN 'paused' ELSE at_first END
             AS outcome FROM found
  ), changed AS (
    UPDATE messages m
       SET status      = CASE f.outcome WHEN 'paused' THEN 'planned' ELSE f.outcome END,
           reason      = CASE f.outcome WHEN 'in_doubt' THEN $6 WHEN 'paused' THEN 'postponed: sending is paused: ' || f.pause END,
           not_before  = CASE f.outcome WHEN 'paused' THEN $4::timestamptz + interval '${pausedMinutes} min' ELSE m.not_before END,
           settled_at  = CASE f.outcome WHEN 'in_doubt' THEN $4::timestamptz END,
           -- An attempt that comes back from the dead may still say that it has sent.
           claimed_by  = CASE f.outcome WHEN 'claimed' THEN $3 WHEN 'paused' THEN NULL ELSE m.claimed_by END,
           lease_until = CASE f.outcome WHEN 'claimed' THEN clock_timestamp() + $5::interval END
      FROM judged f
     WHERE m.id = f.id AND f.outcome IN ('claimed', 'in_doubt', 'paused')
  )
  SELECT f.*, extract(epoch FROM f.lease_until - clock_timestamp())::float8 * 1000 AS lease_left_ms,
         p.id AS contact_point_id, p.address, p.address_hash, k.wrapped_key,
         c.personal, c.traits,
         (SELECT json_object_agg(t.name, t.value) FROM computed_traits t WHERE t.customer_id = c.id) AS computed, c.locale, c.time_zone,
         ${mayBeMeasured('f')} AS measured,
         o.code, o.offer, o.expires_at AS coupon_expires_at
    FROM judged f
    LEFT JOIN customers c      ON c.id = f.customer_id
    LEFT JOIN customer_keys k  ON k.customer_id = f.customer_id
    LEFT JOIN contact_points p ON p.customer_id = f.customer_id AND p.channel = f.channel AND p.current
    LEFT JOIN coupons o        ON o.id = f.coupon_id`

/** One statement: an attempt that dies between two would leave the message in nobody's hands. */
export async function claimMessage(
  db: Queryable,
  messageId: string,
  holder: Holder,
  nowMs: EpochMs,
  isSecondLook = false,
): Promise<Claim> {
  const { rows } = await db.query<ClaimRow>({
    name: 'ledger-claim',
    text: claimSql,
    values: [messageId, ownerPrefix(holder.owner), nameOf(holder), new Date(nowMs), `${claimLeaseMs} ms`, senderLost],
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
    case 'paused':
      return { outcome: 'postponed', untilMs: nowMs + pausedMinutes * minuteMs }
    case 'postponed':
      return { outcome: 'postponed', untilMs: row.not_before?.getTime() ?? nowMs }
    case 'claimed': {
      const message = toMessage(row)
      const recipient = toRecipient(row)
      const isStale = message.expiresAtMs !== null && message.expiresAtMs <= nowMs
      // If the statement waited for a merge, it saw whose the message is today, but not yet their new address.
      if (!recipient && !isSecondLook) return claimMessage(db, messageId, holder, nowMs, true)
      if (recipient && !isStale) return { outcome: 'claimed', message, recipient }
      const refusal = { status: 'refused', reason: isStale ? 'expired' : 'no-address' } as const
      await settleMessage(db, message, holder, nowMs, refusal)
      return { outcome: 'settled', ...inViewOfEarlier(message.attempts, refusal) }
    }
  }
}

interface ClaimRow {
  readonly outcome: 'settled' | 'busy' | 'in_doubt' | 'postponed' | 'paused' | 'claimed'
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
  readonly sender: string | null
  readonly expires_at: Date | null
  readonly not_before: Date | null
  readonly lease_left_ms: number | null
  readonly contact_point_id: string | null
  readonly address: Buffer | null
  readonly address_hash: Buffer | null
  readonly wrapped_key: Buffer | null
  readonly personal: Buffer | null
  readonly traits: Record<string, unknown> | null
  readonly computed: Record<string, unknown> | null
  readonly locale: string | null
  readonly time_zone: string | null
  readonly measured: boolean
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
    expiresAtMs: row.expires_at?.getTime() ?? null,
    data: row.data,
    coupon:
      row.code === null || row.offer === null
        ? null
        : { code: row.code, offer: row.offer, expiresAtMs: row.coupon_expires_at?.getTime() ?? null },
    attempts: row.attempts,
    sender: row.sender,
  }
}

function toRecipient(row: ClaimRow): SealedRecipient | undefined {
  const { contact_point_id: contactPointId, address, address_hash: addressHash, wrapped_key: wrappedKey } = row
  if (contactPointId === null || address === null || addressHash === null || wrappedKey === null) return undefined
  const { personal, locale, time_zone: timeZone } = row
  return {
    contactPointId,
    address,
    addressHash,
    wrappedKey,
    personal,
    traits: row.traits ?? {},
    computed: row.computed ?? {},
    locale,
    timeZone,
    mayBeMeasured: row.measured,
  }
}
