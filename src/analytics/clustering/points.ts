/** Points in space, one a row: the checks and the order that all clustering shares. */

import { checkFinite, checkWhole, refuse } from '../core/check.ts'
import type { DenseMatrix } from '../core/dense-matrix.ts'

/** Points, each of which stands for so many equal ones. */
export interface WeightedPoints extends DenseMatrix {
  readonly weights: Float64Array
}

/** The different points of a matrix in ascending order: by first coordinate, then second, and so on. */
export interface DistinctPoints extends WeightedPoints {
  /** Which of them each row of the matrix is. */
  readonly pointOfRow: Int32Array
}

/** Beyond this a sum of squares could overflow. */
const largest = 1e145

/**
 * Checks points before they are clustered.
 *
 * @throws RangeError if there is none, if the shape does not fit, or if a value is not finite or above 1e145 in size.
 */
export function checkPoints({ rows, columns, values }: DenseMatrix): void {
  checkWhole('points.rows', rows, 1)
  checkWhole('points.columns', columns, 1)
  if (values.length !== rows * columns) {
    refuse('points.values.length', values.length, `must be rows × columns (${rows} × ${columns})`)
  }
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value >= -largest && value <= largest) continue
    const where = `points (row ${Math.floor(i / columns)}, column ${i % columns})`
    refuse(where, checkFinite(where, value), `must lie between ${-largest} and ${largest}`)
  }
}

/**
 * Puts equal rows together and the rest in order. What is computed from the result cannot depend on the order of the
 * rows, and data of few levels (scores from 1 to 5) shrinks to a handful of points.
 */
export function distinctPoints(matrix: DenseMatrix): DistinctPoints {
  const { rows, columns, values } = matrix
  const order = ascendingRows(matrix)
  const distinct = new Float64Array(values.length)
  const weights = new Float64Array(rows)
  const pointOfRow = new Int32Array(rows)
  let count = 0
  for (let i = 0; i < rows; i++) {
    const row = order[i] as number
    if (i === 0 || compareRows(matrix, order[i - 1] as number, row) !== 0) {
      distinct.set(values.subarray(row * columns, (row + 1) * columns), count * columns)
      count++
    }
    weights[count - 1] = (weights[count - 1] as number) + 1
    pointOfRow[row] = count - 1
  }
  const kept = distinct.slice(0, count * columns)
  return { rows: count, columns, values: kept, weights: weights.slice(0, count), pointOfRow }
}

/** The row numbers in ascending order of the rows: by first coordinate, then second, and so on. */
export function ascendingRows(matrix: DenseMatrix): Int32Array {
  const order = Int32Array.from({ length: matrix.rows }, (_, row) => row)
  return order.sort((a, b) => compareRows(matrix, a, b))
}

/** Negative if row `a` comes first, 0 if the rows are equal. */
export function compareRows({ columns, values }: DenseMatrix, a: number, b: number): number {
  for (let t = 0; t < columns; t++) {
    const difference = (values[a * columns + t] as number) - (values[b * columns + t] as number)
    if (difference !== 0) return difference
  }
  return 0
}
