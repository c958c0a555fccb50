/** Predicting ratings: the mean of what the nearest customers gave an item, or what the customer gave the nearest items. */

import { checkBetween, checkWhole, refuse } from '../core/check.ts'
import { BestList } from './best-list.ts'
import { coRatedSimilarity } from './co-rated-similarity.ts'
import { checkIndices } from './indices.ts'
import type { SimilarityKind } from './similarity.ts'
import { rowSize, type SparseMatrix, transposed } from './sparse-matrix.ts'

/** How ratings are predicted. */
export interface RatingKnnOptions {
  /** Whose likeness counts. */
  readonly by: 'customers' | 'items'
  /** Over the co-rated entries only. */
  readonly similarity: SimilarityKind
  /** K, at least 1. */
  readonly neighbours: number
  /** Predict the difference from the own mean instead of the rating; false by default. */
  readonly centred?: boolean
  /** Predictions are clipped to these; by default to the lowest and highest rating known. */
  readonly range?: readonly [low: number, high: number]
  /** As in nearestRows. */
  readonly shrinkage?: number
}

/** Ratings, ready for prediction. */
export interface RatingKnn {
  readonly options: RatingKnnOptions
  /** Rows are what `by` says. */
  readonly byRow: SparseMatrix
  readonly byColumn: SparseMatrix
  readonly globalMean: number
  /** The mean rating of each row, the global mean for a row without one. */
  readonly rowMeans: Float64Array
  readonly range: readonly [low: number, high: number]
}

const SIMILARITY_DECIMALS = 12

/**
 * Prepares ratings for prediction.
 *
 * @param ratings Customers × items.
 * @throws RangeError if there is no rating or an option breaks its rule.
 */
export function fitRatingKnn(ratings: SparseMatrix, options: RatingKnnOptions): RatingKnn {
  checkWhole('neighbours', options.neighbours, 1)
  checkBetween('shrinkage', options.shrinkage ?? 0, 0, Number.MAX_VALUE)
  if (ratings.values.length === 0) refuse('ratings', 'nothing', 'must hold at least one rating')
  const [low, high] = options.range ?? extremes(ratings.values)
  if (!(low <= high)) refuse('range', `${low}, ${high}`, 'must be a low and a high rating')
  const turned = transposed(ratings)
  const [byRow, byColumn] = options.by === 'customers' ? [ratings, turned] : [turned, ratings]
  const globalMean = ratings.values.reduce((sum, rating) => sum + rating, 0) / ratings.values.length
  return { options, byRow, byColumn, globalMean, rowMeans: meansOf(byRow, globalMean), range: [low, high] }
}

/**
 * Predicts ratings. With `by: 'customers'`, the prediction for (u, i) is Σ s·r / Σ s over the K customers v most similar
 * to u (s = similarity above 0, ties by index) who rated i; centred, u's mean plus Σ s·(r − v's mean) / Σ s. Where nobody
 * fits: the global mean, or centred, u's mean. A customer or an item without any rating gets the global mean; an index
 * of −1 stands for one that the matrix does not know.
 *
 * Similarities are made row by row and not kept: memory grows with the ratings, not with customers².
 *
 * @param customers For each prediction its customer. @param items For each prediction its item.
 * @throws RangeError if the lists differ in length or an index is outside the matrix.
 * @see Desrosiers & Karypis (2011), "A Comprehensive Survey of Neighborhood-based Recommendation Methods", section 4.2.
 */
export function predictRatings(model: RatingKnn, customers: ArrayLike<number>, items: ArrayLike<number>): Float64Array {
  const { byRow, globalMean, options } = model
  if (items.length !== customers.length)
    refuse('items', items.length, `must be as many as customers (${customers.length})`)
  const [customerCount, itemCount] =
    options.by === 'customers' ? [byRow.rows, byRow.columns] : [byRow.columns, byRow.rows]
  checkIndices('customers', customers, customerCount, -1)
  checkIndices('items', items, itemCount, -1)
  const [rowOf, columnOf] = options.by === 'customers' ? [customers, items] : [items, customers]
  const predictions = new Float64Array(rowOf.length)
  const similarityRow = coRatedSimilarity(byRow, model.byColumn, options.similarity, options.shrinkage ?? 0)
  const best = new BestList(Math.min(options.neighbours, byRow.rows), SIMILARITY_DECIMALS)
  for (const place of placesByRow(rowOf)) {
    const row = rowOf[place] as number
    const column = columnOf[place] as number
    const known = row >= 0 && column >= 0 && rowSize(byRow, row) > 0 && rowSize(model.byColumn, column) > 0
    const rating = known ? predict(model, similarityRow(row), row, column, best) : globalMean
    predictions[place] = Math.min(model.range[1], Math.max(model.range[0], rating))
  }
  return predictions
}

function predict(model: RatingKnn, similarities: Float64Array, row: number, column: number, best: BestList): number {
  const { byColumn, rowMeans, globalMean } = model
  const centred = model.options.centred ?? false
  const start = byColumn.starts[column] as number
  const end = byColumn.starts[column + 1] as number
  for (let e = start; e < end; e++) {
    const other = byColumn.indices[e] as number
    const similarity = similarities[other] as number
    if (other !== row && similarity > 0 && similarity >= best.floor) best.offer(similarity, e)
  }
  let weights = 0
  let sum = 0
  best.drain((similarity, e) => {
    const rating = byColumn.values[e] as number
    weights += similarity
    sum += similarity * (centred ? rating - (rowMeans[byColumn.indices[e] as number] as number) : rating)
  })
  const own = centred ? (rowMeans[row] as number) : 0
  if (weights === 0) return centred ? own : globalMean
  return own + sum / weights
}

/** The places of the predictions, those of one row together, so that each row's similarities are made once. */
function placesByRow(rowOf: ArrayLike<number>): Int32Array {
  const places = Int32Array.from({ length: rowOf.length }, (_, place) => place)
  return places.sort((a, b) => (rowOf[a] as number) - (rowOf[b] as number) || a - b)
}

function meansOf({ rows, starts, values }: SparseMatrix, globalMean: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    const own = values.subarray(starts[row], starts[row + 1])
    return own.length === 0 ? globalMean : own.reduce((sum, value) => sum + value, 0) / own.length
  })
}

function extremes(values: Float64Array): [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return [low, high]
}
