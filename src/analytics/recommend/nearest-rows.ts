/** The nearest rows of every row of a 0/1 matrix: like customers, or, on the transpose, like items. */

import { checkBetween, checkWhole } from '../core/check.ts'
import { BestList } from './best-list.ts'
import { type RowSimilarities, rowSimilarities } from './row-similarities.ts'
import type { SimilarityKind } from './similarity.ts'
import type { SparsePattern } from './sparse-matrix.ts'

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
  const met = rowSimilarities(pattern, options.similarity, strength)
  const lists = new ListWriter(rows)
  for (let row = 0; row < rows; row++) {
    if (row % PROGRESS_ROWS === 0) options.onProgress?.(row / rows)
    offerPositive(best, met, met.fill(row))
    lists.append(best)
  }
  return lists.finish()
}

function offerPositive(best: BestList, { rows, similarities }: RowSimilarities, count: number): void {
  let { floor } = best
  for (let m = 0; m < count; m++) {
    const similarity = similarities[m] as number
    if (similarity < floor || similarity <= 0) continue
    best.offer(similarity, rows[m] as number)
    floor = best.floor
  }
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
