/**
 * The ledger, a page of a broadcast at a time. Rows are written when their message is about to leave: `transmitting` is
 * committed for all of a page, with consent, suppression, caps and quiet hours checked in the same transaction, before
 * its first byte leaves. The same unique key as for every message makes sure that nobody has two. No statement is prepared
 * under a name: a plan that was made while the ledger was empty would read all of it, page after page.
 */

import type { SettledStatus } from '../../domain/delivery.ts'
import type { SenderUse } from '../../domain/mail-sender.ts'
import type { EpochMs } from '../../domain/time.ts'
import { textArray, uuidArray } from '../binary-arrays.ts'
import type { Database, Queryable } from '../database.ts'
import { type Holder, nameOf, ownerPrefix } from '../ledger-types.ts'
import { giveBackPlaces, placesLeft } from '../sender-days.ts'
import { type NewSuppression, suppress } from '../suppressions.ts'
import type { BulkContext, BulkPage, FreshRecipients, Recipient } from './bulk-page.ts'
import { claimDue, planFresh, readFresh } from './claim-page.ts'

export interface BulkSettlement {
  readonly id: string
  readonly status: SettledStatus
  readonly reason?: string | undefined
  readonly providerMessageId?: string | undefined
  /** Parts of a text message. */
  readonly segments?: number | undefined
  readonly suppression?: NewSuppression | undefined
}

export interface BulkLedger {
  /** The next recipients after a position. */
  readFresh(context: BulkContext, after: number, size: number): Promise<FreshRecipients>
  /** Takes their messages in hand. */
  planFresh(context: BulkContext, recipients: readonly Recipient[]): Promise<BulkPage>
  /** Messages whose moment has come: postponed ones, and those that were refused for the time being. */
  claimDue(context: BulkContext, size: number): Promise<BulkPage>
  /** What a sender left behind who is gone: it may have arrived, and is not sent again. @returns how many. */
  doubtLost(broadcastId: string, holder: Holder, nowMs: EpochMs): Promise<number>
  settle(holder: Holder, settlements: readonly BulkSettlement[], nowMs: EpochMs): Promise<void>
  /** Gives messages back that have certainly not left, to be sent another time. */
  release(
    holder: Holder,
    messages: readonly { id: string; notBeforeMs: EpochMs; reason: string }[],
    sender: SenderUse,
  ): Promise<void>
  /** Refuses whatever is still open. */
  refuseOpen(broadcastId: string, reason: string, nowMs: EpochMs): Promise<number>
  /** When the next open message may leave; undefined if none is open. `planned`: of those that nobody holds. */
  nextDue(broadcastId: string, which?: 'planned'): Promise<EpochMs | undefined>
  /** How many more may leave on this day, as the plan of an identity has it; infinite without one. */
  placesLeft(sender: SenderUse): Promise<number>
  countSince(broadcastId: string, sinceMs: EpochMs): Promise<number>
}

const senderLost = 'the sender was lost while transmitting'

