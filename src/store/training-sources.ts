/** What trainings read beside features: one query each, for all customers, as of a past moment. */

import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

/** A customer's contract begins and ends with these events; without a start it begins when they are first seen. */
export interface ContractEvents {
  readonly starts: readonly string[]
  readonly ends: readonly string[]
}

/**
 * Who was under contract when the UTC day of `asOfMs` began, by ascending id; `ended` is 1 where that ended before the
 * day of `untilMs`.
 */
export async function contractsAsOf(
  db: Queryable,
  { starts, ends }: ContractEvents,
  asOfMs: EpochMs,
  untilMs: EpochMs = asOfMs,
): Promise<{ customerIds: string[]; ended: Uint8Array }> {
  const { rows } = await db.query<{ id: string; ended: boolean }>(
    `WITH days AS (
       SELECT ($3::timestamptz AT TIME ZONE 'UTC')::date AS today, ($4::timestamptz AT TIME ZONE 'UTC')::date AS until
     ), told AS (
       SELECT e.customer_id, max(e.last_at) FILTER (WHERE e.name = ANY ($1)) AS started,
              max(e.last_at) FILTER (WHERE e.name = ANY ($2)) AS ended
         FROM event_days e, days
        WHERE e.day < days.today AND (e.name = ANY ($1) OR e.name = ANY ($2))
        GROUP BY e.customer_id
     ), leaving AS (
       SELECT DISTINCT e.customer_id FROM event_days e, days
        WHERE e.name = ANY ($2) AND e.day >= days.today AND e.day < days.until
     )
     SELECT c.id, l.customer_id IS NOT NULL AS ended
       FROM customers c LEFT JOIN told t ON t.customer_id = c.id LEFT JOIN leaving l ON l.customer_id = c.id, days
      WHERE c.merged_into IS NULL AND (c.first_seen_at AT TIME ZONE 'UTC')::date < days.today
        AND CASE WHEN cardinality($1::text[]) = 0 THEN t.ended IS NULL
                 ELSE t.started IS NOT NULL AND (t.ended IS NULL OR t.ended < t.started) END
      ORDER BY c.id`,
    [starts, ends, new Date(asOfMs), new Date(untilMs)],
  )
  return { customerIds: rows.map(({ id }) => id), ended: Uint8Array.from(rows, ({ ended }) => (ended ? 1 : 0)) }
}

/** The first moment of which anything is known; null in an empty shop. */
export async function firstSight(db: Queryable): Promise<EpochMs | null> {
  const { rows } = await db.query<{ first: Date | null }>('SELECT min(first_seen_at) AS first FROM customers')
  return rows[0]?.first?.getTime() ?? null
}

/** Which things patterns are about: categories, if nearly everything sold has one, else products. */
export type ItemLevel = 'category' | 'product'

export async function itemLevel(db: Queryable): Promise<ItemLevel> {
  const { rows } = await db.query<{ categories: number; share: number | null }>(
    `SELECT count(DISTINCT category)::int AS categories, avg((category IS NOT NULL)::int)::float8 AS share FROM products`,
  )
  const { categories = 0, share = 0 } = rows[0] ?? {}
  return categories >= 8 && (share ?? 0) >= 0.8 ? 'category' : 'product'
}

const item = (level: ItemLevel): string => (level === 'category' ? 'p.category' : 'l.product_key')

const linesBetween = `FROM orders o JOIN order_lines l ON l.order_id = o.id LEFT JOIN products p USING (product_key)
      WHERE o.ordered_at >= $1 AND o.ordered_at < $2 AND o.cancelled_at IS NULL AND l.quantity > 0`

/** The items of each order of a stretch of time, the newest orders first. */
export async function basketsBetween(
  db: Queryable,
  level: ItemLevel,
  fromMs: EpochMs,
  untilMs: EpochMs,
  most = 200_000,
): Promise<string[][]> {
  const { rows } = await db.query<{ items: string[] }>(
    `SELECT array_agg(DISTINCT ${item(level)}) AS items ${linesBetween} AND ${item(level)} IS NOT NULL
      GROUP BY o.id, o.ordered_at ORDER BY o.ordered_at DESC, o.id LIMIT $3`,
    [new Date(fromMs), new Date(untilMs), most],
  )
  return rows.map(({ items }) => items)
}

/** For each customer the items of each day with an order, oldest first; only those that sell most. */
export async function sequencesBetween(
  db: Queryable,
  level: ItemLevel,
  fromMs: EpochMs,
  untilMs: EpochMs,
  { items = 300, customers = 100_000 } = {},
): Promise<string[][][]> {
  const { rows } = await db.query<{ days: string[][] }>(
    `WITH lines AS (
       SELECT o.customer_id, (o.ordered_at AT TIME ZONE 'UTC')::date AS day, ${item(level)} AS item ${linesBetween}
     ), usual AS (
       SELECT item FROM lines WHERE item IS NOT NULL GROUP BY item ORDER BY count(DISTINCT customer_id) DESC, item LIMIT $3
     ), days AS (
       SELECT customer_id, day, json_agg(DISTINCT item) AS items FROM lines JOIN usual USING (item) GROUP BY 1, 2
     )
     SELECT json_agg(items ORDER BY day) AS days FROM days GROUP BY customer_id ORDER BY customer_id LIMIT $4`,
    [new Date(fromMs), new Date(untilMs), items, customers],
  )
  return rows.map(({ days }) => days)
}

