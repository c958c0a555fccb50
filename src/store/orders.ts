/** Orders, and what customers' rows say of them in sum. The outcome never depends on the order in which things arrive. */

import { v7 } from 'uuid'
import type { Queryable } from './database.ts'
import { scoreRfm } from './rfm-scores.ts'

/** What an order consists of, as of a moment. Amounts in minor units. */
export interface OrderRow {
  readonly orderKey: string
  readonly customerId: string
  /** When it was placed: the earliest word of it. */
  readonly orderedMs: number
  readonly revenueCents: number
  readonly discountCents: number
  readonly currency: string
  readonly coupon: string | null
  readonly lines: readonly { readonly productKey: string; readonly quantity: number; readonly priceCents: number }[]
  /** When that was said, and by which message. A later word replaces it, an earlier one that arrives late does not. */
  readonly contentMs: number
  readonly contentBy: string
}

export interface WrittenOrders {
  /** The ids of orders whose content is now the given one, by order key. */
  readonly ids: ReadonlyMap<string, string>
  /** The keys of the orders that existed before. */
  readonly existing: readonly string[]
}

/** At most one row per order. */
export async function upsertOrders(client: Queryable, rows: readonly OrderRow[]): Promise<WrittenOrders> {
  if (rows.length === 0) return { ids: new Map(), existing: [] }
  const sorted = [...rows].sort((a, b) => (a.orderKey < b.orderKey ? -1 : 1)) // Always locked in the same order.
  const newIds = new Map(sorted.map((row) => [row.orderKey, v7({ msecs: row.orderedMs })]))
  const written = await client.query<UpsertedRow>({
    name: 'upsert-orders',
    text: upsertSql,
    values: [
      [...newIds.values()],
      sorted.map((row) => row.customerId),
      sorted.map((row) => row.orderKey),
      sorted.map((row) => row.orderedMs),
      sorted.map((row) => row.revenueCents),
      sorted.map((row) => row.discountCents),
      sorted.map((row) => row.currency),
      sorted.map((row) => row.coupon),
      sorted.map((row) => row.contentMs),
      sorted.map((row) => row.contentBy),
    ],
  })
  const byKey = new Map(sorted.map((row) => [row.orderKey, row]))
  const ours = written.rows.filter((row) => byKey.get(row.orderKey)?.contentBy === row.contentBy)
  const existed = ({ id, orderKey }: UpsertedRow): boolean => newIds.get(orderKey) !== id
  const replaced = ours.filter(existed).map((row) => row.id)
  if (replaced.length > 0) await client.query('DELETE FROM order_lines WHERE order_id = ANY ($1::uuid[])', [replaced])
  await insertLines(
    client,
    ours.map(({ id, orderKey }) => ({ id, lines: byKey.get(orderKey)?.lines ?? [] })),
  )
  return {
    ids: new Map(ours.map(({ id, orderKey }) => [orderKey, id])),
    existing: written.rows.filter(existed).map(({ orderKey }) => orderKey),
  }
}

interface UpsertedRow {
  readonly id: string
  readonly orderKey: string
  readonly contentBy: string
}

const isNewer = `(excluded.content_at, excluded.content_by) > (coalesce(o.content_at, o.ordered_at), coalesce(o.content_by, ''))`
const newest = (column: string): string =>
  `${column} = CASE WHEN ${isNewer} THEN excluded.${column} ELSE o.${column} END`

const upsertSql = `
  INSERT INTO orders AS o (id, customer_id, order_key, ordered_at, revenue_cents, discount_cents, currency, coupon,
                           content_at, content_by)
  SELECT id, customer_id, order_key, to_timestamp(ordered_ms / 1000), revenue, discount, currency, coupon,
         to_timestamp(content_ms / 1000), content_by
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::float8[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
              $9::float8[], $10::text[])
    AS given (id, customer_id, order_key, ordered_ms, revenue, discount, currency, coupon, content_ms, content_by)
  ON CONFLICT (order_key) DO UPDATE SET
    ordered_at = least(o.ordered_at, excluded.ordered_at),
    ${['customer_id', 'revenue_cents', 'discount_cents', 'currency', 'coupon', 'content_at', 'content_by'].map(newest).join(', ')}
  RETURNING id, order_key AS "orderKey", content_by AS "contentBy"`

async function insertLines(
  client: Queryable,
  orders: readonly { readonly id: string; readonly lines: OrderRow['lines'] }[],
): Promise<void> {
  const lines = orders.flatMap(({ id, lines }) => lines.map((line, position) => ({ id, position, line })))
  if (lines.length === 0) return
  await client.query({
    name: 'insert-order-lines',
    text: `
      INSERT INTO order_lines (order_id, position, product_key, quantity, price_cents)
      SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::int[], $5::bigint[])`,
    values: [
      lines.map(({ id }) => id),
      lines.map(({ position }) => position),
      lines.map(({ line }) => line.productKey),
      lines.map(({ line }) => line.quantity),
      lines.map(({ line }) => line.priceCents),
    ],
  })
}

export interface OrderChangeRow {
  readonly orderKey: string
  readonly messageId: string
  readonly kind: 'refund' | 'cancel'
  /** Of a refund; null: all of it. */
  readonly amountCents: number | null
  readonly atMs: number
}

