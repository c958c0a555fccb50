/**
 * The tables of the recommender in use, kept by the process that asks: the popularity of all its products, and what goes
 * with those that somebody has asked about. The tables of a model never change once it is in use, so nothing of this ages.
 */

import type { Queryable } from '../database.ts'

/** What goes with one product: places of products, and how well each goes with it. */
interface Relations {
  readonly related: Int32Array
  readonly scores: Float64Array
}

export interface ServedModel {
  readonly id: string
  /** How much likeness counts beside popularity, from 0 to 1. */
  readonly weight: number
  /** The product at each place, the most popular first. */
  readonly keys: readonly string[]
  readonly places: ReadonlyMap<string, number>
  /** By place, from 0 to 1. */
  readonly popularity: Float64Array
  /** By place, as far as they were asked for. */
  readonly relations: ReadonlyMap<number, Relations>
}

/** Beyond so many relations (24 MB) what is kept is forgotten, and read again as it is needed. */
const mostKept = 2_000_000

interface Kept {
  readonly model: ServedModel
  readonly relations: Map<number, Relations>
  count: number
}

let kept: Kept | undefined

/** The model with this id, knowing what goes with each of these products. */
export async function servedModel(
  db: Queryable,
  { id, weight }: Pick<ServedModel, 'id' | 'weight'>,
  products: Iterable<string>,
): Promise<ServedModel> {
  const mine = kept?.model.id === id && kept.count <= mostKept ? kept : await open(db, id, weight)
  kept = mine
  const unknown: string[] = []
  for (const key of new Set(products)) {
    const place = mine.model.places.get(key)
    if (place !== undefined && !mine.relations.has(place)) unknown.push(key)
  }
  if (unknown.length > 0) await readRelations(db, mine, unknown)
  return mine.model
}

async function open(db: Queryable, id: string, weight: number): Promise<Kept> {
  const { rows } = await db.query<{ keys: string[]; scores: number[] }>({
    name: 'popularity-of-products',
    text: `SELECT coalesce(json_agg(product_key ORDER BY rank), '[]') AS keys,
                  coalesce(json_agg(score ORDER BY rank), '[]') AS scores
             FROM product_popularity WHERE model_id = $1`,
    values: [id],
  })
  const { keys = [], scores = [] } = rows[0] ?? {}
  const relations = new Map<number, Relations>()
  const places = new Map(keys.map((key, place) => [key, place]))
  return { model: { id, weight, keys, places, popularity: Float64Array.from(scores), relations }, relations, count: 0 }
}

async function readRelations(db: Queryable, mine: Kept, products: readonly string[]): Promise<void> {
  const { places } = mine.model
  const { rows } = await db.query<{ product: string; related: string[]; scores: number[] }>({
    name: 'relations-of-products',
    text: `SELECT product_key AS product, json_agg(related_key ORDER BY rank) AS related,
                  json_agg(score ORDER BY rank) AS scores
             FROM product_relations WHERE model_id = $1 AND product_key = ANY ($2) GROUP BY product_key`,
    values: [mine.model.id, products],
  })
  const none: Relations = { related: new Int32Array(), scores: new Float64Array() }
  for (const key of products) mine.relations.set(places.get(key) as number, none)
  for (const { product, related, scores } of rows) {
    const found = related.map((key) => places.get(key) ?? -1)
    mine.relations.set(places.get(product) as number, {
      related: Int32Array.from(found.filter((place) => place >= 0)),
      scores: Float64Array.from(scores.filter((_, i) => (found[i] as number) >= 0)),
    })
    mine.count += related.length
  }
}
