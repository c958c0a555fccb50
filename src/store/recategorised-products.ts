/**
 * Products whose category changed after somebody had bought them: the categories of everybody who did are counted anew, a
 * page of customers at a time. Costs what the change concerns, and nothing while nothing changes.
 */

import { recountCategories } from './customer-categories.ts'
import type { Database, Queryable } from './database.ts'
import { markDirty } from './dirty-customers.ts'

interface ChangedProduct {
  readonly productKey: string
  /** How often it had changed when it was read: a change that comes meanwhile is not taken for counted. */
  readonly changes: number
}

/** Many: whoever bought one of them is found in one pass over the lines of orders, however many products are asked for. */
const productsAtOnce = 5_000
const customersAtOnce = 500
const turnLock = 7_236_012

/** Counts for some of the products that changed. One process at a time. @returns whether there may be more to do. */
export async function countRecategorised(database: Database): Promise<boolean> {
  if ((await changedProducts(database.pool)).length === 0) return false
  return database.transaction(async (client) => {
    const { rows } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [turnLock])
    if (rows[0]?.mine !== true) return false
    const products = await changedProducts(client)
    if (!(await earlierAreOver(client))) return false
    await countBuyers(client, database, products)
    await client.query(
      `UPDATE products p SET category_counted = given.changes
       FROM unnest($1::text[], $2::int[]) AS given (product_key, changes)
       WHERE p.product_key = given.product_key AND p.category_counted < given.changes`,
      [products.map(({ productKey }) => productKey), products.map(({ changes }) => changes)],
    )
    return products.length === productsAtOnce
  })
}

async function changedProducts(client: Queryable): Promise<ChangedProduct[]> {
  const { rows } = await client.query<ChangedProduct>({
    name: 'recategorised-products',
    text: `SELECT product_key AS "productKey", category_changes AS changes FROM products
           WHERE category_changes > category_counted ORDER BY product_key LIMIT $1`,
    values: [productsAtOnce],
  })
  return rows
}

/**
 * A transaction that is under way may have read the category as it was, and its customer may not be found among the buyers
 * yet. Everybody who comes later reads the new one.
 *
 * @returns false if one of them takes too long to be waited for.
 */
async function earlierAreOver(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ horizon: string }>(
    'SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS horizon',
  )
  for (let attempt = 0; attempt < 100; attempt++) {
    const { rows: now } = await client.query<{ over: boolean }>(
      'SELECT pg_snapshot_xmin(pg_current_snapshot()) >= $1::xid8 AS over',
      [rows[0]?.horizon],
    )
    if (now[0]?.over === true) return true
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return false
}

/** @param client holds the cursor. Each page is a transaction of its own, so that no customer is locked for long. */
async function countBuyers(client: Queryable, database: Database, products: readonly ChangedProduct[]): Promise<void> {
  await client.query(
    `DECLARE buyers CURSOR FOR
     SELECT DISTINCT o.customer_id FROM order_lines l JOIN orders o ON o.id = l.order_id
     WHERE l.product_key = ANY ($1::text[]) ORDER BY 1`,
    [products.map(({ productKey }) => productKey)],
  )
  for (;;) {
    const { rows } = await client.query<{ customer_id: string }>(`FETCH ${customersAtOnce} FROM buyers`)
    if (rows.length === 0) return
    const ids = rows.map((row) => row.customer_id)
    await database.transaction(async (page) => {
      await page.query('SELECT FROM customers WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE', [ids])
      await recountCategories(page, ids)
      await markDirty(page, ids, 'intake')
    })
  }
}
