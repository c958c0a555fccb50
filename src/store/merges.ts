/** Joining customers who turned out to be one person: what hangs on the one who leaves moves to the one who stays. */

import type { Queryable } from './database.ts'
import { joinEventDays } from './event-days.ts'

export interface Merge {
  readonly from: string
  readonly into: string
}

/**
 * Moves everything but the profile and the addresses, which must be sealed anew. Both customers must be locked.
 *
 * Journeys of the one who leaves end, and messages that were merely planned are dropped: the customer who stays has
 * journeys of their own, and the unread news moves over to start what is due.
 */
export async function moveBelongings(client: Queryable, merges: readonly Merge[], nowMs: number): Promise<void> {
  if (merges.length === 0) return
  const values = [merges.map(({ from }) => from), merges.map(({ into }) => into)]
  const given = 'unnest($1::uuid[], $2::uuid[]) AS merge (leaving, staying)'
  for (const table of ['identities', 'events', 'orders', 'consents', 'coupons']) {
    await client.query(
      `UPDATE ${table} t SET customer_id = merge.staying FROM ${given} WHERE t.customer_id = merge.leaving`,
      values,
    )
  }
  await joinEventDays(client, merges)
  await client.query(
    `UPDATE news n SET customer_id = merge.staying, nudged_at = NULL FROM ${given}
     WHERE n.customer_id = merge.leaving AND n.consumed_at IS NULL`,
    values,
  )
  const now = new Date(nowMs)
  await client.query(
    `UPDATE journey_runs r SET status = 'exited', ended_at = $3, end_reason = 'merged', wake_at = NULL FROM ${given}
     WHERE r.customer_id = merge.leaving AND r.status = 'active'`,
    [...values, now],
  )
  await client.query(
    `UPDATE messages m SET status = 'refused', reason = 'merged', settled_at = $3 FROM ${given}
     WHERE m.customer_id = merge.leaving AND m.status = 'planned'`,
    [...values, now],
  )
  await client.query(
    `UPDATE customers c SET merged_into = merge.staying, due_at = NULL, updated_at = $3 FROM ${given}
     WHERE c.id = merge.leaving`,
    [...values, now],
  )
  await client.query(
    `UPDATE customers c SET first_seen_at = least(c.first_seen_at, other.first), last_seen_at = greatest(c.last_seen_at, other.last)
     FROM (SELECT merge.staying, min(l.first_seen_at) AS first, max(l.last_seen_at) AS last
           FROM ${given} JOIN customers l ON l.id = merge.leaving GROUP BY merge.staying) AS other
     WHERE c.id = other.staying`,
    values,
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
