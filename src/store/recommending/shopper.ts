/** What customers' own orders and looks say, read when somebody asks, and the recommender that is in use then. */

import { uuidArray } from '../binary-arrays.ts'
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
/** So many of a category's, and of a shopper's. */
const freshEach = 20

/** SQL: the recommender in use. */
export const modelInUse = `
    SELECT id, coalesce((parameters->'setting'->>'likenessWeight')::float8, 0) AS weight
      FROM models WHERE kind = 'recommender' AND status = 'champion'`

/*
 * Each looks up customer by customer ("OFFSET 0" holds the planner to it), so that a plan can be kept while tables grow. What
 * is new in a category is looked up once, for all who like it.
 */
const shoppersSql = `
  WITH model AS MATERIALIZED (${modelInUse}
  ), given AS MATERIALIZED (
    SELECT DISTINCT id FROM unnest($1::uuid[]) AS g (id)
  ), favourite AS MATERIALIZED (
    SELECT given.id, f.category FROM given CROSS JOIN LATERAL (
      SELECT category FROM customer_categories WHERE customer_id = given.id ORDER BY orders DESC, category LIMIT 3) AS f
  ), newest AS MATERIALIZED (
    SELECT f.category, n.product_key, n.first_seen_at
      FROM (SELECT DISTINCT category FROM favourite) AS f CROSS JOIN LATERAL (
        SELECT product_key, first_seen_at FROM (
          SELECT product_key, first_seen_at FROM products p
           WHERE p.category = f.category ORDER BY first_seen_at DESC LIMIT ${newestEach}) AS p
         WHERE NOT EXISTS (
           SELECT FROM product_popularity o WHERE o.model_id = (SELECT id FROM model) AND o.product_key = p.product_key)
         ORDER BY first_seen_at DESC, product_key LIMIT ${freshEach}) AS n
  ), fresh AS (
    SELECT id, json_agg(product_key ORDER BY place) AS keys
      FROM (SELECT f.id, n.product_key, row_number() OVER (
                     PARTITION BY f.id ORDER BY n.first_seen_at DESC, n.product_key) AS place
              FROM favourite f JOIN newest n USING (category)) AS ranked
     WHERE place <= ${freshEach} GROUP BY id
  )
  SELECT given.id AS "customerId", (SELECT id FROM model) AS "modelId", coalesce((SELECT weight FROM model), 0) AS weight,
         o.keys AS owned, v.keys AS viewed, coalesce(fresh.keys, '[]') AS fresh
    FROM given LEFT JOIN fresh USING (id)
   CROSS JOIN LATERAL (
     SELECT coalesce(json_agg(DISTINCT l.product_key ORDER BY l.product_key), '[]') AS keys
       FROM orders o JOIN order_lines l ON l.order_id = o.id
      WHERE o.customer_id = given.id AND o.cancelled_at IS NULL OFFSET 0) AS o
   CROSS JOIN LATERAL (
     SELECT coalesce(json_agg(DISTINCT key ORDER BY key) FILTER (WHERE key IS NOT NULL), '[]') AS keys
       FROM (SELECT coalesce(properties->>'product_id', properties->>'sku') AS key
               FROM events WHERE customer_id = given.id AND name = 'Product Viewed'
              ORDER BY occurred_at DESC LIMIT 20) AS latest OFFSET 0) AS v`

/** By id. */
export async function shoppers(db: Queryable, customerIds: readonly string[]): Promise<Map<string, Shopper>> {
  const { rows } = await db.query<Shopper & { readonly customerId: string }>({
    name: 'shoppers',
    text: shoppersSql,
    values: [uuidArray(customerIds)],
  })
  return new Map(
    rows.map(({ customerId, ...who }) => {
      const owned = new Set(who.owned)
      return [customerId, { ...who, viewed: who.viewed.filter((key) => !owned.has(key)) }]
    }),
  )
}

export function likedBy({ owned, viewed }: Pick<Shopper, 'owned' | 'viewed'>): Liked[] {
  return [
    ...owned.map((key) => ({ key, weight: 1, bought: true })),
    ...viewed.map((key) => ({ key, weight: viewedWeight, bought: false })),
  ]
}
