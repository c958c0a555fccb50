/** Choosing how to recommend by what customers of this shop bought later, and the tables that serve it. */

import { refuse } from '../core/check.ts'
import {
  type Interactions,
  indexInteractions,
  interactionMatrix,
  selectInteractions,
} from '../recommend/interactions.ts'
import { fitItemNeighbours, scoreByItems, withNeighbours } from '../recommend/item-based.ts'
import { itemPopularity } from '../recommend/popularity.ts'
import { itemsWithInteractions, minMaxScale, rankForCustomers, type Scorer, withhold } from '../recommend/ranking.ts'
import { type RankingMetrics, rankingMetrics } from '../recommend/ranking-metrics.ts'
import { rowIndices, rowSize, type SparsePattern } from '../recommend/sparse-matrix.ts'

export interface RecommenderTraining {
  /** Row by row: a customer, a product, and when the one first bought the other. */
  readonly customers: readonly string[]
  readonly products: readonly string[]
  readonly firstMs: Float64Array
  /** Settings are chosen by what was bought from the first moment to the second, and judged by what came after it. */
  readonly chooseFromMs: number
  readonly judgeFromMs: number
}

export interface RecommenderSetting {
  readonly neighbours: number
  readonly shrinkage: number
  /** How much likeness of products counts beside what is bought of late, from 0 to 1. */
  readonly likenessWeight: number
  /** Popularity is counted over so many days; null: over all. */
  readonly popularDays: number | null
}

/** Flat: relation r is of `product[r]` to `related[r]`, each an index into `products`. */
export interface RecommenderTables {
  readonly products: readonly string[]
  readonly product: Int32Array
  readonly related: Int32Array
  readonly score: Float64Array
  /** One per product, from 0 to 1. */
  readonly popularity: Float64Array
}

export interface RecommenderChoice {
  readonly setting: RecommenderSetting
  readonly tables: RecommenderTables
  /** On the orders that no setting was chosen by, for lists of ten. */
  readonly hybrid: RankingMetrics
  readonly popularityOnly: RankingMetrics
  readonly likenessOnly: RankingMetrics
  readonly customers: number
  /** Lists of 5 and of 20 beside it: how much more is found by showing more. */
  readonly tops: readonly { readonly top: number; readonly f1: number }[]
}

const top = 10
const dayMs = 86_400_000
const neighbourChoices = [20, 50, 100] as const
const shrinkageChoices = [0, 10] as const
const weightChoices = [0, 0.3, 0.5, 0.7, 0.85, 0.95, 1] as const
const popularChoices = [null, 60, 21] as const

/** @throws RangeError if nobody who had bought before bought anything new in either of the later stretches. */
export function chooseRecommender(
  training: RecommenderTraining,
  onProgress: (share: number) => void = () => {},
): RecommenderChoice {
  const { customers, products, firstMs, chooseFromMs, judgeFromMs } = training
  const all = indexInteractions(customers, products)
  const choosing = split(all, firstMs, chooseFromMs, judgeFromMs)
  const setting = bestSetting(choosing, all, firstMs, (share) => onProgress(share * 0.6))
  const judging = split(all, firstMs, judgeFromMs, Number.POSITIVE_INFINITY)
  const neighbours = fitItemNeighbours(judging.train, { similarity: 'cosine', ...setting })
  const recent = popularity(all, firstMs, judgeFromMs, setting.popularDays)
  const likeness: Scorer = (customer, scores) => scoreByItems(neighbours, rowIndices(judging.train, customer), scores)
  const plain = popularity(all, firstMs, judgeFromMs, null)
  const judged = (scorer: Scorer, size = top): RankingMetrics => evaluate(judging, scorer, size)
  const hybrid = mixed(judging.train, likeness, recent, setting.likenessWeight)
  onProgress(0.8)
  return {
    setting,
    hybrid: judged(hybrid),
    popularityOnly: judged((_customer, scores) => scores.set(plain)),
    likenessOnly: judged(likeness),
    customers: judging.customers.length,
    tops: [5, top, 20].map((size) => ({ top: size, f1: judged(hybrid, size).f1 })),
    tables: tablesOf(all, firstMs, setting),
  }
}

interface Split {
  readonly train: SparsePattern
  readonly relevant: SparsePattern
  /** Who has something to learn from and something to find. */
  readonly customers: Int32Array
  readonly untilMs: number
}

