/** Customers that files of orders name, many at once: finding them, and adding to what their rows say of their orders. */

import type { Queryable } from './database.ts'

/** Whom the shop's ids name, of those that are known. */
export async function findShopCustomers(client: Queryable, shopIds: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await client.query<{ value: string; id: string }>({
    name: 'find-shop-customers',
    text: `SELECT value, customer_id AS id FROM identities WHERE kind = 'user' AND value = ANY ($1::text[])`,
    values: [shopIds],
  })
  return new Map(rows.map(({ value, id }) => [value, id]))
}

/** @returns how many of them are there and not merged into others; those are locked. */
export async function lockUnmerged(client: Queryable, customerIds: readonly string[]): Promise<number> {
  if (customerIds.length === 0) return 0
  const { rowCount } = await client.query({
    name: 'lock-unmerged-customers',
    text: `
      SELECT FROM customers WHERE id = ANY ($1::uuid[]) AND merged_into IS NULL ORDER BY id FOR UPDATE`,
    values: [customerIds],
  })
  return rowCount ?? 0
}

/** What new orders of one customer come to. All of them count, and are in one currency. */
export interface NewOrdersSum {
  readonly customerId: string
  readonly currency: string
  orders: number
  firstMs: number
  lastMs: number
  revenueCents: number
  discountCents: number
  /** The part of the revenue that comes from orders with a discount. */
  discountedRevenueCents: number
}

/**
 * Adds new orders to the sums of their customers, who must be locked: what counting all of their orders anew would give,
 * without reading the others. Where most of a customer's orders are in another currency it would not.
 *
 * @returns those to whom it was added; the others have to be counted.
 */
export async function addToOrderSums(
  client: Queryable,
  sums: readonly NewOrdersSum[],
  nowMs: number,
): Promise<Set<string>> {
  if (sums.length === 0) return new Set()
  const { rows } = await client.query<{ id: string }>({
    name: 'add-to-order-sums',
    text: `
      UPDATE customers c SET
        order_count = c.order_count + given.orders, revenue_cents = c.revenue_cents + given.revenue,
        discount_cents = c.discount_cents + given.discount,
        discounted_revenue_cents = c.discounted_revenue_cents + given.discounted, currency = given.currency,
        first_order_at = least(c.first_order_at, to_timestamp(given.first_ms / 1000)),
        last_order_at = greatest(c.last_order_at, to_timestamp(given.last_ms / 1000)),
        first_seen_at = least(c.first_seen_at, to_timestamp(given.first_ms / 1000)),
        last_seen_at = greatest(c.last_seen_at, to_timestamp(given.last_ms / 1000)), updated_at = $9
      FROM unnest($1::uuid[], $2::text[], $3::int[], $4::float8[], $5::float8[], $6::bigint[], $7::bigint[], $8::bigint[])
        AS given (id, currency, orders, first_ms, last_ms, revenue, discount, discounted)
      WHERE c.id = given.id AND (c.order_count = 0 OR c.currency = given.currency)
      RETURNING c.id`,
    values: [
      sums.map((sum) => sum.customerId),
      sums.map((sum) => sum.currency),
      sums.map((sum) => sum.orders),
      sums.map((sum) => sum.firstMs),
      sums.map((sum) => sum.lastMs),
      sums.map((sum) => sum.revenueCents),
      sums.map((sum) => sum.discountCents),
      sums.map((sum) => sum.discountedRevenueCents),
      new Date(nowMs),
    ],
  })
  return new Set(rows.map(({ id }) => id))
}
