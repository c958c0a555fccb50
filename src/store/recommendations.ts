/**
 * Recommendations, worked out when somebody asks: so they know an order as soon as intake does. The tables of the
 * recommender in use hold what goes with what; the customer's own orders and views say where to look; products are read
 * last, as they are now.
 */

import { setImmediate as nextTurn } from 'node:timers/promises'
import { isUuid } from './customer-list.ts'
import type { Queryable } from './database.ts'
import { inStock } from './recommending/in-stock.ts'
import { bestFirst, type RankedProduct, rankProducts } from './recommending/rank.ts'
import { type ServedModel, servedModel } from './recommending/served-model.ts'
import { likedBy, type Shopper, shoppers } from './recommending/shopper.ts'
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

const shown = `p.product_key AS "productKey", p.name, p.category, p.price_cents::float8 AS "priceCents", p.currency,
    p.url, p.image_url AS "imageUrl"`

/** SQL, of a product `p`, by parameters 3 and 4. */
const allowed = `${inStock}
       AND (cardinality($3::text[]) = 0 OR p.category = ANY ($3))
       AND NOT coalesce(p.category = ANY ($4), false)`

/** Beyond the wanted ones so many are asked about at once, since some may be out of stock. */
const spare = 30

/** Ranking is arithmetic over all products: so often others get their turn. */
const rankedAtOnce = 10

/** What is new in a category that they like counts as a tenth of what everybody buys. */
const freshPopularity = 0.1

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
  rules: RecommendationRules,
): Promise<readonly RecommendedProduct[]> {
  return (await recommendForAll(db, [customerId], rules)).get(customerId) ?? []
}

/** The same for many, in a few statements; by id. */
export async function recommendForAll(
  db: Queryable,
  customerIds: readonly string[],
  { limit, bought = 'hide', categories = [], notCategories = [] }: RecommendationRules,
): Promise<Map<string, readonly RecommendedProduct[]>> {
  const all = await shoppers(db, customerIds)
  const model = await modelOf(db, [...all.values()])
  const found = new Map<string, RecommendedProduct[]>([...all.keys()].map((id) => [id, []]))
  let short = [...all]
  // Where rules leave out most products, ever more are asked about.
  for (let from = 0, upTo = limit + spare; short.length > 0; from = upTo, upTo *= 4) {
    const pages: { readonly id: string; readonly page: readonly Candidate[] }[] = []
    for (const [id, who] of short) {
      if (pages.length % rankedAtOnce === rankedAtOnce - 1) await nextTurn()
      pages.push({ id, page: ranked(model, who, bought === 'keep', upTo).slice(from) })
    }
    const products = await productsOf(
      db,
      pages.flatMap(({ page }) => page),
      categories,
      notCategories,
    )
    const isShort = new Set<string>()
    for (const { id, page } of pages) {
      const mine = found.get(id)
      mine?.push(...described(page, products))
      if (page.length > 0 && mine !== undefined && mine.length < limit) isShort.add(id)
    }
    short = short.filter(([id]) => isShort.has(id))
  }
  return new Map([...found].map(([id, products]) => [id, products.slice(0, limit)]))
}

/** What goes with all that they have and have looked at; undefined: no model is in use. */
async function modelOf(db: Queryable, all: readonly Shopper[]): Promise<ServedModel | undefined> {
  const [first] = all
  if (first === undefined || first.modelId === null) return undefined
  const keys = all.flatMap(({ owned, viewed }) => [...owned, ...viewed])
  return servedModel(db, { id: first.modelId, weight: first.weight }, keys)
}

/** @returns the best so many of what may be shown to them, as far as no rule leaves it out. */
function ranked(model: ServedModel | undefined, who: Shopper, keepsBought: boolean, most: number): Candidate[] {
  const hidden = new Set(keepsBought ? [] : who.owned)
  const fresh = who.fresh
    .filter((key) => !hidden.has(key))
    .map((key) => ({ key, score: (1 - who.weight) * freshPopularity, because: undefined, isFresh: true as const }))
  if (model === undefined) return bestFirst(fresh, most)
  return bestFirst([...rankProducts(model, likedBy(who), hidden, most), ...fresh], most)
}

/** What is known of these products and of what speaks for them; whether rules leave them. */
async function productsOf(
  db: Queryable,
  candidates: readonly Candidate[],
  categories: readonly string[],
  notCategories: readonly string[],
): Promise<Map<string, ProductRow>> {
  const reasons = [...new Set(candidates.flatMap(({ because }) => (because === undefined ? [] : [because.key])))]
  const { rows } = await db.query<ProductRow>({
    name: 'recommended-products',
    text: `SELECT ${shown}, (${allowed}) AS allowed FROM products p
            WHERE p.product_key = ANY ($1::text[]) AND (${allowed} OR p.product_key = ANY ($2::text[]))`,
    values: [[...new Set([...candidates.map(({ key }) => key), ...reasons])], reasons, categories, notCategories],
  })
  return new Map(rows.map((row) => [row.productKey, row]))
}

/** Those of the page that the rules leave, in the page's order. */
function described(page: readonly Candidate[], products: ReadonlyMap<string, ProductRow>): RecommendedProduct[] {
  return page.flatMap((one): RecommendedProduct[] => {
    const product = products.get(one.key)
    if (product?.allowed !== true) return []
    const { allowed: _allowed, ...known } = product
    return [{ ...known, score: one.score, ...wordsFor(one, known.category, products) }]
  })
}

function wordsFor(
  { because, isFresh }: Candidate,
  category: string | null,
  products: ReadonlyMap<string, ProductRow>,
): Pick<RecommendedProduct, 'basis' | 'reason'> {
  if (isFresh) return { basis: 'category', reason: `new in ${category ?? 'the shop'}` }
  if (because === undefined) return { basis: 'popular', reason: 'what others buy' }
  const name = products.get(because.key)?.name ?? because.key
  return { basis: 'history', reason: `because you ${because.bought ? 'bought' : 'looked at'} ${name}` }
}

type Candidate = RankedProduct & { readonly isFresh?: true }
type ProductRow = Omit<RecommendedProduct, 'score' | 'basis' | 'reason'> & { readonly allowed: boolean }

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
    text: `SELECT ${standsForSql('c')} AS id FROM customers c WHERE c.external_id = $1 OR c.id = $2::uuid
            ORDER BY c.external_id = $1 DESC NULLS LAST LIMIT 1`,
    values: [id, isUuid(id) ? id : null],
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
