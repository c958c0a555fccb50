/** The nearest rows of every row of a 0/1 matrix: like customers, or, on the transpose, like items. */

import { checkBetween, checkWhole } from '../core/check.ts'
import { BestList } from './best-list.ts'
import { binarySimilarity, type SimilarityKind, shrinkage } from './similarity.ts'
import { columnSizes, rowSize, type SparsePattern, transposedPattern } from './sparse-matrix.ts'

/** For each row its nearest other rows with a positive similarity, nearest first. */
export interface NeighbourLists {
  /** The number of rows. */
  readonly rows: number
  /** Row r has the entries from `starts[r]` up to, without, `starts[r + 1]`; rows + 1 numbers. */
  readonly starts: Int32Array
  readonly neighbours: Int32Array
  readonly similarities: Float64Array
}

/** How neighbours are found. */
export interface NeighbourOptions {
  readonly similarity: SimilarityKind
  /** K, at least 1; more than there are other rows means all of them. */
  readonly neighbours: number
  /** The number of co-ratings at which a similarity counts half; 0 (the default) takes it as it is. */
  readonly shrinkage?: number
  /** Told now and then what share of the rows is done. */
  readonly onProgress?: (share: number) => void
}

/** Similarities that are equal to this many places are ties, broken by index: rounding noise decides nothing. */
const SIMILARITY_DECIMALS = 12
const PROGRESS_ROWS = 64

/**
 * The K nearest rows of each row: by similarity to 12 decimals, ties by index, itself excluded. Rows among the K whose
 * similarity is not positive are left out of the lists; no score that this library makes would count them. For Pearson's
 * similarity, "all columns" are those that any row has.
 *
 * Work grows with the pairs of entries that share a column, not with rows².
 *
 * @throws RangeError if an option breaks its rule.
 */
export function nearestRows(pattern: SparsePattern, options: NeighbourOptions): NeighbourLists {
  const { rows } = pattern
  const capacity = Math.min(checkWhole('neighbours', options.neighbours, 1), rows)
  const strength = checkBetween('shrinkage', options.shrinkage ?? 0, 0, Number.MAX_VALUE)
  const best = new BestList(capacity, SIMILARITY_DECIMALS)
  const shared = sharedCounter(pattern)
  const likeness = rowLikeness(pattern, options.similarity)
  const lists = new ListWriter(rows)
  for (let row = 0; row < rows; row++) {
    if (row % PROGRESS_ROWS === 0) options.onProgress?.(row / rows)
    const touched = shared.countFor(row)
    let { floor } = best
    for (let t = 0; t < touched; t++) {
      const other = shared.rows[t] as number
      const both = shared.counts[other] as number
      shared.counts[other] = 0
      if (other === row) continue
      const similarity = likeness(row, other, both) * shrinkage(both, strength)
      if (similarity < floor || similarity <= 0) continue
      best.offer(similarity, other)
      floor = best.floor
    }
    lists.append(best)
  }
  return lists.finish()
}

/** The same lists with at most K neighbours a row: cross-validation need not search again for every K. */
export function nearestOf(lists: NeighbourLists, neighbours: number): NeighbourLists {
  checkWhole('neighbours', neighbours, 1)
  const writer = new ListWriter(lists.rows)
  for (let row = 0; row < lists.rows; row++) {
    const start = lists.starts[row] as number
    const end = Math.min(start + neighbours, lists.starts[row + 1] as number)
    writer.copy(lists.neighbours.subarray(start, end), lists.similarities.subarray(start, end))
  }
  return writer.finish()
}

/** The lists turned round: for each row, whose neighbour it is; by ascending index. */
export function neighbourOf(lists: NeighbourLists): NeighbourLists {
  const { rows, starts, neighbours, similarities } = lists
  const turned = new Int32Array(rows + 1)
  for (const other of neighbours) (turned[other + 1] as number)++
  for (let row = 0; row < rows; row++) (turned[row + 1] as number) += turned[row] as number
  const next = turned.slice(0, rows)
  const owners = new Int32Array(neighbours.length)
  const values = new Float64Array(neighbours.length)
  for (let row = 0; row < rows; row++) {
    for (let e = starts[row] as number; e < (starts[row + 1] as number); e++) {
      const place = (next[neighbours[e] as number] as number)++
      owners[place] = row
      values[place] = similarities[e] as number
    }
  }
  return { rows, starts: turned, neighbours: owners, similarities: values }
}

