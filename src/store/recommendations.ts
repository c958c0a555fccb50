/**
 * Recommendations, worked out when somebody asks: so they know an order as soon as intake does. The tables of the
 * recommender in use hold what goes with what; the customer's own orders and views say where to look.
 */

import type { Queryable } from './database.ts'
import { standsForSql } from './stands-for.ts'

export interface RecommendationRules {
  readonly limit: number
  /** Products that they have bought already; `hide` unless given. */
  readonly bought?: 'hide' | 'keep'
  /** Only of these categories, if any is named. */
  readonly categories?: readonly string[]
  readonly notCategories?: readonly string[]
}

export interface RecommendedProduct {
  readonly productKey: string
  readonly name: string | null
  readonly category: string | null
  readonly priceCents: number | null
  readonly currency: string | null
  readonly url: string | null
  readonly imageUrl: string | null
  /** From 0 to 1, comparable only within one answer. */
  readonly score: number
  readonly basis: 'history' | 'popular' | 'category'
  /** In plain words. */
  readonly reason: string
}

/** So many of what is popular are looked at beside what is like what they have. */
export const mostPopular = 400

const shown = `p.product_key AS "productKey", p.name, p.category, p.price_cents::float8 AS "priceCents", p.currency,
    p.url, p.image_url AS "imageUrl"`

/** SQL, of a product `p`: said by the shop; a product of which nothing was said is there. */
export const inStock = `coalesce((p.attributes->>'stock')::numeric, 1) > 0`

const allowed = `${inStock}
       AND (cardinality($3::text[]) = 0 OR p.category = ANY ($3))
       AND NOT coalesce(p.category = ANY ($4), false)`

const forCustomerSql = `
  WITH model AS (
    SELECT id, coalesce((parameters->'setting'->>'likenessWeight')::float8, 0) AS weight
      FROM models WHERE kind = 'recommender' AND status = 'champion'
  ), owned AS MATERIALIZED (
    SELECT DISTINCT l.product_key
      FROM orders o JOIN order_lines l ON l.order_id = o.id
     WHERE o.customer_id = $1 AND o.cancelled_at IS NULL
  ), viewed AS MATERIALIZED (
    SELECT DISTINCT coalesce(properties->>'product_id', properties->>'sku') AS product_key
      FROM (SELECT properties FROM events WHERE customer_id = $1 AND name = 'Product Viewed'
             ORDER BY occurred_at DESC LIMIT 20) AS latest
  ), liked AS (
    SELECT product_key, 1.0 AS weight, true AS bought FROM owned
    UNION ALL
    SELECT product_key, 0.5, false FROM viewed WHERE product_key NOT IN (SELECT product_key FROM owned)
  ), alike AS MATERIALIZED (
    SELECT r.related_key AS product_key, sum(r.score * l.weight) AS score,
           (array_agg(l.product_key ORDER BY r.score * l.weight DESC))[1] AS because,
           (array_agg(l.bought ORDER BY r.score * l.weight DESC))[1] AS bought
      FROM liked l JOIN product_relations r ON r.model_id = (SELECT id FROM model) AND r.product_key = l.product_key
     WHERE $5 OR r.related_key NOT IN (SELECT product_key FROM owned)
     GROUP BY r.related_key
  ), favourite AS (
    SELECT category FROM customer_categories WHERE customer_id = $1 ORDER BY orders DESC, category LIMIT 3
  ), candidates AS (
    SELECT product_key FROM alike
    UNION
    (SELECT product_key FROM product_popularity WHERE model_id = (SELECT id FROM model) AND rank <= ${mostPopular})
    UNION
    -- New ones, of which nobody's orders tell anything yet.
    (SELECT product_key FROM products p WHERE p.category IN (SELECT category FROM favourite)
        AND NOT EXISTS (SELECT FROM product_popularity o WHERE o.model_id = (SELECT id FROM model) AND o.product_key = p.product_key)
      ORDER BY first_seen_at DESC LIMIT 20)
  ), rated AS (
    SELECT ${shown}, a.because, a.bought,
           coalesce((SELECT weight FROM model), 0) * coalesce(a.score / (SELECT max(score) FROM alike), 0)
             + (1 - coalesce((SELECT weight FROM model), 0))
               * coalesce(o.score, CASE WHEN p.category IN (SELECT category FROM favourite) THEN 0.1 END, 0) AS score,
           CASE WHEN a.because IS NOT NULL THEN 'history' WHEN o.score IS NOT NULL THEN 'popular' ELSE 'category' END AS basis
      FROM candidates c JOIN products p USING (product_key)
      LEFT JOIN alike a USING (product_key)
      LEFT JOIN product_popularity o ON o.model_id = (SELECT id FROM model) AND o.product_key = c.product_key
     WHERE ${allowed} AND ($5 OR c.product_key NOT IN (SELECT product_key FROM owned))
     ORDER BY score DESC, p.product_key LIMIT $2
  )
  SELECT r."productKey", r.name, r.category, r."priceCents", r.currency, r.url, r."imageUrl", r.score::float8, r.basis,
         CASE r.basis WHEN 'history' THEN CASE WHEN r.bought THEN 'because you bought ' ELSE 'because you looked at ' END
                        || coalesce(b.name, r.because)
                      WHEN 'popular' THEN 'what others buy'
                      ELSE 'new in ' || r.category END AS reason
    FROM rated r LEFT JOIN products b ON b.product_key = r.because
   ORDER BY r.score DESC, r."productKey"`

