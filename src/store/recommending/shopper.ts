/** What a customer's own orders and looks say, read when somebody asks, and the recommender that is in use then. */

import type { Queryable } from '../database.ts'
import type { Liked } from './rank.ts'

export interface Shopper {
  /** Null: none is in use. */
  readonly modelId: string | null
  /** Of that model: how much likeness counts beside popularity, from 0 to 1. */
  readonly weight: number
  readonly owned: readonly string[]
  /** Of the latest looks, what is not owned. */
  readonly viewed: readonly string[]
  /** New products of the categories they buy most, of which nobody's orders tell anything yet. */
  readonly fresh: readonly string[]
}

const viewedWeight = 0.5

/** What so many products of a category came after is not new. */
const newestEach = 200

/** SQL: the recommender in use. */
export const modelInUse = `
    SELECT id, coalesce((parameters->'setting'->>'likenessWeight')::float8, 0) AS weight
      FROM models WHERE kind = 'recommender' AND status = 'champion'`

const shopperSql = `
  WITH model AS MATERIALIZED (${modelInUse}
  ), owned AS MATERIALIZED (
    SELECT DISTINCT l.product_key
      FROM orders o JOIN order_lines l ON l.order_id = o.id
     WHERE o.customer_id = $1 AND o.cancelled_at IS NULL
  ), viewed AS (
    SELECT DISTINCT coalesce(properties->>'product_id', properties->>'sku') AS product_key
      FROM (SELECT properties FROM events WHERE customer_id = $1 AND name = 'Product Viewed'
             ORDER BY occurred_at DESC LIMIT 20) AS latest
  ), favourite AS (
    SELECT category FROM customer_categories WHERE customer_id = $1 ORDER BY orders DESC, category LIMIT 3
  ), fresh AS (
    SELECT p.product_key, p.first_seen_at
      FROM favourite f CROSS JOIN LATERAL (
        SELECT product_key, first_seen_at FROM products p
         WHERE p.category = f.category ORDER BY first_seen_at DESC LIMIT ${newestEach}) AS p
     WHERE NOT EXISTS (SELECT FROM product_popularity o WHERE o.model_id = (SELECT id FROM model) AND o.product_key = p.product_key)
     ORDER BY p.first_seen_at DESC, p.product_key LIMIT 20
  )
  SELECT (SELECT id FROM model) AS "modelId", coalesce((SELECT weight FROM model), 0) AS weight,
         coalesce((SELECT json_agg(product_key ORDER BY product_key) FROM owned), '[]') AS owned,
         coalesce((SELECT json_agg(product_key ORDER BY product_key) FROM viewed
                    WHERE product_key NOT IN (SELECT product_key FROM owned)), '[]') AS viewed,
         coalesce((SELECT json_agg(product_key) FROM fresh), '[]') AS fresh`

export async function shopper(db: Queryable, customerId: string): Promise<Shopper> {
  const { rows } = await db.query<Shopper>({ name: 'shopper', text: shopperSql, values: [customerId] })
  return rows[0] as Shopper
}

export function likedBy({ owned, viewed }: Pick<Shopper, 'owned' | 'viewed'>): Liked[] {
  return [
    ...owned.map((key) => ({ key, weight: 1, bought: true })),
    ...viewed.map((key) => ({ key, weight: viewedWeight, bought: false })),
  ]
}
