/**
 * The default recommender: likeness of items and of their attributes for customers with a history, popularity for the
 * rest. Each recommendation comes with its reasons.
 */

import { checkBetween, checkWhole, refuse } from '../core/check.ts'
import {
  type AttributeReason,
  type ContentModel,
  contentModel,
  contentProfile,
  explainByContent,
  scoreByContent,
} from './content-based.ts'
import { addWeighted } from './hybrid.ts'
import { checkIndices } from './indices.ts'
import { explainByItems, fitItemNeighbours, type ItemNeighbours, type ItemReason, scoreByItems } from './item-based.ts'
import { itemPopularity, segmentPopularity } from './popularity.ts'
import { itemsWithInteractions, minMaxScale, topItems, WITHHELD, withhold } from './ranking.ts'
import type { SparseMatrix, SparsePattern } from './sparse-matrix.ts'

/** What the recommender is made from. */
export interface RecommenderOptions {
  /** K; see chooseNeighbours. */
  readonly neighbours: number
  /** Co-purchases at which a likeness of items counts half; 0 by default. */
  readonly shrinkage?: number
  /** Items × attributes. Without it, items that nobody has are never recommended. */
  readonly attributes?: SparseMatrix
  /** How much likeness of attributes counts, from 0 to 1; 0.3 by default. See chooseHybridWeights. */
  readonly contentWeight?: number
  /** For each customer the number of a segment from 0, or −1 for none. */
  readonly segmentOf?: ArrayLike<number>
  /** How many segments there are; needed with `segmentOf`. */
  readonly segments?: number
}

/** The default recommender, fitted. */
export interface Recommender {
  readonly items: number
  readonly neighbours: ItemNeighbours
  readonly content: ContentModel | undefined
  readonly contentWeight: number
  /** 1 for the items that may be recommended. */
  readonly available: Uint8Array
  readonly popularity: Float64Array
  /** Segments × items, row-major. */
  readonly segmentPopularity: Float64Array | undefined
  readonly segments: number
}

/** For whom. */
export interface RecommendFor {
  /** The items that they have; they are not recommended again. */
  readonly owned: ArrayLike<number>
  /** The number of their segment, if any. */
  readonly segment?: number
  /** Other items that must not be recommended, such as those out of stock. */
  readonly exclude?: ArrayLike<number>
}

/** One recommended item. */
export interface Recommendation {
  readonly item: number
  /** What it rests on: the customer's own history, or what their segment or everyone takes up. */
  readonly basis: 'history' | 'segment' | 'everyone'
  /** From 0 to 1, comparable only within one basis. */
  readonly score: number
  /** "Because you bought …": empty unless the basis is the history. */
  readonly becauseOfItems: readonly ItemReason[]
  /** "Because you like …": empty unless the basis is the history. */
  readonly becauseOfAttributes: readonly AttributeReason[]
}

const REASONS = 3

/**
 * Fits the default recommender.
 *
 * @param interactions Customers × items. An item that nobody has is a new item: attributes are all that is known of it.
 * @throws RangeError if an option breaks its rule or does not fit the matrix.
 */
export function fitRecommender(interactions: SparsePattern, options: RecommenderOptions): Recommender {
  const { attributes, contentWeight = 0.3, segmentOf, segments = 0, neighbours, shrinkage = 0 } = options
  checkBetween('contentWeight', contentWeight, 0, 1)
  if (attributes !== undefined && attributes.rows !== interactions.columns) {
    refuse('attributes', attributes.rows, `must have a row for each of the ${interactions.columns} items`)
  }
  const content = attributes === undefined ? undefined : contentModel(attributes)
  const known = itemsWithInteractions(interactions)
  return {
    items: interactions.columns,
    neighbours: fitItemNeighbours(interactions, { similarity: 'cosine', neighbours, shrinkage }),
    content,
    contentWeight,
    available: content === undefined ? known : known.map((one, item) => (one || content.norms[item] ? 1 : 0)),
    popularity: itemPopularity(interactions).map((count) => count / interactions.rows),
    segmentPopularity:
      segmentOf === undefined
        ? undefined
        : segmentPopularity(interactions, segmentOf, checkWhole('segments', segments, 1)),
    segments,
  }
}