const relatedSql = `
  WITH model AS (
    SELECT id FROM models WHERE kind = 'recommender' AND status = 'champion'
  ), found AS (
    SELECT related_key AS product_key, score, 'history' AS basis
      FROM product_relations WHERE model_id = (SELECT id FROM model) AND product_key = $1
  ), same AS (
    SELECT p.product_key, 0.001 * coalesce(o.score, 0) AS score, 'category' AS basis
      FROM products q JOIN products p ON p.category = q.category AND p.product_key <> q.product_key
      LEFT JOIN product_popularity o ON o.model_id = (SELECT id FROM model) AND o.product_key = p.product_key
     WHERE q.product_key = $1 AND p.product_key NOT IN (SELECT product_key FROM found)
     ORDER BY o.score DESC NULLS LAST LIMIT 50
  )
  SELECT ${shown}, f.score::float8, f.basis,
         CASE f.basis WHEN 'history' THEN 'bought by the same customers' ELSE 'also in ' || p.category END AS reason
    FROM (SELECT * FROM found UNION ALL SELECT * FROM same) AS f JOIN products p USING (product_key)
   WHERE ${allowed}
   ORDER BY f.score DESC, p.product_key LIMIT $2`

/** The best products for a customer, best first. Without a history they are what others buy. */
export async function recommendFor(
  db: Queryable,
  customerId: string,
  { limit, bought = 'hide', categories = [], notCategories = [] }: RecommendationRules,
): Promise<RecommendedProduct[]> {
  const { rows } = await db.query<RecommendedProduct>({
    name: 'recommend-for',
    text: forCustomerSql,
    values: [customerId, limit, categories, notCategories, bought === 'keep'],
  })
  return rows
}

/** What goes with a product, best first; of one that nobody bought yet, what is of its category. */
export async function relatedTo(
  db: Queryable,
  productKey: string,
  { limit, categories = [], notCategories = [] }: Omit<RecommendationRules, 'bought'>,
): Promise<RecommendedProduct[]> {
  const { rows } = await db.query<RecommendedProduct>({
    name: 'related-to',
    text: relatedSql,
    values: [productKey, limit, categories, notCategories],
  })
  return rows
}

/** The customer with this id of ours, or under whom the shop knows this one; a merged one is who they became. */
export async function findRecommendee(db: Queryable, id: string): Promise<string | undefined> {
  const { rows } = await db.query<{ id: string }>({
    name: 'recommendee',
    text: `SELECT ${standsForSql('c')} AS id FROM customers c WHERE c.external_id = $1 OR c.id::text = $1 LIMIT 1`,
    values: [id],
  })
  return rows[0]?.id
}

/** How many of each product are there; null takes the word back. Unknown products are left out. @returns how many knew. */
export async function setStock(
  db: Queryable,
  stock: readonly { readonly productKey: string; readonly stock: number | null }[],
): Promise<number> {
  const { rowCount } = await db.query(
    `UPDATE products p SET attributes = CASE WHEN s.stock IS NULL THEN p.attributes - 'stock'
                                             ELSE p.attributes || jsonb_build_object('stock', s.stock) END
       FROM unnest($1::text[], $2::int[]) AS s (product_key, stock) WHERE p.product_key = s.product_key`,
    [stock.map(({ productKey }) => productKey), stock.map(({ stock: count }) => count)],
  )
  return rowCount ?? 0
}
