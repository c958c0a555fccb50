/** Which products customers would be shown first, written down for whoever asks (`match.recommendation`). */

import { textArray, uuidArray } from '../binary-arrays.ts'
import type { Queryable } from '../database.ts'
import { inStock } from './in-stock.ts'
import { type RankedProduct, rankProducts } from './rank.ts'
import { type ServedModel, servedModel } from './served-model.ts'
import { likedBy, modelInUse } from './shopper.ts'

/** As many as a message shows; whoever asks for more gets them when asking. */
const matchesEach = 10

/** So many more are looked at, in case some are out of stock. */
const spare = 10

interface Buyer {
  readonly customerId: string
  readonly owned: readonly string[]
}

/**
 * Writes down anew which products these customers would be shown first, by what they have bought; of who has bought nothing
 * nothing is known. Who does not change is not touched. @returns how many have any.
 */
export async function replaceRecommendationMatches(db: Queryable, customerIds: readonly string[]): Promise<number> {
  const best = await bestProducts(db, customerIds)
  const pairs = [...best].flatMap(([customerId, keys]) => keys.map((key) => ({ customerId, key })))
  await db.query({
    name: 'write-recommendation-matches',
    text: `
      WITH best AS MATERIALIZED (
        SELECT * FROM unnest($2::uuid[], $3::text[]) AS b (customer_id, key)
      ), gone AS (
        DELETE FROM customer_matches m WHERE m.kind = 'recommendation' AND m.customer_id = ANY ($1::uuid[])
           AND (m.customer_id, m.key) NOT IN (SELECT customer_id, key FROM best)
        RETURNING customer_id
      ), come AS (
        INSERT INTO customer_matches (customer_id, kind, key)
        SELECT customer_id, 'recommendation', key FROM best ORDER BY customer_id, key
        ON CONFLICT DO NOTHING RETURNING customer_id
      )
      INSERT INTO dirty_customers (customer_id, cause)
      SELECT DISTINCT customer_id, 'score' FROM (SELECT * FROM come UNION ALL SELECT * FROM gone) AS touched`,
    values: [
      uuidArray(customerIds),
      uuidArray(pairs.map(({ customerId }) => customerId)),
      textArray(pairs.map(({ key }) => key)),
    ],
  })
  return best.size
}

/** By customer; only those who have any. */
async function bestProducts(db: Queryable, customerIds: readonly string[]): Promise<Map<string, string[]>> {
  const { rows: models } = await db.query<{ id: string; weight: number }>({
    name: 'recommender-in-use',
    text: modelInUse,
  })
  if (models[0] === undefined) return new Map()
  const buyers = await ownedBy(db, customerIds)
  const model = await servedModel(
    db,
    models[0],
    buyers.flatMap(({ owned }) => owned),
  )
  const best = await chosen(db, model, buyers, matchesEach + spare)
  return new Map([...best].filter(([, keys]) => keys.length > 0))
}

/** With each customer's list; whoever's is short, because much is out of stock, is looked at once more among all products. */
async function chosen(
  db: Queryable,
  model: ServedModel,
  buyers: readonly Buyer[],
  most: number,
): Promise<Map<string, string[]>> {
  const ranked = buyers.map(({ customerId, owned }) => ({
    customerId,
    owned,
    products: rankProducts(model, likedBy({ owned, viewed: [] }), new Set(owned), most),
  }))
  const there = await available(
    db,
    ranked.flatMap(({ products }) => products),
  )
  const best = new Map<string, string[]>()
  const short: Buyer[] = []
  for (const { products, ...buyer } of ranked) {
    const keys = products.map(({ key }) => key).filter((key) => there.has(key))
    if (keys.length < matchesEach && products.length === most) short.push(buyer)
    best.set(buyer.customerId, keys.slice(0, matchesEach))
  }
  if (short.length === 0) return best
  return new Map([...best, ...(await chosen(db, model, short, most * 8))])
}

async function available(db: Queryable, products: readonly RankedProduct[]): Promise<Set<string>> {
  const { rows } = await db.query<{ key: string }>({
    name: 'products-in-stock',
    text: `SELECT p.product_key AS key FROM products p WHERE p.product_key = ANY ($1) AND ${inStock}`,
    values: [[...new Set(products.map(({ key }) => key))]],
  })
  return new Set(rows.map(({ key }) => key))
}

async function ownedBy(db: Queryable, customerIds: readonly string[]): Promise<Buyer[]> {
  const { rows } = await db.query<Buyer>({
    name: 'owned-by-customers',
    text: `SELECT o.customer_id AS "customerId", json_agg(DISTINCT l.product_key) AS owned
             FROM orders o JOIN order_lines l ON l.order_id = o.id
            WHERE o.customer_id = ANY ($1::uuid[]) AND o.cancelled_at IS NULL
            GROUP BY o.customer_id`,
    values: [uuidArray(customerIds)],
  })
  return rows
}