/**
 * Recommends up to `top` items. First what the history speaks for; places that it leaves open (all of them for a new
 * customer) go to what is popular in the segment, or with everyone if there is no segment.
 *
 * @throws RangeError if an item or the segment does not exist, or `top` is below 1.
 */
export function recommendItems(model: Recommender, customer: RecommendFor, top: number): Recommendation[] {
  checkWhole('top', top, 1)
  checkIndices('owned', customer.owned, model.items)
  checkIndices('exclude', customer.exclude ?? [], model.items)
  const personal = personalScores(model, customer)
  const list = rank(personal, top, (item, score) => ({
    item,
    basis: 'history',
    score,
    ...reasons(model, customer, item),
  }))
  if (list.length === top) return list

  const { scores, basis } = popularScores(model, customer)
  for (const { item } of list) scores[item] = WITHHELD
  const none = { becauseOfItems: [], becauseOfAttributes: [] }
  return [...list, ...rank(scores, top - list.length, (item, score) => ({ item, basis, score, ...none }))]
}

/** Like items and like attributes, each from 0 to 1 over the candidates, weighted; withheld where neither speaks. */
function personalScores(model: Recommender, customer: RecommendFor): Float64Array {
  const { content, contentWeight } = model
  const scores = new Float64Array(model.items)
  const speaks = new Uint8Array(model.items)
  const add = (partial: Float64Array, weight: number): void => {
    if (weight === 0) return
    partial.forEach((score, item) => {
      if (score > 0) speaks[item] = 1
    })
    withholdFrom(model, customer, partial)
    minMaxScale(partial)
    addWeighted(scores, partial, weight)
  }

  const alike = new Float64Array(model.items)
  scoreByItems(model.neighbours, customer.owned, alike)
  add(alike, content === undefined ? 1 : 1 - contentWeight)
  if (content !== undefined) {
    scoreByContent(content, contentProfile(content, customer.owned), alike)
    add(alike, contentWeight)
  }
  return scores.map((score, item) => (speaks[item] ? score : WITHHELD))
}

function popularScores(
  model: Recommender,
  customer: RecommendFor,
): { scores: Float64Array; basis: 'segment' | 'everyone' } {
  const { segment } = customer
  const inSegment = segment !== undefined && model.segmentPopularity !== undefined
  if (segment !== undefined) checkWhole('segment', segment, 0, Math.max(model.segments - 1, 0))
  const start = (segment ?? 0) * model.items
  const scores = inSegment ? model.segmentPopularity.slice(start, start + model.items) : model.popularity.slice()
  withholdFrom(model, customer, scores)
  return { scores, basis: inSegment ? 'segment' : 'everyone' }
}

function withholdFrom(model: Recommender, { owned, exclude = [] }: RecommendFor, scores: Float64Array): void {
  withhold(scores, model.available, owned)
  for (let e = 0; e < exclude.length; e++) scores[exclude[e] as number] = WITHHELD
}

function reasons(
  model: Recommender,
  { owned }: RecommendFor,
  item: number,
): Pick<Recommendation, 'becauseOfItems' | 'becauseOfAttributes'> {
  const { content } = model
  return {
    becauseOfItems: explainByItems(model.neighbours, Array.from(owned), item, REASONS),
    becauseOfAttributes:
      content === undefined ? [] : explainByContent(content, contentProfile(content, owned), item, REASONS),
  }
}

function rank(
  scores: Float64Array,
  top: number,
  recommendation: (item: number, score: number) => Recommendation,
): Recommendation[] {
  const best = topItems(scores, top)
  return Array.from(best.items, (item, place) => recommendation(item, best.scores[place] as number))
}
