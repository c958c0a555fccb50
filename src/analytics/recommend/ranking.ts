/** From scores to a customer's list: what may be recommended, scaled and ranked. */

import { checkWhole } from '../core/check.ts'
import { BestList } from './best-list.ts'
import { columnSizes, rowIndices, rowSize, type SparsePattern } from './sparse-matrix.ts'

/** Writes a score for every item into `scores` (one per item, all overwritten). */
export type Scorer = (customer: number, scores: Float64Array) => void

/** Lists of recommended items, best first, for some customers. */
export interface RankedLists {
  readonly customers: Int32Array
  /** List l has the entries from `starts[l]` up to, without, `starts[l + 1]`. */
  readonly starts: Int32Array
  readonly items: Int32Array
  readonly scores: Float64Array
}

/** Scores that are equal to this many places are ties, broken by item: rounding noise decides nothing. */
const SCORE_DECIMALS = 10
/** Candidates whose scores all lie within this of each other, as a share of the largest, count as constant. */
const CONSTANT_WITHIN = 1e-12

/** The score of an item that may not be recommended. */
export const WITHHELD = Number.NEGATIVE_INFINITY

/** Which items have an interaction at all: 1 for them, 0 for the others. */
export function itemsWithInteractions(interactions: SparsePattern): Uint8Array {
  return Uint8Array.from(columnSizes(interactions), Math.sign)
}

/** Withholds the items that are not available and those that the customer has. */
export function withhold(scores: Float64Array, available: Uint8Array, owned: ArrayLike<number>): void {
  for (let item = 0; item < scores.length; item++) if (available[item] === 0) scores[item] = WITHHELD
  for (let i = 0; i < owned.length; i++) scores[owned[i] as number] = WITHHELD
}

/** Scales what is not withheld to lie from 0 to 1; constant scores become 0. */
export function minMaxScale(scores: Float64Array): void {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number
    if (score === WITHHELD) continue
    if (score < low) low = score
    if (score > high) high = score
  }
  const range = high - low
  const constant = !(range > CONSTANT_WITHIN * Math.max(Math.abs(low), Math.abs(high)))
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] !== WITHHELD) scores[i] = constant ? 0 : ((scores[i] as number) - low) / range
  }
}

/**
 * The `top` items by falling score, items with equal scores (to 10 decimals) by index; fewer if fewer are available.
 *
 * @throws RangeError unless `top` is a whole number of at least 1.
 */
export function topItems(scores: Float64Array, top: number): { items: Int32Array; scores: Float64Array } {
  const best = new BestList(Math.min(checkWhole('top', top, 1), scores.length), SCORE_DECIMALS)
  offerAll(best, scores)
  const items = new Int32Array(best.size)
  const kept = new Float64Array(best.size)
  best.drainInto(items, kept)
  return { items, scores: kept }
}

/**
 * The lists of many customers: each gets the `top` best of the items that anyone has and the customer has not.
 *
 * @param interactions Customers × items: what each customer has.
 * @param customers By default all that have an item.
 * @throws RangeError unless `top` is a whole number of at least 1.
 */
export function rankForCustomers(
  interactions: SparsePattern,
  scorer: Scorer,
  top: number,
  customers: Int32Array = customersWithItems(interactions),
): RankedLists {
  const collector = new ListCollector(customers.length, interactions.columns, top)
  const available = itemsWithInteractions(interactions)
  const scores = new Float64Array(interactions.columns)
  for (const customer of customers) {
    scorer(customer, scores)
    withhold(scores, available, rowIndices(interactions, customer))
    collector.add(customer, scores)
  }
  return collector.finish()
}

/** Ranks the scores of one customer after the other and keeps the lists. */
export class ListCollector {
  readonly #best: BestList
  readonly #customers: Int32Array
  readonly #starts: Int32Array
  readonly #items: Int32Array
  readonly #scores: Float64Array
  #lists = 0

  /**
   * @param customers How many will be added at most. @param items How many items there are.
   * @throws RangeError unless `top` is a whole number of at least 1.
   */
  constructor(customers: number, items: number, top: number) {
    const most = Math.min(checkWhole('top', top, 1), items)
    this.#best = new BestList(most, SCORE_DECIMALS)
    this.#customers = new Int32Array(customers)
    this.#starts = new Int32Array(customers + 1)
    this.#items = new Int32Array(customers * most)
    this.#scores = new Float64Array(customers * most)
  }

  /** Adds a customer's list; the scores are only read. */
  add(customer: number, scores: Float64Array): void {
    offerAll(this.#best, scores)
    const start = this.#starts[this.#lists] as number
    this.#customers[this.#lists++] = customer
    this.#starts[this.#lists] = start + this.#best.drainInto(this.#items, this.#scores, start)
  }

  finish(): RankedLists {
    const length = this.#starts[this.#lists]
    return {
      customers: this.#customers.subarray(0, this.#lists),
      starts: this.#starts.subarray(0, this.#lists + 1),
      items: this.#items.subarray(0, length),
      scores: this.#scores.subarray(0, length),
    }
  }
}

/** The customers that have at least one item. */
export function customersWithItems(interactions: SparsePattern): Int32Array {
  const customers: number[] = []
  for (let customer = 0; customer < interactions.rows; customer++) {
    if (rowSize(interactions, customer) > 0) customers.push(customer)
  }
  return Int32Array.from(customers)
}

function offerAll(best: BestList, scores: Float64Array): void {
  let { floor } = best
  for (let item = 0; item < scores.length; item++) {
    const score = scores[item] as number
    if (score < floor) continue
    best.offer(score, item)
    floor = best.floor
  }
}
