/** The same recommendations as one plain statement, to hold the product's own way of finding them against. */

import type { Queryable } from '../../../src/store/database.ts'

export interface Recommended {
  readonly key: string
  readonly score: number
  readonly basis: string
  readonly reason: string
}

const sql = `
  WITH model AS (
    SELECT id, (parameters->'setting'->>'likenessWeight')::float8 AS weight
      FROM models WHERE kind = 'recommender' AND status = 'champion'
  ), owned AS (
    SELECT DISTINCT l.product_key FROM orders o JOIN order_lines l ON l.order_id = o.id
     WHERE o.customer_id = $1 AND o.cancelled_at IS NULL
  ), viewed AS (
    SELECT DISTINCT properties->>'product_id' AS product_key FROM events WHERE customer_id = $1 AND name = 'Product Viewed'
  ), liked AS (
    SELECT product_key, 1.0 AS weight, true AS bought FROM owned
    UNION ALL
    SELECT product_key, 0.5, false FROM viewed WHERE product_key NOT IN (SELECT product_key FROM owned)
  ), alike AS (
    SELECT r.related_key AS product_key, sum(r.score * l.weight) AS score,
           (array_agg(l.product_key ORDER BY r.score * l.weight DESC))[1] AS because,
           (array_agg(l.bought ORDER BY r.score * l.weight DESC))[1] AS bought
      FROM liked l JOIN product_relations r ON r.model_id = (SELECT id FROM model) AND r.product_key = l.product_key
     WHERE $5 OR r.related_key NOT IN (SELECT product_key FROM owned)
     GROUP BY r.related_key
  ), favourite AS (
    SELECT category FROM customer_categories WHERE customer_id = $1 ORDER BY orders DESC, category LIMIT 3
  ), fresh AS (
    SELECT product_key FROM products p WHERE p.category IN (SELECT category FROM favourite)
       AND NOT EXISTS (SELECT FROM product_popularity o WHERE o.model_id = (SELECT id FROM model) AND o.product_key = p.product_key)
     ORDER BY first_seen_at DESC LIMIT 20
  ), candidates AS (
    SELECT product_key FROM alike UNION SELECT product_key FROM fresh
    UNION SELECT product_key FROM product_popularity WHERE model_id = (SELECT id FROM model) AND rank <= 400
  )
  SELECT p.product_key AS key,
         m.weight * coalesce(a.score / (SELECT max(score) FROM alike), 0)
           + (1 - m.weight) * coalesce(o.score, 0.1) AS score,
         CASE WHEN a.because IS NOT NULL THEN 'history' WHEN o.score IS NOT NULL THEN 'popular' ELSE 'category' END AS basis,
         CASE WHEN a.because IS NOT NULL
              THEN CASE WHEN a.bought THEN 'because you bought ' ELSE 'because you looked at ' END || b.name
              WHEN o.score IS NOT NULL THEN 'what others buy' ELSE 'new in ' || p.category END AS reason
    FROM candidates c CROSS JOIN model m JOIN products p USING (product_key)
    LEFT JOIN alike a USING (product_key) LEFT JOIN products b ON b.product_key = a.because
    LEFT JOIN product_popularity o ON o.model_id = m.id AND o.product_key = c.product_key
   WHERE coalesce((p.attributes->>'stock')::numeric, 1) > 0
     AND (cardinality($3::text[]) = 0 OR p.category = ANY ($3)) AND NOT coalesce(p.category = ANY ($4), false)
     AND ($5 OR c.product_key NOT IN (SELECT product_key FROM owned))
   ORDER BY round(
              (m.weight * coalesce(a.score / (SELECT max(score) FROM alike), 0) + (1 - m.weight) * coalesce(o.score, 0.1))::numeric,
              10) DESC, p.product_key
   LIMIT $2`

export async function recommendedBySql(
  db: Queryable,
  customerId: string,
  { limit = 10, categories = [] as string[], notCategories = [] as string[], keepsBought = false } = {},
): Promise<Recommended[]> {
  const { rows } = await db.query<Recommended>(sql, [customerId, limit, categories, notCategories, keepsBought])
  return rows
}
