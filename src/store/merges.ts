/** Joining customers who turned out to be one person: what hangs on the one who leaves moves to the one who stays. */

import type { Queryable } from './database.ts'
import { markDirty } from './dirty-customers.ts'
import { joinEventDays } from './event-days.ts'
import { joinConsents } from './merge-consents.ts'
import { moveJourneys } from './merge-journeys.ts'
import { givenMerges, type Merge, mergeColumns, recordMerges, rememberMoved } from './merge-records.ts'

/** Tables whose rows simply change hands, with what names a row. */
export const plainTables = {
  identities: `t.kind || ':' || t.value`,
  events: 't.id',
  orders: 't.id',
  coupons: 't.id',
  lifecycle_moves: 't.id',
} as const

/**
 * Moves everything but the profile and the addresses, which must be sealed anew, and records it all. The customers must
 * be locked. Orders and what is counted of them must be counted anew afterwards.
 */
export async function moveBelongings(client: Queryable, merges: readonly Merge[], nowMs: number): Promise<void> {
  if (merges.length === 0) return
  await recordMerges(client, merges, nowMs)
  await joinConsents(client, merges)
  await moveJourneys(client, merges, nowMs)
  for (const [table, key] of Object.entries(plainTables)) {
    await client.query(
      rememberMoved(
        table,
        `UPDATE ${table} t SET customer_id = merge.staying FROM ${givenMerges}
         WHERE t.customer_id = merge.leaving RETURNING merge.id AS merge, ${key} AS key`,
      ),
      mergeColumns(merges),
    )
  }
  // What was read has led to something already. The rest starts what is due for the one who stays.
  await client.query(
    rememberMoved(
      'news',
      `UPDATE news n SET customer_id = merge.staying, nudged_at = NULL FROM ${givenMerges}
       WHERE n.customer_id = merge.leaving AND n.consumed_at IS NULL RETURNING merge.id AS merge, n.id AS key`,
    ),
    mergeColumns(merges),
  )
  await joinEventDays(client, merges)
  await joinCustomers(client, merges, nowMs)
  await markDirty(
    client,
    merges.flatMap(({ from, into }) => [from, into]),
    'merge',
  )
}

/** Scores of the one who leaves say nothing of the two together; with orders the one who stays is scored anew. */
async function joinCustomers(client: Queryable, merges: readonly Merge[], nowMs: number): Promise<void> {
  await client.query('DELETE FROM scores WHERE customer_id = ANY ($1::uuid[])', [merges.map(({ from }) => from)])
  await client.query(
    `UPDATE customers c
     SET first_seen_at = least(c.first_seen_at, other.first), last_seen_at = greatest(c.last_seen_at, other.last),
         due_at = least(c.due_at, other.due), scored_at = CASE WHEN other.bought THEN NULL ELSE c.scored_at END
     FROM (SELECT merge.staying, min(l.first_seen_at) AS first, max(l.last_seen_at) AS last, min(l.due_at) AS due,
                  bool_or(l.order_count > 0) AS bought
           FROM ${givenMerges} JOIN customers l ON l.id = merge.leaving GROUP BY merge.staying) AS other
     WHERE c.id = other.staying`,
    mergeColumns(merges),
  )
  await client.query(
    `UPDATE customers c SET merged_into = merge.staying, due_at = NULL, scored_at = NULL, updated_at = $4
     FROM ${givenMerges} WHERE c.id = merge.leaving`,
    [...mergeColumns(merges), new Date(nowMs)],
  )
}

/** What was sealed for somebody who left has been sealed anew for the one who stays: here it goes. */
export async function forgetPersonal(client: Queryable, customerIds: readonly string[]): Promise<void> {
  if (customerIds.length === 0) return
  await client.query('DELETE FROM contact_points WHERE customer_id = ANY ($1::uuid[])', [customerIds])
  await client.query('DELETE FROM customer_keys WHERE customer_id = ANY ($1::uuid[])', [customerIds])
  await client.query(
    `UPDATE customers SET personal = NULL, traits = '{}', trait_times = '{}' WHERE id = ANY ($1::uuid[])`,
    [customerIds],
  )
}
