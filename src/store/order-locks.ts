/**
 * Who may work on an order right now. The customers of a page are locked, but an order may be spoken of by others than
 * its owner: a back office refunds it, a browser that nobody knows cancels it, two accounts claim it.
 */

import { v7 } from 'uuid'
import type { Queryable } from './database.ts'

/** Whose these orders are, as far as anybody knows yet. */
export async function findOwnersByOrder(client: Queryable, orderKeys: readonly string[]): Promise<Map<string, string>> {
  if (orderKeys.length === 0) return new Map()
  const { rows } = await client.query<{ orderKey: string; customerId: string }>({
    name: 'find-order-owners',
    text: `SELECT order_key AS "orderKey", customer_id AS "customerId" FROM orders WHERE order_key = ANY ($1::text[])`,
    values: [orderKeys],
  })
  return new Map(rows.map((row) => [row.orderKey, row.customerId]))
}

/** Locks orders until the end of the transaction. @returns whose they are, by order key; nothing of those yet to come. */
export async function lockOrders(client: Queryable, orderKeys: readonly string[]): Promise<Map<string, string>> {
  if (orderKeys.length === 0) return new Map()
  const { rows } = await client.query<{ orderKey: string; customerId: string }>({
    name: 'lock-orders',
    text: `SELECT order_key AS "orderKey", customer_id AS "customerId" FROM orders WHERE order_key = ANY ($1::text[])
           ORDER BY order_key COLLATE "C" FOR UPDATE`,
    values: [orderKeys],
  })
  return new Map(rows.map((row) => [row.orderKey, row.customerId]))
}

const nobody = '00000000-0000-0000-0000-000000000000'

/**
 * Locks orders that do not exist as far as this transaction can see: somebody may be adding one just now without seeing
 * what this transaction has to say of it. A row that holds the key until the end of the transaction makes one of the two
 * wait for the other, and is gone again.
 *
 * @returns false if one of them exists by now: what was read before is out of date.
 */
export async function reserveOrderKeys(client: Queryable, orderKeys: readonly string[]): Promise<boolean> {
  if (orderKeys.length === 0) return true
  const ids = orderKeys.map(() => v7())
  const { rowCount } = await client.query(
    `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency)
     SELECT id, $3, order_key, 'epoch', 0, '' FROM unnest($1::uuid[], $2::text[]) AS given (id, order_key)
     ON CONFLICT (order_key) DO NOTHING`,
    [ids, [...orderKeys].sort(), nobody],
  )
  await client.query('DELETE FROM orders WHERE id = ANY ($1::uuid[])', [ids])
  return rowCount === ids.length
}
