/**
 * Orders from files, many at once. What an event told of an order goes before what a file says; a later import replaces
 * an earlier one.
 */

import { float8Array, int8Array, textArray, uuidArray } from './binary-arrays.ts'
import type { Queryable } from './database.ts'

export interface ImportedOrder {
  readonly id: string
  readonly customerId: string
  readonly orderKey: string
  readonly orderedMs: number
  readonly revenueCents: number
  readonly discountCents: number
  readonly currency: string
  readonly coupon: string | null
}

export interface KnownOrder {
  readonly id: string
  readonly orderKey: string
  readonly customerId: string
  readonly currency: string
  /** The event or import that its content comes from. */
  readonly contentBy: string | null
}

/** Those of the orders that are known, locked in the order of their keys. */
export async function lockOrders(client: Queryable, orderKeys: readonly string[]): Promise<Map<string, KnownOrder>> {
  const { rows } = await client.query<KnownOrder>({
    name: 'lock-imported-orders',
    text: `
      SELECT id, order_key AS "orderKey", customer_id AS "customerId", currency, content_by AS "contentBy"
      FROM orders WHERE order_key = ANY ($1::text[]) ORDER BY order_key FOR UPDATE`,
    values: [orderKeys],
  })
  return new Map(rows.map((row) => [row.orderKey, row]))
}

const given = `unnest($1::uuid[], $2::uuid[], $3::text[], $4::float8[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])
  AS given (id, customer_id, order_key, ordered_ms, revenue, discount, currency, coupon)`

function values(rows: readonly ImportedOrder[]): unknown[] {
  return [
    uuidArray(rows.map((row) => row.id)),
    uuidArray(rows.map((row) => row.customerId)),
    textArray(rows.map((row) => row.orderKey)),
    float8Array(rows.map((row) => row.orderedMs)),
    int8Array(rows.map((row) => row.revenueCents)),
    int8Array(rows.map((row) => row.discountCents)),
    textArray(rows.map((row) => row.currency)),
    textArray(rows.map((row) => row.coupon)),
  ]
}

/** @returns how many were added; fewer than given if somebody else was faster. */
export async function insertImportedOrders(
  client: Queryable,
  rows: readonly ImportedOrder[],
  contentBy: string,
): Promise<number> {
  if (rows.length === 0) return 0
  const { rowCount } = await client.query({
    name: 'insert-imported-orders',
    text: `
      INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, discount_cents, currency, coupon,
                          content_at, content_by)
      SELECT id, customer_id, order_key, to_timestamp(ordered_ms / 1000), revenue, discount, currency, coupon,
             to_timestamp(ordered_ms / 1000), $9
      FROM ${given} ON CONFLICT (order_key) DO NOTHING`,
    values: [...values([...rows].sort(byKey)), contentBy],
  })
  return rowCount ?? 0
}

/** Gives orders another content; their lines go. They must be locked. */
export async function replaceImportedOrders(
  client: Queryable,
  rows: readonly ImportedOrder[],
  contentBy: string,
): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'replace-imported-orders',
    text: `
      UPDATE orders o SET
        customer_id = given.customer_id, ordered_at = to_timestamp(given.ordered_ms / 1000),
        revenue_cents = given.revenue, discount_cents = given.discount, currency = given.currency,
        coupon = given.coupon, content_at = to_timestamp(given.ordered_ms / 1000), content_by = $9
      FROM ${given} WHERE o.id = given.id`,
    values: [...values(rows), contentBy],
  })
  await client.query('DELETE FROM order_lines WHERE order_id = ANY ($1::uuid[])', [rows.map((row) => row.id)])
}

/**
 * Adds to orders of which an earlier part of the same file told. They must be locked.
 *
 * @returns how many lines each has, by id.
 */
export async function extendImportedOrders(
  client: Queryable,
  rows: readonly ImportedOrder[],
): Promise<Map<string, number>> {
  if (rows.length === 0) return new Map()
  await client.query({
    name: 'extend-imported-orders',
    text: `
      UPDATE orders o SET
        ordered_at = least(o.ordered_at, to_timestamp(given.ordered_ms / 1000)),
        content_at = least(o.content_at, to_timestamp(given.ordered_ms / 1000)),
        revenue_cents = o.revenue_cents + given.revenue, discount_cents = greatest(o.discount_cents, given.discount),
        coupon = coalesce(o.coupon, given.coupon)
      FROM ${given} WHERE o.id = given.id`,
    values: values(rows),
  })
  const counted = await client.query<{ id: string; lines: number }>(
    `SELECT order_id AS id, (max(position) + 1)::int AS lines FROM order_lines
     WHERE order_id = ANY ($1::uuid[]) GROUP BY order_id`,
    [rows.map((row) => row.id)],
  )
  return new Map(counted.rows.map((row) => [row.id, row.lines]))
}

