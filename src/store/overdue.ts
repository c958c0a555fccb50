/** Customers whose moment has passed although nobody came: what a sweep looks for. */

import type { Queryable } from './database.ts'

export interface OverdueQuery {
  readonly beforeMs: number
  readonly limit: number
  readonly except: readonly string[]
}

/**
 * Customers whose wake-up, or a message that was planned for them, is older than `beforeMs`; the most overdue first.
 * Whoever delivers a message right now holds a lease on it, measured by the database's clock, and is left alone.
 */
export async function findOverdue(client: Queryable, { beforeMs, limit, except }: OverdueQuery): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>({
    name: 'find-overdue',
    text: `
      SELECT id FROM (
        (SELECT id, due_at AS since FROM customers
          WHERE due_at < $1 AND merged_into IS NULL AND id <> ALL ($3::uuid[]) ORDER BY due_at LIMIT $2)
        UNION ALL
        (SELECT customer_id, greatest(planned_at, not_before) FROM messages
          WHERE settled_at IS NULL AND broadcast_id IS NULL AND greatest(planned_at, not_before) < $1
            AND customer_id <> ALL ($3::uuid[]) AND (lease_until IS NULL OR lease_until < clock_timestamp())
          ORDER BY planned_at LIMIT $2)
      ) AS overdue GROUP BY id ORDER BY min(since) LIMIT $2`,
    values: [new Date(beforeMs), limit, except],
  })
  return rows.map((row) => row.id)
}