/** Who bought what when first. */
export async function firstPurchases(
  db: Queryable,
  untilMs: EpochMs,
): Promise<{ customers: string[]; products: string[]; firstMs: Float64Array }> {
  const { rows } = await db.query<{ customer: string; product: string; first: number }>(
    `SELECT o.customer_id AS customer, l.product_key AS product,
            (extract(epoch FROM min(o.ordered_at)) * 1000)::float8 AS first
       FROM orders o JOIN order_lines l ON l.order_id = o.id
      WHERE o.ordered_at < $1 AND o.cancelled_at IS NULL AND l.quantity > 0
      GROUP BY 1, 2 ORDER BY 1, 2`,
    [new Date(untilMs)],
  )
  return {
    customers: rows.map(({ customer }) => customer),
    products: rows.map(({ product }) => product),
    firstMs: Float64Array.from(rows, ({ first }) => first),
  }
}

/** How often customers did anything, by the hour where they live: events as far as they are kept, and orders. */
export async function hoursBetween(
  db: Queryable,
  fromMs: EpochMs,
  untilMs: EpochMs,
  customerIds: readonly string[] | null = null,
): Promise<{ customerIds: string[]; counts: Float64Array }> {
  const { rows } = await db.query<{ id: string; hour: number; count: number }>(
    `SELECT c.id, extract(hour FROM d.at AT TIME ZONE coalesce(c.time_zone, 'UTC'))::int AS hour, count(*)::int AS count
       FROM (SELECT customer_id, occurred_at AS at FROM events
              WHERE customer_id IS NOT NULL AND occurred_at >= $1 AND occurred_at < $2
                AND ($3::uuid[] IS NULL OR customer_id = ANY ($3))
              UNION ALL
             SELECT customer_id, ordered_at FROM orders
              WHERE ordered_at >= $1 AND ordered_at < $2 AND ($3::uuid[] IS NULL OR customer_id = ANY ($3))) AS d
       JOIN customers c ON c.id = d.customer_id
      GROUP BY 1, 2 ORDER BY 1`,
    [new Date(fromMs), new Date(untilMs), customerIds],
  )
  const ids = [...new Set(rows.map(({ id }) => id))]
  const place = new Map(ids.map((id, i) => [id, i]))
  const counts = new Float64Array(ids.length * 24)
  for (const { id, hour, count } of rows) counts[(place.get(id) as number) * 24 + hour] = count
  return { customerIds: ids, counts }
}

/** Revenue a UTC day, oldest first, without gaps; the day of `untilMs` is not over and not there. */
export async function dailyRevenue(db: Queryable, untilMs: EpochMs, mostDays: number): Promise<number[]> {
  const { rows } = await db.query<{ cents: number }>(
    `WITH days AS (
       SELECT (ordered_at AT TIME ZONE 'UTC')::date AS day, sum(revenue_cents - refunded_cents)::float8 AS cents
         FROM orders WHERE ordered_at < $1 AND ordered_at >= $1::timestamptz - make_interval(days => $2)
          AND cancelled_at IS NULL GROUP BY 1
     )
     SELECT coalesce(d.cents, 0) AS cents
       FROM generate_series((SELECT min(day) FROM days), ($1::timestamptz AT TIME ZONE 'UTC')::date - 1, '1 day') AS g (day)
       LEFT JOIN days d ON d.day = g.day::date ORDER BY g.day`,
    [new Date(untilMs), mostDays],
  )
  return rows.map(({ cents }) => cents)
}

/** What became of customers whom chance gave a variant of an experiment. */
export interface ExperimentRow {
  readonly customerId: string
  readonly experiment: string
  readonly variant: string
  readonly assignedAtMs: EpochMs
  /** Whether they bought, and for how much, within the days after. */
  readonly bought: boolean
  readonly revenueCents: number
}

/** Those whose days to react are over. */
export async function experimentOutcomes(
  db: Queryable,
  experiments: readonly string[],
  untilMs: EpochMs,
  withinDays: number,
): Promise<ExperimentRow[]> {
  const { rows } = await db.query<ExperimentRow>(
    `SELECT a.customer_id AS "customerId", a.experiment, a.variant,
            (extract(epoch FROM a.assigned_at) * 1000)::float8 AS "assignedAtMs",
            count(o.id) > 0 AS bought, coalesce(sum(o.revenue_cents - o.refunded_cents), 0)::float8 AS "revenueCents"
       FROM experiment_assignments a
       LEFT JOIN orders o ON o.customer_id = a.customer_id AND o.cancelled_at IS NULL AND o.ordered_at >= a.assigned_at
                         AND o.ordered_at < a.assigned_at + make_interval(days => $3)
      WHERE a.experiment = ANY ($1) AND a.assigned_at < $2::timestamptz - make_interval(days => $3)
      GROUP BY 1, 2, 3, 4 ORDER BY 1, 2`,
    [experiments, new Date(untilMs), withinDays],
  )
  return rows
}
