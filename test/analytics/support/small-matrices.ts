/** Small 0/1 matrices for property tests, as plain rows. */

import fc from 'fast-check'
import { type SparsePattern, sparsePattern } from '../../../src/analytics/recommend/sparse-matrix.ts'

/** Matrices of 1 to 7 rows and 1 to 7 columns of 0 and 1. */
export function matrices(): fc.Arbitrary<number[][]> {
  return fc.tuple(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })).chain(([rows, columns]) =>
    fc.array(fc.array(fc.constantFrom(0, 1), { minLength: columns, maxLength: columns }), {
      minLength: rows,
      maxLength: rows,
    }),
  )
}

/** The sparse form of rows of 0 and 1. */
export function patternOf(cells: readonly (readonly number[])[]): SparsePattern {
  const set = cells.flatMap((row, r) => row.flatMap((value, c) => (value === 0 ? [] : [[r, c] as const])))
  return sparsePattern(
    cells.length,
    cells[0]?.length ?? 0,
    set.map(([row]) => row),
    set.map(([, column]) => column),
  )
}

/** The rows of 0 and 1 of a sparse form. */
export function denseOf({ rows, columns, starts, indices }: SparsePattern): number[][] {
  return Array.from({ length: rows }, (_, row) => {
    const set = new Set(indices.slice(starts[row], starts[row + 1]))
    return Array.from({ length: columns }, (_, column) => (set.has(column) ? 1 : 0))
  })
}
