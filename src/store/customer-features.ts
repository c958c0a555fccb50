/**
 * The feature set: what is known of customers as of any past moment, in one set-based query. Nothing that happened, or
 * was taken back, at that moment or later changes the answer; docs/models.md lists the columns.
 */

import type { LaterPurchases, PurchaseHistories } from '../domain/purchase-history.ts'
import type { EpochMs } from '../domain/time.ts'
import { uuidArray } from './binary-arrays.ts'
import type { Queryable } from './database.ts'

/** Whose features: everybody's, those of some ids, or of a stretch of ids (`after` excluded, `upTo` included). */
export interface FeaturesWanted {
  readonly asOfMs: EpochMs
  /** If given, `later` tells what they did from `asOfMs` up to then. */
  readonly untilMs?: EpochMs
  readonly customerIds?: readonly string[]
  readonly range?: { readonly after: string | null; readonly upTo: string }
  /** `buyers`: who had bought before. `known`: whoever had been seen before; without a purchase the silence is the age. */
  readonly population?: 'buyers' | 'known'
}

// The sum of refunds that an order's row keeps has no moments; those of `order_changes` have.
const featuresSql = (who: (column: string) => string, population: 'buyers' | 'known'): string => `
  WITH days AS (
    -- In floats, which hold cents exactly far beyond any shop, sums take a fraction of the time.
    SELECT customer_id, (ordered_at AT TIME ZONE 'UTC')::date AS day, sum(revenue_cents::float8) AS cents,
           sum(discount_cents::float8) AS discount
      FROM orders
     WHERE ordered_at < $1
       AND (cancelled_at IS NULL OR cancelled_at >= $1)
       AND ${who('customer_id')}
     GROUP BY customer_id, day
  ), histories AS (
    SELECT customer_id,
           count(*)::float8                                                AS purchases,
           (($1::timestamptz AT TIME ZONE 'UTC')::date - min(day))::float8 AS age_days,
           (($1::timestamptz AT TIME ZONE 'UTC')::date - max(day))::float8 AS silence_days,
           sum(cents)                                                      AS revenue_cents,
           sum(cents) - (array_agg(cents ORDER BY day))[1]                 AS repeat_revenue_cents,
           sum(discount)                                                   AS discount_cents,
           count(*) FILTER (WHERE day > ($1::timestamptz AT TIME ZONE 'UTC')::date - 90)::float8 AS recent_purchases,
           count(*) FILTER (WHERE day > ($1::timestamptz AT TIME ZONE 'UTC')::date - 30)::float8 AS month_purchases
      FROM days
     GROUP BY customer_id
  ), refunds AS (
    SELECT o.customer_id, sum(least(coalesce(c.amount_cents, o.revenue_cents), o.revenue_cents))::float8 AS cents
      FROM order_changes c JOIN orders o USING (order_key)
     WHERE c.kind = 'refund' AND c.changed_at < $1 AND o.ordered_at < $1
       AND ${who('o.customer_id')}
     GROUP BY o.customer_id
  ), activity AS (
    -- Whole days that were over: a day that is still going on is not counted, in training and in scoring alike.
    SELECT customer_id, max(day) AS last_day,
           count(DISTINCT day) FILTER (WHERE day >= ($1::timestamptz AT TIME ZONE 'UTC')::date - 30) AS active_days
      FROM event_days
     WHERE day < ($1::timestamptz AT TIME ZONE 'UTC')::date
       AND ${who('customer_id')}
     GROUP BY customer_id
  ), later AS (
    SELECT customer_id, count(*)::float8 AS purchases, sum(cents) AS revenue_cents
      FROM (SELECT customer_id, (ordered_at AT TIME ZONE 'UTC')::date AS day, sum(revenue_cents::float8) AS cents
              FROM orders
             WHERE $2::timestamptz IS NOT NULL AND ordered_at >= $1 AND ordered_at < $2 AND cancelled_at IS NULL
               AND ${who('customer_id')}
             GROUP BY customer_id, day) AS later_days
     GROUP BY customer_id
  )${population === 'buyers' ? '' : known(who)}
  SELECT h.customer_id, h.purchases, h.age_days, h.silence_days, h.revenue_cents, h.repeat_revenue_cents,
         h.recent_purchases, h.month_purchases,
         CASE WHEN h.discount_cents > 0 THEN h.discount_cents / nullif(h.revenue_cents + h.discount_cents, 0) END
           AS discount_share,
         CASE WHEN h.revenue_cents > 0 THEN least(1, r.cents / h.revenue_cents) END AS refund_share,
         a.active_days::float8 AS active_days,
         least(h.silence_days, ($1::timestamptz AT TIME ZONE 'UTC')::date - a.last_day)::float8 AS quiet_days,
         l.purchases AS later_purchases, l.revenue_cents AS later_revenue_cents
    FROM ${population === 'buyers' ? 'histories' : 'known'} h
    LEFT JOIN later l USING (customer_id)
    LEFT JOIN refunds r USING (customer_id)
    LEFT JOIN activity a USING (customer_id)
   ORDER BY customer_id`

