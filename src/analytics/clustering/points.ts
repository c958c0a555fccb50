/** Rows of numbers of one length, as every clustering method takes them. */

import { checkFinite, checkWhole, refuse } from '../core/check.ts'

/** n points of d coordinates each. */
export interface PointSet {
  /** n × d numbers, row-major. */
  readonly values: Float64Array
  /** d, at least 1. */
  readonly dimensions: number
}

/** Points, each of which stands for so many equal ones. */
export interface WeightedPoints extends PointSet {
  readonly weights: Float64Array
}

/** The different points of a set in ascending order: by first coordinate, then second, and so on. */
export interface DistinctPoints extends WeightedPoints {
  /** Which of them each of the n rows is. */
  readonly pointOfRow: Int32Array
}

/** Beyond this a sum of squares could overflow. */
const largest = 1e145

/**
 * How many points there are, after checking them.
 *
 * @throws RangeError if there is none, if the rows are ragged, or if a value is not finite or above 1e145 in size.
 */
export function checkedCount({ values, dimensions }: PointSet): number {
  checkWhole('points.dimensions', dimensions, 1)
  if (values.length === 0) refuse('points.values', 'nothing', 'must hold at least one point')
  if (values.length % dimensions !== 0) {
    refuse('points.values.length', values.length, `must be a multiple of points.dimensions (${dimensions})`)
  }
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value >= -largest && value <= largest) continue
    const where = `points.values[${i}] (row ${Math.floor(i / dimensions)}, dimension ${i % dimensions})`
    refuse(where, checkFinite(where, value), `must lie between ${-largest} and ${largest}`)
  }
  return values.length / dimensions
}

/**
 * Puts equal rows together and the rest in order. What is computed from the result cannot depend on the order of the
 * rows, and data of few levels (scores from 1 to 5) shrinks to a handful of points.
 */
export function distinctPoints({ values, dimensions }: PointSet): DistinctPoints {
  const n = values.length / dimensions
  const order = ascendingRows({ values, dimensions })
  const distinct = new Float64Array(values.length)
  const weights = new Float64Array(n)
  const pointOfRow = new Int32Array(n)
  let count = 0
  for (let i = 0; i < n; i++) {
    const row = order[i] as number
    const previous = i === 0 ? -1 : (order[i - 1] as number)
    if (previous < 0 || compareRows({ values, dimensions }, previous, row) !== 0) {
      distinct.set(values.subarray(row * dimensions, (row + 1) * dimensions), count * dimensions)
      count++
    }
    weights[count - 1] = (weights[count - 1] as number) + 1
    pointOfRow[row] = count - 1
  }
  return { values: distinct.slice(0, count * dimensions), dimensions, weights: weights.slice(0, count), pointOfRow }
}

/** The row numbers in ascending order of the rows: by first coordinate, then second, and so on. */
export function ascendingRows(points: PointSet): Int32Array {
  const order = Int32Array.from({ length: points.values.length / points.dimensions }, (_, row) => row)
  return order.sort((a, b) => compareRows(points, a, b))
}

/** Negative if row `a` comes first, 0 if the rows are equal. */
export function compareRows({ values, dimensions }: PointSet, a: number, b: number): number {
  for (let t = 0; t < dimensions; t++) {
    const difference = (values[a * dimensions + t] as number) - (values[b * dimensions + t] as number)
    if (difference !== 0) return difference
  }
  return 0
}
