/** What the orders of a shop tell as a whole: the time that they cover, and its usual rhythm. */

import { dayMs, type EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

/** The stretch of time that the orders cover, and how many customers have bought; null while nobody has. */
export async function orderSpan(
  db: Queryable,
  untilMs: EpochMs,
): Promise<{ firstMs: EpochMs; lastMs: EpochMs; days: number; buyers: number } | null> {
  const { rows } = await db.query<{ first: Date | null; last: Date | null; buyers: number }>(
    `SELECT min(ordered_at) AS first, max(ordered_at) AS last, count(DISTINCT customer_id)::int AS buyers
       FROM orders WHERE ordered_at < $1 AND cancelled_at IS NULL`,
    [new Date(untilMs)],
  )
  const row = rows[0]
  if (!row?.first || !row.last) return null
  const firstMs = row.first.getTime()
  return { firstMs, lastMs: row.last.getTime(), days: (untilMs - firstMs) / dayMs, buyers: row.buyers }
}

/**
 * Within how many days most returning customers have returned: the 90 % quantile of the days between two purchases; null
 * while nobody has returned.
 */
export async function usualReturnDays(db: Queryable, untilMs: EpochMs): Promise<number | null> {
  const { rows } = await db.query<{ days: number | null }>(
    `WITH days AS (
       SELECT DISTINCT customer_id, (ordered_at AT TIME ZONE 'UTC')::date AS day
         FROM orders WHERE ordered_at < $1 AND cancelled_at IS NULL
     ), intervals AS (
       SELECT day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS days FROM days
     )
     SELECT percentile_cont(0.9) WITHIN GROUP (ORDER BY days) AS days FROM intervals WHERE days IS NOT NULL`,
    [new Date(untilMs)],
  )
  return rows[0]?.days ?? null
}