/** Also who never bought. When somebody was first seen is moved back by late news only, never forward. */
const known = (who: (column: string) => string): string => `, known AS (
    SELECT c.id AS customer_id, coalesce(h.purchases, 0) AS purchases,
           (($1::timestamptz AT TIME ZONE 'UTC')::date - (c.first_seen_at AT TIME ZONE 'UTC')::date)::float8 AS age_days,
           coalesce(h.silence_days, (($1::timestamptz AT TIME ZONE 'UTC')::date
             - (c.first_seen_at AT TIME ZONE 'UTC')::date)::float8) AS silence_days,
           coalesce(h.revenue_cents, 0) AS revenue_cents, coalesce(h.repeat_revenue_cents, 0) AS repeat_revenue_cents,
           coalesce(h.discount_cents, 0) AS discount_cents, coalesce(h.recent_purchases, 0) AS recent_purchases,
           coalesce(h.month_purchases, 0) AS month_purchases
      FROM customers c LEFT JOIN histories h ON h.customer_id = c.id
     WHERE c.first_seen_at < $1 AND c.merged_into IS NULL
       AND ${who('c.id')}
  )`

const columnNames = [
  'purchases',
  'age_days',
  'silence_days',
  'revenue_cents',
  'repeat_revenue_cents',
  'recent_purchases',
  'month_purchases',
  'discount_share',
  'refund_share',
  'active_days',
  'quiet_days',
  'later_purchases',
  'later_revenue_cents',
] as const

type Columns = { readonly [Name in (typeof columnNames)[number]]: readonly (number | null)[] } & {
  readonly customer_id: readonly string[]
}

/** By column: taking apart a row for each customer would take longer than finding it. */
const byColumn = (rows: string): string =>
  `SELECT ${['customer_id', ...columnNames].map((name) => `coalesce(json_agg(${name}), '[]') AS ${name}`).join(', ')}
     FROM (${rows}) AS features`

/** The features of these customers, by ascending id, and what they did afterwards, row by row. */
export async function loadCustomerFeatures(
  db: Queryable,
  { asOfMs, untilMs, customerIds, range, population = 'buyers' }: FeaturesWanted,
): Promise<{ histories: PurchaseHistories; later: LaterPurchases }> {
  const values: unknown[] = [new Date(asOfMs), untilMs === undefined ? null : new Date(untilMs)]
  let who = (_column: string): string => 'true'
  if (customerIds !== undefined) {
    values.push(uuidArray(customerIds))
    who = (column) => `${column} = ANY ($3::uuid[])`
  } else if (range !== undefined) {
    values.push(range.after ?? '00000000-0000-0000-0000-000000000000', range.upTo)
    who = (column) => `${column} > $3::uuid AND ${column} <= $4::uuid`
  }
  const { rows } = await db.query<Columns>(byColumn(featuresSql(who, population)), values)
  const columns = rows[0] as Columns
  const column = (name: (typeof columnNames)[number]): Float64Array => {
    const found = columns[name]
    const numbers = new Float64Array(found.length)
    for (let i = 0; i < found.length; i++) numbers[i] = found[i] ?? 0
    return numbers
  }
  return {
    histories: {
      asOfMs,
      customerIds: columns.customer_id,
      purchases: column('purchases'),
      ageDays: column('age_days'),
      silenceDays: column('silence_days'),
      revenueCents: column('revenue_cents'),
      repeatRevenueCents: column('repeat_revenue_cents'),
      recentPurchases: column('recent_purchases'),
      behaviour: {
        monthPurchases: column('month_purchases'),
        discountShare: column('discount_share'),
        refundShare: column('refund_share'),
        activeDays: column('active_days'),
        quietDays: column('quiet_days'),
      },
    },
    later: { purchases: column('later_purchases'), revenueCents: column('later_revenue_cents') },
  }
}