/** The similarity of two rows that share `both` columns; see binarySimilarity, with what each row brings made once. */
function rowLikeness(
  pattern: SparsePattern,
  kind: SimilarityKind,
): (row: number, other: number, both: number) => number {
  const { rows } = pattern
  const columns = columnSizes(pattern).reduce((sum, size) => sum + Math.sign(size), 0)
  const sizes = Float64Array.from({ length: rows }, (_, row) => rowSize(pattern, row))
  if (kind === 'euclidean') {
    return (row, other, both) => binarySimilarity(kind, both, sizes[row] as number, sizes[other] as number, columns)
  }
  const centred = kind === 'pearson'
  const norms = sizes.map((size) => Math.sqrt(centred ? size * (columns - size) : size))
  return (row, other, both) => {
    const product = centred ? columns * both - (sizes[row] as number) * (sizes[other] as number) : both
    const length = (norms[row] as number) * (norms[other] as number)
    return length === 0 ? 0 : product / length
  }
}

interface SharedCounter {
  /** The rows that share a column with the row last counted, itself included, in no order. */
  readonly rows: Int32Array
  /** How many columns each row shares with it; whoever reads a count sets it back to 0. */
  readonly counts: Int32Array
  /** Counts for a row; returns how many `rows` there are. */
  countFor(row: number): number
}

function sharedCounter(pattern: SparsePattern): SharedCounter {
  const byColumn = transposedPattern(pattern)
  const rows = new Int32Array(pattern.rows)
  const counts = new Int32Array(pattern.rows)
  return {
    rows,
    counts,
    countFor(row) {
      // Noting who was met costs more than the counting itself; a row that meets most others is better looked through.
      if (entriesMet(pattern, byColumn, row) < pattern.rows) return countAndNote(pattern, byColumn, row, counts, rows)
      countOnly(pattern, byColumn, row, counts)
      let touched = 0
      for (let other = 0; other < counts.length; other++) if (counts[other] !== 0) rows[touched++] = other
      return touched
    },
  }
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

/** Lists of unknown length, written one row after the other. */
class ListWriter {
  readonly #starts: Int32Array
  #neighbours: Int32Array
  #similarities: Float64Array
  #row = 0
  #length = 0

  constructor(rows: number) {
    this.#starts = new Int32Array(rows + 1)
    this.#neighbours = new Int32Array(8 * rows)
    this.#similarities = new Float64Array(8 * rows)
  }

  /** The next row's neighbours; empties the list. */
  append(best: BestList): void {
    this.#reserve(best.size)
    this.#end(best.drainInto(this.#neighbours, this.#similarities, this.#length))
  }

  /** The next row's neighbours. */
  copy(neighbours: Int32Array, similarities: Float64Array): void {
    this.#reserve(neighbours.length)
    this.#neighbours.set(neighbours, this.#length)
    this.#similarities.set(similarities, this.#length)
    this.#end(neighbours.length)
  }

  finish(): NeighbourLists {
    return {
      rows: this.#starts.length - 1,
      starts: this.#starts,
      neighbours: this.#neighbours.slice(0, this.#length),
      similarities: this.#similarities.slice(0, this.#length),
    }
  }

  #end(count: number): void {
    this.#length += count
    this.#starts[++this.#row] = this.#length
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#neighbours.length) return
    const neighbours = new Int32Array(2 * needed)
    const similarities = new Float64Array(2 * needed)
    neighbours.set(this.#neighbours)
    similarities.set(this.#similarities)
    this.#neighbours = neighbours
    this.#similarities = similarities
  }
}
