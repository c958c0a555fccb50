/** How alike the rows of a rating matrix are over what both have rated. */

import { type SimilarityKind, shrinkage } from './similarity.ts'
import type { SparseMatrix } from './sparse-matrix.ts'

/** Sums over the co-rated columns of two rows, next to each other in memory: the loop that adds them up is the hot one. */
const SUMS = 6
const [COUNT, A, B, AB, AA, BB] = [0, 1, 2, 3, 4, 5] as const

/** A spread below this share of the squares that it is the difference of is rounding, so the row is constant. */
const CONSTANT_WITHIN = 1e-12

/**
 * A function that gives the similarities of one row with all rows, 0 where they have rated nothing in common:
 *
 * - cosine: Σab / √(Σa²·Σb²)
 * - Pearson: correlation, means taken over the co-rated columns; 0 if either is constant there
 * - Euclidean: 1 / (1 + √(mean of (a − b)²))
 *
 * The array that it returns is used again by its next call. The row's own place holds nothing of use.
 *
 * @param byRow Rows × columns. @param byColumn Its transpose. @param strength Of the shrinkage; 0 for none.
 */
export function coRatedSimilarity(
  byRow: SparseMatrix,
  byColumn: SparseMatrix,
  kind: SimilarityKind,
  strength: number,
): (row: number) => Float64Array {
  // Correlation does not mind a shift; near 0, the differences of large sums below lose nothing. Whole, to stay exact.
  const shift = kind === 'pearson' ? Math.round(meanOf(byRow.values)) : 0
  const rowValues = byRow.values.map((value) => value - shift)
  const columnValues = byColumn.values.map((value) => value - shift)
  const sums = new Float64Array(byRow.rows * SUMS)
  const touched = new Int32Array(byRow.rows)
  const similarities = new Float64Array(byRow.rows)
  let current = -1
  let count = 0

  const addUp = (row: number): void => {
    count = 0
    for (let e = byRow.starts[row] as number; e < (byRow.starts[row + 1] as number); e++) {
      const column = byRow.indices[e] as number
      const a = rowValues[e] as number
      const end = byColumn.starts[column + 1] as number
      for (let f = byColumn.starts[column] as number; f < end; f++) {
        const other = byColumn.indices[f] as number
        const b = columnValues[f] as number
        const at = other * SUMS
        if (sums[at] === 0) touched[count++] = other
        sums[at] = (sums[at] as number) + 1
        sums[at + A] = (sums[at + A] as number) + a
        sums[at + B] = (sums[at + B] as number) + b
        sums[at + AB] = (sums[at + AB] as number) + a * b
        sums[at + AA] = (sums[at + AA] as number) + a * a
        sums[at + BB] = (sums[at + BB] as number) + b * b
      }
    }
  }

  return (row) => {
    if (row === current) return similarities
    for (let t = 0; t < count; t++) similarities[touched[t] as number] = 0
    addUp(row)
    for (let t = 0; t < count; t++) {
      const other = touched[t] as number
      const at = other * SUMS
      similarities[other] = similarityOf(kind, sums, at) * shrinkage(sums[at + COUNT] as number, strength)
      sums.fill(0, at, at + SUMS)
    }
    current = row
    return similarities
  }
}

function similarityOf(kind: SimilarityKind, sums: Float64Array, at: number): number {
  const n = sums[at + COUNT] as number
  const a = sums[at + A] as number
  const b = sums[at + B] as number
  const ab = sums[at + AB] as number
  const aa = sums[at + AA] as number
  const bb = sums[at + BB] as number
  if (kind === 'euclidean') return 1 / (1 + Math.sqrt(Math.max(0, aa + bb - 2 * ab) / n))
  if (kind === 'cosine') return ratio(ab, Math.sqrt(aa) * Math.sqrt(bb))
  return ratio(n * ab - a * b, Math.sqrt(spread(n, a, aa)) * Math.sqrt(spread(n, b, bb)))
}

function ratio(product: number, norms: number): number {
  return norms === 0 ? 0 : product / norms
}

function spread(n: number, sum: number, squares: number): number {
  const value = n * squares - sum * sum
  return value > CONSTANT_WITHIN * n * squares ? value : 0
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1)
}
