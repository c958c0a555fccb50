/** The similarities of one row of a 0/1 matrix with all rows that it shares a column with. */

import { type SimilarityKind, shrinkage } from './similarity.ts'
import { columnSizes, rowSize, type SparsePattern, transposedPattern } from './sparse-matrix.ts'

/** The rows that the row at hand shares a column with, itself among them, in no order. */
export interface RowSimilarities {
  readonly rows: Int32Array
  /** One for each of `rows`; that of the row with itself is 0. */
  readonly similarities: Float64Array
  /** Fills both for a row; returns how many rows there are. What is behind them is from earlier. */
  fill(row: number): number
}

/**
 * Prepares the similarities of rows a and b, made from counts alone:
 *
 * - cosine: shared / √(size of a · size of b)
 * - Pearson: the phi coefficient over the columns that any row has, 0 if a or b has none or all of them
 * - Euclidean: 1 / (1 + √(columns that exactly one of them has)); 0 for rows that share nothing, which are not met
 *
 * These loops are where collaborative filtering spends its time: what a row brings to each of its similarities is made
 * once.
 *
 * @param strength Of the shrinkage; 0 for none.
 */
export function rowSimilarities(pattern: SparsePattern, kind: SimilarityKind, strength: number): RowSimilarities {
  const columns = columnSizes(pattern).reduce((sum, size) => sum + Math.sign(size), 0)
  const sizes = Float64Array.from({ length: pattern.rows }, (_, row) => rowSize(pattern, row))
  const norms = sizes.map((size) => Math.sqrt(kind === 'pearson' ? size * (columns - size) : size))
  const byColumn = transposedPattern(pattern)
  const met: MetRows = {
    rows: new Int32Array(pattern.rows),
    shared: new Int32Array(pattern.rows),
    similarities: new Float64Array(pattern.rows),
  }
  return {
    rows: met.rows,
    similarities: met.similarities,
    fill(row) {
      const count = countShared(pattern, byColumn, row, met)
      if (kind === 'cosine') fillCosine(met, count, row, norms)
      else if (kind === 'pearson') fillPearson(met, count, row, norms, sizes, columns)
      else fillEuclidean(met, count, row, sizes)
      if (strength > 0) shrink(met, count, strength)
      clear(met, count, row)
      return count
    },
  }
}

interface MetRows {
  readonly rows: Int32Array
  /** For each row of the matrix, how many columns it shares with the row at hand; between rows all 0. */
  readonly shared: Int32Array
  readonly similarities: Float64Array
}

function fillCosine({ rows, shared, similarities }: MetRows, count: number, row: number, norms: Float64Array): void {
  const own = norms[row] as number
  for (let m = 0; m < count; m++) {
    const other = rows[m] as number
    similarities[m] = (shared[other] as number) / (own * (norms[other] as number))
  }
}

function fillPearson(
  { rows, shared, similarities }: MetRows,
  count: number,
  row: number,
  norms: Float64Array,
  sizes: Float64Array,
  columns: number,
): void {
  const own = norms[row] as number
  const size = sizes[row] as number
  for (let m = 0; m < count; m++) {
    const other = rows[m] as number
    const norm = own * (norms[other] as number)
    const product = columns * (shared[other] as number) - size * (sizes[other] as number)
    similarities[m] = norm === 0 ? 0 : product / norm
  }
}

function fillEuclidean({ rows, shared, similarities }: MetRows, count: number, row: number, sizes: Float64Array): void {
  const size = sizes[row] as number
  for (let m = 0; m < count; m++) {
    const other = rows[m] as number
    similarities[m] = 1 / (1 + Math.sqrt(size + (sizes[other] as number) - 2 * (shared[other] as number)))
  }
}

function shrink({ rows, shared, similarities }: MetRows, count: number, strength: number): void {
  for (let m = 0; m < count; m++) {
    similarities[m] = (similarities[m] as number) * shrinkage(shared[rows[m] as number] as number, strength)
  }
}

function clear({ rows, shared, similarities }: MetRows, count: number, row: number): void {
  for (let m = 0; m < count; m++) {
    const other = rows[m] as number
    shared[other] = 0
    if (other === row) similarities[m] = 0
  }
}

function countShared(pattern: SparsePattern, byColumn: SparsePattern, row: number, { rows, shared }: MetRows): number {
  // Noting who was met costs more than the counting itself; a row that meets most others is better looked through.
  if (entriesMet(pattern, byColumn, row) < pattern.rows) return countAndNote(pattern, byColumn, row, shared, rows)
  countOnly(pattern, byColumn, row, shared)
  let count = 0
  for (let other = 0; other < shared.length; other++) if (shared[other] !== 0) rows[count++] = other
  return count
}

function entriesMet({ starts, indices }: SparsePattern, byColumn: SparsePattern, row: number): number {
  let met = 0
  for (let e = starts[row] as number; e < (starts[row + 1] as number); e++)
    met += rowSize(byColumn, indices[e] as number)
  return met
}

function countOnly({ starts, indices }: SparsePattern, byColumn: SparsePattern, row: number, counts: Int32Array): void {
  const { starts: columnStarts, indices: rowsOf } = byColumn
  const end = starts[row + 1] as number
  for (let e = starts[row] as number; e < end; e++) {
    const column = indices[e] as number
    const columnEnd = columnStarts[column + 1] as number
    for (let f = columnStarts[column] as number; f < columnEnd; f++) (counts[rowsOf[f] as number] as number)++
  }
}

function countAndNote(
  { starts, indices }: SparsePattern,
  byColumn: SparsePattern,
  row: number,
  counts: Int32Array,
  rows: Int32Array,
): number {
  const { starts: columnStarts, indices: rowsOf } = byColumn
  const end = starts[row + 1] as number
  let touched = 0
  for (let e = starts[row] as number; e < end; e++) {
    const column = indices[e] as number
    const columnEnd = columnStarts[column + 1] as number
    for (let f = columnStarts[column] as number; f < columnEnd; f++) {
      const other = rowsOf[f] as number
      if ((counts[other] as number)++ === 0) rows[touched++] = other
    }
  }
  return touched
}