export function createBulkLedger(database: Database): BulkLedger {
  return {
    readFresh: (context, after, size) => readFresh(database, context, after, size),
    planFresh: (context, recipients) => planFresh(database, context, recipients),
    claimDue: (context, size) => claimDue(database, context, size),
    async doubtLost(broadcastId, holder, nowMs) {
      const { rowCount } = await database.pool.query({
        text: `UPDATE messages SET status = 'in_doubt', reason = $3, settled_at = $4
                WHERE broadcast_id = $1 AND settled_at IS NULL AND status = 'transmitting'
                  AND (lease_until < clock_timestamp() OR (starts_with(claimed_by, $2) AND claimed_by <> $5))`,
        values: [broadcastId, ownerPrefix(holder.owner), senderLost, new Date(nowMs), nameOf(holder)],
      })
      return rowCount ?? 0
    },
    settle: (holder, settlements, nowMs) => settle(database, holder, settlements, nowMs),
    placesLeft: (sender) => placesLeft(database.pool, sender),
    async release(holder, messages, sender) {
      if (messages.length === 0) return
      const { rowCount } = await database.pool.query({
        text: `UPDATE messages m SET status = 'planned', claimed_by = NULL, lease_until = NULL, attempts = attempts - 1,
                      not_before = g.not_before, reason = g.reason
                 FROM unnest($1::uuid[], $2::text[]::timestamptz[], $3::text[]) AS g (id, not_before, reason)
                WHERE m.id = g.id AND m.claimed_by = $4 AND m.status = 'transmitting'`,
        values: [
          uuidArray(messages.map(({ id }) => id)),
          textArray(messages.map(({ notBeforeMs }) => new Date(notBeforeMs).toISOString())),
          textArray(messages.map(({ reason }) => reason)),
          nameOf(holder),
        ],
      })
      await giveBackPlaces(database.pool, sender, rowCount ?? 0)
    },
    refuseOpen: (broadcastId, reason, nowMs) => refuseOpen(database.pool, broadcastId, reason, nowMs),
    async nextDue(broadcastId, which) {
      const { rows } = await database.pool.query<{ at: Date | null }>({
        text: `SELECT min(coalesce(not_before, planned_at)) AS at FROM messages
                WHERE broadcast_id = $1 AND settled_at IS NULL AND ($2::text IS NULL OR status = $2)`,
        values: [broadcastId, which ?? null],
      })
      return rows[0]?.at?.getTime()
    },
    async countSince(broadcastId, sinceMs) {
      const { rows } = await database.pool.query<{ count: number }>(
        `SELECT count(*) AS count FROM messages WHERE broadcast_id = $1 AND transmitting_at >= $2 AND attempts > 0`,
        [broadcastId, new Date(sinceMs)],
      )
      return rows[0]?.count ?? 0
    },
  }
}

async function settle(
  database: Database,
  holder: Holder,
  settlements: readonly BulkSettlement[],
  nowMs: EpochMs,
): Promise<void> {
  if (settlements.length === 0) return
  const suppressions = settlements.flatMap(({ suppression }) => suppression ?? [])
  const write = (client: Queryable): Promise<unknown> =>
    client.query({
      // From in_doubt too: the attempt that was given up for lost knows better. "coalesce" keeps the planner from looking
      // for everything that is open or held, which it thinks rare, instead of the rows that are given.
      text: `UPDATE messages m SET status = g.status, reason = g.reason, settled_at = $5, lease_until = NULL,
                    provider_message_id = g.provider, segments = g.segments
               FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $7::int[]) AS g (id, status, reason, provider, segments)
              WHERE m.id = g.id AND coalesce(m.claimed_by = $6 AND (m.settled_at IS NULL OR m.status = 'in_doubt'), false)`,
      values: [
        uuidArray(settlements.map(({ id }) => id)),
        textArray(settlements.map(({ status }) => status)),
        textArray(settlements.map(({ reason }) => reason ?? null)),
        textArray(settlements.map(({ providerMessageId }) => providerMessageId ?? null)),
        new Date(nowMs),
        nameOf(holder),
        settlements.map(({ segments }) => segments ?? null),
      ],
    })
  if (suppressions.length === 0) return void (await write(database.pool))
  await database.transaction(async (client) => {
    await write(client)
    for (const suppression of suppressions) await suppress(client, suppression)
  })
}

async function refuseOpen(client: Queryable, broadcastId: string, reason: string, nowMs: EpochMs): Promise<number> {
  const { rows } = await client.query(
    `WITH refused AS (
       UPDATE messages SET status = 'refused', reason = $2, settled_at = $3
        WHERE broadcast_id = $1 AND settled_at IS NULL AND status = 'planned' RETURNING *
     ), noted AS (
       INSERT INTO decision_records (customer_id, decided_at, kind, journey, version, step, entry_number, outcome, rule, detail)
       SELECT customer_id, $3, 'message', journey, version, step, entry_number, 'refused', reason, jsonb_build_object('messageId', id)
         FROM refused
     )
     SELECT FROM refused`,
    [broadcastId, reason, new Date(nowMs)],
  )
  return rows.length
}
