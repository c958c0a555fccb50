/** Purchase histories as of any past moment, in one set-based query. Never reads what was not yet known then. */

import type { LaterPurchases, PurchaseHistories } from '../domain/purchase-history.ts'
import { dayMs, type EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

// Refunds are left out: a row keeps their sum but not their moments, so a past moment could not be told from today.
const historiesSql = `
  WITH days AS (
    SELECT customer_id, (ordered_at AT TIME ZONE 'UTC')::date AS day, sum(revenue_cents) AS cents
      FROM orders
     WHERE ordered_at < $1
       AND (cancelled_at IS NULL OR cancelled_at >= $1)
       AND ($3::uuid[] IS NULL OR customer_id = ANY ($3))
     GROUP BY customer_id, day
  ), firsts AS (
    SELECT *, min(day) OVER (PARTITION BY customer_id) AS first_day FROM days
  ), histories AS (
    SELECT customer_id,
           count(*)::float8                                                AS purchases,
           (($1::timestamptz AT TIME ZONE 'UTC')::date - min(day))::float8                                   AS age_days,
           (($1::timestamptz AT TIME ZONE 'UTC')::date - max(day))::float8                                   AS silence_days,
           sum(cents)::float8                                              AS revenue_cents,
           coalesce(sum(cents) FILTER (WHERE day > first_day), 0)::float8  AS repeat_revenue_cents,
           count(*) FILTER (WHERE day > ($1::timestamptz AT TIME ZONE 'UTC')::date - 90)::float8             AS recent_purchases
      FROM firsts
     GROUP BY customer_id
  ), later AS (
    SELECT customer_id, count(*)::float8 AS purchases, sum(cents)::float8 AS revenue_cents
      FROM (SELECT customer_id, (ordered_at AT TIME ZONE 'UTC')::date AS day, sum(revenue_cents) AS cents
              FROM orders
             WHERE $2::timestamptz IS NOT NULL AND ordered_at >= $1 AND ordered_at < $2 AND cancelled_at IS NULL
             GROUP BY customer_id, day) AS later_days
     GROUP BY customer_id
  )
  SELECT h.*, coalesce(l.purchases, 0) AS later_purchases, coalesce(l.revenue_cents, 0) AS later_revenue_cents
    FROM histories h LEFT JOIN later l USING (customer_id)
   ORDER BY customer_id`

interface HistoryRow {
  customer_id: string
  purchases: number
  age_days: number
  silence_days: number
  revenue_cents: number
  repeat_revenue_cents: number
  recent_purchases: number
  later_purchases: number
  later_revenue_cents: number
}

/**
 * The histories of all customers who had bought before `asOfMs`, or of those named in `customerIds`, by ascending id.
 *
 * @param untilMs if given, `later` tells what they did from `asOfMs` up to then.
 */
export async function loadPurchaseHistories(
  db: Queryable,
  { asOfMs, untilMs, customerIds }: { asOfMs: EpochMs; untilMs?: EpochMs; customerIds?: readonly string[] },
): Promise<{ histories: PurchaseHistories; later: LaterPurchases }> {
  const { rows } = await db.query<HistoryRow>(historiesSql, [
    new Date(asOfMs),
    untilMs === undefined ? null : new Date(untilMs),
    customerIds ?? null,
  ])
  const column = (name: Exclude<keyof HistoryRow, 'customer_id'>): Float64Array =>
    Float64Array.from(rows, (row) => row[name])
  return {
    histories: {
      asOfMs,
      customerIds: rows.map((row) => row.customer_id),
      purchases: column('purchases'),
      ageDays: column('age_days'),
      silenceDays: column('silence_days'),
      revenueCents: column('revenue_cents'),
      repeatRevenueCents: column('repeat_revenue_cents'),
      recentPurchases: column('recent_purchases'),
    },
    later: { purchases: column('later_purchases'), revenueCents: column('later_revenue_cents') },
  }
}

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