/** What was first bought before a moment, and what of the known products was first bought from then on. */
function split(all: Interactions, firstMs: Float64Array, fromMs: number, untilMs: number): Split {
  const train = interactionMatrix(selectInteractions(all, (pair) => (firstMs[pair] as number) < fromMs))
  const known = itemsWithInteractions(train)
  const relevant = interactionMatrix(
    selectInteractions(all, (pair) => {
      const atMs = firstMs[pair] as number
      return atMs >= fromMs && atMs < untilMs && known[all.itemOf[pair] as number] === 1
    }),
  )
  const customers = Int32Array.from({ length: train.rows }, (_, row) => row).filter(
    (row) => rowSize(train, row) > 0 && rowSize(relevant, row) > 0,
  )
  if (customers.length === 0) refuse('firstMs', fromMs, 'must be followed by a new purchase of a known customer')
  return { train, relevant, customers, untilMs: fromMs }
}

function evaluate({ train, relevant, customers }: Split, scorer: Scorer, size: number): RankingMetrics {
  const candidates = itemsWithInteractions(train).reduce((sum, one) => sum + one, 0)
  return rankingMetrics(rankForCustomers(train, scorer, size, customers), relevant, size, candidates)
}

function bestSetting(
  choosing: Split,
  all: Interactions,
  firstMs: Float64Array,
  onProgress: (share: number) => void,
): RecommenderSetting {
  let best: { setting: RecommenderSetting; ndcg: number } | undefined
  for (const [i, shrinkage] of shrinkageChoices.entries()) {
    const widest = fitItemNeighbours(choosing.train, {
      similarity: 'cosine',
      neighbours: Math.max(...neighbourChoices),
      shrinkage,
    })
    for (const [j, neighbours] of neighbourChoices.entries()) {
      const model = withNeighbours(widest, neighbours)
      const likeness: Scorer = (customer, scores) => scoreByItems(model, rowIndices(choosing.train, customer), scores)
      for (const popularDays of popularChoices) {
        const popular = popularity(all, firstMs, choosing.untilMs, popularDays)
        for (const likenessWeight of weightChoices) {
          const { ndcg } = evaluate(choosing, mixed(choosing.train, likeness, popular, likenessWeight), top)
          if (best === undefined || ndcg > best.ndcg) {
            best = { setting: { neighbours, shrinkage, likenessWeight, popularDays }, ndcg }
          }
        }
      }
      onProgress((i * neighbourChoices.length + j + 1) / (neighbourChoices.length * shrinkageChoices.length))
    }
  }
  return (best as { setting: RecommenderSetting }).setting
}

/** As the product serves it: both parts scaled over what the customer has not bought. */
function mixed(train: SparsePattern, likeness: Scorer, popular: Float64Array, weight: number): Scorer {
  const available = itemsWithInteractions(train)
  const alike = new Float64Array(train.columns)
  return (customer, scores) => {
    likeness(customer, alike)
    withhold(alike, available, rowIndices(train, customer))
    minMaxScale(alike)
    for (let item = 0; item < scores.length; item++) {
      scores[item] = weight * (alike[item] as number) + (1 - weight) * (popular[item] as number)
    }
  }
}

/** Buyers per product before a moment, of the last days only, from 0 to 1. */
function popularity(all: Interactions, firstMs: Float64Array, untilMs: number, days: number | null): Float64Array {
  const fromMs = days === null ? Number.NEGATIVE_INFINITY : untilMs - days * dayMs
  const some = selectInteractions(all, (pair) => {
    const atMs = firstMs[pair] as number
    return atMs >= fromMs && atMs < untilMs
  })
  const counts = itemPopularity(interactionMatrix(some))
  const most = counts.reduce((max, count) => Math.max(max, count), 1)
  return Float64Array.from(counts, (count) => count / most)
}

/** Fitted again on everything. A relation is filed under the product that somebody has: that is how it is looked up. */
function tablesOf(all: Interactions, firstMs: Float64Array, setting: RecommenderSetting): RecommenderTables {
  const { nearest } = fitItemNeighbours(interactionMatrix(all), { similarity: 'cosine', ...setting })
  const endMs = firstMs.reduce((max, atMs) => Math.max(max, atMs), 0) + 1
  const order: { product: number; related: number; score: number }[] = []
  for (let item = 0; item < nearest.rows; item++) {
    for (let e = nearest.starts[item] as number; e < (nearest.starts[item + 1] as number); e++) {
      const product = nearest.neighbours[e] as number
      order.push({ product, related: item, score: nearest.similarities[e] as number })
    }
  }
  order.sort((a, b) => a.product - b.product || b.score - a.score || a.related - b.related)
  return {
    products: all.itemIds,
    product: Int32Array.from(order, ({ product }) => product),
    related: Int32Array.from(order, ({ related }) => related),
    score: Float64Array.from(order, ({ score }) => score),
    popularity: popularity(all, firstMs, endMs, setting.popularDays),
  }
}