/** Keeps refunds and cancellations, also of orders that are yet to arrive. */
export async function insertOrderChanges(client: Queryable, rows: readonly OrderChangeRow[]): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'insert-order-changes',
    text: `
      INSERT INTO order_changes (order_key, message_id, kind, amount_cents, changed_at)
      SELECT order_key, message_id, kind, amount, to_timestamp(changed_ms / 1000)
      FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::float8[])
        AS given (order_key, message_id, kind, amount, changed_ms)
      ON CONFLICT DO NOTHING`,
    values: [
      rows.map((row) => row.orderKey),
      rows.map((row) => row.messageId),
      rows.map((row) => row.kind),
      rows.map((row) => row.amountCents),
      rows.map((row) => row.atMs),
    ],
  })
}

/** Applies what is known of refunds and cancellations to these orders. @returns whose orders they are. */
export async function applyOrderChanges(client: Queryable, orderKeys: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ customerId: string }>({
    name: 'apply-order-changes',
    text: `
      UPDATE orders o SET
        refunded_cents = CASE WHEN changes.whole THEN o.revenue_cents
                              ELSE least(coalesce(changes.refunded, 0), o.revenue_cents) END,
        cancelled_at = changes.cancelled_at
      FROM (
        SELECT order_key, coalesce(bool_or(amount_cents IS NULL) FILTER (WHERE kind = 'refund'), false) AS whole,
               sum(amount_cents) FILTER (WHERE kind = 'refund') AS refunded,
               min(changed_at) FILTER (WHERE kind = 'cancel') AS cancelled_at
        FROM order_changes WHERE order_key = ANY ($1::text[]) GROUP BY order_key
      ) AS changes
      WHERE o.order_key = changes.order_key
      RETURNING o.customer_id AS "customerId"`,
    values: [orderKeys],
  })
  return rows.map((row) => row.customerId)
}

/**
 * Counts the orders of these customers anew; they must be locked. Cancelled orders do not count; sums are of the currency
 * that most of the customer's orders are in, of two the one that sorts first. Their RFM scores follow.
 *
 * @param seen `in-orders`: who ordered was there to be seen, as of a past that has no other events. Otherwise the event that
 *   told the order has said when they were seen.
 */
export async function recountOrders(
  client: Queryable,
  customerIds: readonly string[],
  nowMs: number,
  seen: 'in-events' | 'in-orders' = 'in-events',
): Promise<void> {
  if (customerIds.length === 0) return
  const sightings =
    seen === 'in-events'
      ? ''
      : 'first_seen_at = least(c.first_seen_at, s.first), last_seen_at = greatest(c.last_seen_at, s.last),'
  await client.query({
    name: `recount-orders-${seen}`,
    text: `
      WITH each AS (
        SELECT given.id, o.currency, count(o.id) AS orders, min(o.ordered_at) AS first, max(o.ordered_at) AS last,
               coalesce(sum(o.revenue_cents), 0) AS revenue, coalesce(sum(o.refunded_cents), 0) AS refunded,
               coalesce(sum(o.discount_cents), 0) AS discount,
               coalesce(sum(o.revenue_cents) FILTER (WHERE o.discount_cents > 0), 0) AS discounted
        FROM unnest($1::uuid[]) AS given (id)
        LEFT JOIN orders o ON o.customer_id = given.id AND o.cancelled_at IS NULL
        GROUP BY given.id, o.currency
      ), summed AS (
        SELECT DISTINCT ON (id) id, currency, revenue, refunded, discount, discounted,
               sum(orders) OVER own AS orders, min(first) OVER own AS first, max(last) OVER own AS last
        FROM each WINDOW own AS (PARTITION BY id) ORDER BY id, each.orders DESC, currency
      )
      UPDATE customers c SET
        order_count = s.orders, revenue_cents = s.revenue, refunded_cents = s.refunded, discount_cents = s.discount,
        discounted_revenue_cents = s.discounted, currency = s.currency, first_order_at = s.first, last_order_at = s.last,
        ${sightings} updated_at = $2
      FROM summed s WHERE c.id = s.id`,
    values: [customerIds, new Date(nowMs)],
  })
  await scoreRfm(client, customerIds, nowMs)
}

/**
 * Marks coupons as redeemed by the orders that name them. A code redeemed once stays with its first order, and one that
 * had expired when the order was made, or has been given up since, redeems nothing.
 */
export async function redeemCoupons(
  client: Queryable,
  rows: readonly { readonly code: string; readonly orderId: string; readonly atMs: number }[],
): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'redeem-coupons',
    text: `
      UPDATE coupons SET status = 'redeemed', redeemed_at = to_timestamp(given.ms / 1000), order_id = given.order_id
      FROM (SELECT DISTINCT ON (upper(code)) upper(code) AS code, order_id, ms
              FROM unnest($1::text[], $2::uuid[], $3::float8[]) AS named (code, order_id, ms)
             ORDER BY upper(code), ms) AS given
      WHERE coupons.code = given.code AND coupons.status = 'issued'
        AND (coupons.expires_at IS NULL OR coupons.expires_at > to_timestamp(given.ms / 1000))`,
    values: [rows.map((row) => row.code), rows.map((row) => row.orderId), rows.map((row) => row.atMs)],
  })
}
