/** A matrix as the references read it. */

import type { DenseMatrix } from '../../src/analytics/core/dense-matrix.ts'

/** The rows of a matrix as arrays. */
export function nestedRows({ rows, columns, values }: DenseMatrix): number[][] {
  return Array.from({ length: rows }, (_, row) => Array.from(values.subarray(row * columns, (row + 1) * columns)))
}
