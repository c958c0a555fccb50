/** Small sets of points for the tests of clustering. */

import fc from 'fast-check'
import type { DenseMatrix } from '../../../src/analytics/core/dense-matrix.ts'

/** The matrix with the given rows. */
export function matrixOf(rows: readonly (readonly number[])[]): DenseMatrix {
  return { rows: rows.length, columns: rows[0]?.length ?? 0, values: Float64Array.from(rows.flat()) }
}

/** The rows of a matrix. */
export function rowsOf({ rows, columns, values }: DenseMatrix): number[][] {
  return Array.from({ length: rows }, (_, row) => Array.from(values.subarray(row * columns, (row + 1) * columns)))
}

/** 1 to `most` rows of 1 to 5 coordinates, half of them whole: equal rows and ties are as common as not. */
export function pointRows(most: number): fc.Arbitrary<number[][]> {
  const coordinate = fc.oneof(
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: -4_000_000, max: 4_000_000 }).map((millionths) => millionths / 1e6),
  )
  return fc
    .integer({ min: 1, max: 5 })
    .chain((columns) =>
      fc.array(fc.array(coordinate, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: most }),
    )
}

/** Rows with a random order of their numbers. */
export function shuffledRows(most: number): fc.Arbitrary<{ rows: number[][]; order: number[] }> {
  return pointRows(most).chain((rows) =>
    fc.record({
      rows: fc.constant(rows),
      order: fc.shuffledSubarray(
        rows.map((_, row) => row),
        { minLength: rows.length },
      ),
    }),
  )
}

/** The squared Euclidean distance, coordinate by coordinate. */
export function squareBetween(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0)
}