function byKey(a: ImportedOrder, b: ImportedOrder): number {
  return a.orderKey < b.orderKey ? -1 : 1
}

export interface ImportedRefund {
  /** Of the file. */
  readonly line: number
  readonly customerId: string
  readonly productKey: string | null
  readonly amountCents: number
  readonly refundedMs: number
}

/** Keeps refunds until all orders of the file are there. */
export async function insertImportedRefunds(
  client: Queryable,
  importId: string,
  rows: readonly ImportedRefund[],
): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'insert-imported-refunds',
    text: `
      INSERT INTO imported_refunds (import_id, line, customer_id, product_key, amount_cents, refunded_at)
      SELECT $1, line, customer_id, product_key, amount, to_timestamp(refunded_ms / 1000)
      FROM unnest($2::bigint[], $3::uuid[], $4::text[], $5::bigint[], $6::float8[])
        AS given (line, customer_id, product_key, amount, refunded_ms)`,
    values: [
      importId,
      int8Array(rows.map((row) => row.line)),
      uuidArray(rows.map((row) => row.customerId)),
      textArray(rows.map((row) => row.productKey)),
      int8Array(rows.map((row) => row.amountCents)),
      float8Array(rows.map((row) => row.refundedMs)),
    ],
  })
}

export interface PlacedRefund {
  readonly line: number
  readonly amountCents: number
  readonly refundedMs: number
  /** The order that it belongs to; null if the customer had bought nothing before. */
  readonly orderKey: string | null
  /** Whether that order holds the product. */
  readonly isExact: boolean
}

/**
 * Takes the refunds of a page of customers off the list, each with the order that it belongs to: the customer's newest
 * order until then that holds the product, else their newest order until then.
 */
export async function takeImportedRefunds(
  client: Queryable,
  importId: string,
  customers: number,
): Promise<readonly PlacedRefund[]> {
  const { rows } = await client.query<PlacedRefund>({
    name: 'take-imported-refunds',
    text: `
      WITH refund AS MATERIALIZED (
        DELETE FROM imported_refunds WHERE import_id = $1 AND customer_id = ANY (ARRAY(
          SELECT DISTINCT customer_id FROM imported_refunds WHERE import_id = $1 ORDER BY customer_id LIMIT $2))
        RETURNING *
      ), wanted AS MATERIALIZED (
        -- By customer and product, as JSON: what is joined below is joined by index or by key, whatever statistics from
        -- before the file say.
        SELECT customer_id, jsonb_object_agg(product_key, refunds) AS products FROM (
          SELECT customer_id, product_key, jsonb_agg(jsonb_build_array(line, amount_cents, refunded_at)) AS refunds
          FROM refund WHERE product_key IS NOT NULL GROUP BY customer_id, product_key) AS each
        GROUP BY customer_id
      ), candidate AS (
        -- Each line once: order by order, from the newest on, most would be read many times.
        SELECT (r ->> 0)::bigint AS line, (r ->> 1)::bigint AS amount_cents, (r ->> 2)::timestamptz AS refunded_at,
               o.ordered_at, o.order_key, true AS is_exact
        FROM wanted
        JOIN LATERAL (
          SELECT id, ordered_at, order_key FROM orders WHERE customer_id = wanted.customer_id OFFSET 0) AS o ON true
        JOIN LATERAL (SELECT product_key FROM order_lines WHERE order_id = o.id OFFSET 0) AS l
          ON wanted.products ? l.product_key
        CROSS JOIN LATERAL jsonb_array_elements(wanted.products -> l.product_key) AS r
        WHERE o.ordered_at <= (r ->> 2)::timestamptz
        UNION ALL
        SELECT r.line, r.amount_cents, r.refunded_at, newest.ordered_at, newest.order_key, false
        FROM refund r
        LEFT JOIN LATERAL (
          SELECT ordered_at, order_key FROM orders o WHERE o.customer_id = r.customer_id AND o.ordered_at <= r.refunded_at
          ORDER BY o.ordered_at DESC, o.order_key DESC LIMIT 1) AS newest ON true
      )
      SELECT DISTINCT ON (line) line, amount_cents AS "amountCents",
             (extract(epoch FROM refunded_at) * 1000)::float8 AS "refundedMs", order_key AS "orderKey", is_exact AS "isExact"
      FROM candidate ORDER BY line, is_exact DESC, ordered_at DESC NULLS LAST, order_key DESC`,
    values: [importId, customers],
  })
  return rows
}

/** How many of the orders are known. */
export async function findOrderKeys(client: Queryable, orderKeys: readonly string[]): Promise<number> {
  const { rows } = await client.query<{ known: number }>(
    'SELECT count(*)::int AS known FROM orders WHERE order_key = ANY ($1::text[])',
    [orderKeys],
  )
  return rows[0]?.known ?? 0
}
