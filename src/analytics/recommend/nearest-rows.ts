/** The nearest rows of every row of a 0/1 matrix: like customers, or, on the transpose, like items. */

import { checkBetween, checkWhole } from '../core/check.ts'
import { BestList } from './best-list.ts'
import { binarySimilarity, type SimilarityKind, shrinkage } from './similarity.ts'
import { rowSize, type SparsePattern, transposedPattern } from './sparse-matrix.ts'

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
}

/** Similarities that are equal to this many places are ties, broken by index: rounding noise decides nothing. */
const SIMILARITY_DECIMALS = 12

/**
 * The K nearest rows of each row: by similarity to 12 decimals, ties by index, itself excluded. Rows among the K whose
 * similarity is not positive are left out of the lists; no score that this library makes would count them.
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
  const lists = new ListWriter(rows)
  for (let row = 0; row < rows; row++) {
    const touched = shared.countFor(row)
    const size = rowSize(pattern, row)
    for (let t = 0; t < touched; t++) {
      const other = shared.rows[t] as number
      const both = shared.counts[other] as number
      shared.counts[other] = 0
      if (other === row) continue
      const whole = binarySimilarity(options.similarity, both, size, rowSize(pattern, other), pattern.columns)
      const similarity = whole * shrinkage(both, strength)
      if (similarity > 0 && similarity >= best.floor) best.offer(similarity, other)
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

interface SharedCounter {
  /** The rows that share a column with the row last counted, itself included, in no order. */
  readonly rows: Int32Array
  /** How many columns each row shares with it; whoever reads a count sets it back to 0. */
  readonly counts: Int32Array
  /** Counts for a row; returns how many `rows` there are. */
  countFor(row: number): number
}

function sharedCounter(pattern: SparsePattern): SharedCounter {
  const { starts, indices } = pattern
  const { starts: columnStarts, indices: rowsOf } = transposedPattern(pattern)
  const rows = new Int32Array(pattern.rows)
  const counts = new Int32Array(pattern.rows)
  return {
    rows,
    counts,
    countFor(row) {
      let touched = 0
      for (let e = starts[row] as number; e < (starts[row + 1] as number); e++) {
        const column = indices[e] as number
        const end = columnStarts[column + 1] as number
        for (let f = columnStarts[column] as number; f < end; f++) {
          const other = rowsOf[f] as number
          if ((counts[other] as number)++ === 0) rows[touched++] = other
        }
      }
      return touched
    },
  }
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
