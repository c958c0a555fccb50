/** The best few of many scored candidates, in an order that rounding noise cannot change. */

import { checkWhole } from '../core/check.ts'

/**
 * Keeps the `capacity` best of what is offered: higher scores first, scores that are equal to `decimals` decimal places
 * by ascending index. A binary heap whose root is the worst that is kept; nothing is allocated after construction.
 */
export class BestList {
  /** No score below this can enter: lets a hot loop skip the call. */
  floor = Number.NEGATIVE_INFINITY
  size = 0

  readonly #capacity: number
  readonly #unit: number
  readonly #keys: Float64Array
  readonly #scores: Float64Array
  readonly #indices: Int32Array

  /** @throws RangeError unless the capacity is a whole number of at least 1. */
  constructor(capacity: number, decimals: number) {
    this.#capacity = checkWhole('capacity', capacity, 1)
    this.#unit = 10 ** decimals
    this.#keys = new Float64Array(capacity)
    this.#scores = new Float64Array(capacity)
    this.#indices = new Int32Array(capacity)
  }

  /** Forgets everything. */
  clear(): void {
    this.size = 0
    this.floor = Number.NEGATIVE_INFINITY
  }

  /** Keeps the candidate if it is among the best so far. A score of −∞ is never kept. */
  offer(score: number, index: number): void {
    if (score === Number.NEGATIVE_INFINITY) return
    const key = Math.round(score * this.#unit)
    if (this.size < this.#capacity) {
      this.#siftUp(this.size++, key, score, index)
    } else {
      const worstKey = this.#keys[0] as number
      if (key < worstKey || (key === worstKey && index > (this.#indices[0] as number))) return
      this.#siftDown(key, score, index)
    }
    // Half a unit below the worst key rounds up to it; a whole unit is safe in spite of the division's own rounding.
    if (this.size === this.#capacity) this.floor = ((this.#keys[0] as number) - 1) / this.#unit
  }

  /** Hands over what is kept, in no order, and forgets it. */
  drain(take: (score: number, index: number) => void): void {
    for (let i = 0; i < this.size; i++) take(this.#scores[i] as number, this.#indices[i] as number)
    this.clear()
  }

  /** Writes what is kept to `indices` and `scores` from `at` on, best first, and forgets it; returns how many. */
  drainInto(indices: Int32Array, scores: Float64Array, at = 0): number {
    const count = this.size
    for (let left = count; left > 0; left--) {
      indices[at + left - 1] = this.#indices[0] as number
      scores[at + left - 1] = this.#scores[0] as number
      const last = left - 1
      this.size = last
      if (last > 0) {
        this.#siftDown(this.#keys[last] as number, this.#scores[last] as number, this.#indices[last] as number)
      }
    }
    this.clear()
    return count
  }

  #siftUp(from: number, key: number, score: number, index: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!this.#worse(key, index, parent)) break
      this.#move(parent, place)
      place = parent
    }
    this.#put(place, key, score, index)
  }

  /** Puts the entry where the root was. */
  #siftDown(key: number, score: number, index: number): void {
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= this.size) break
      const other = child + 1
      if (other < this.size && this.#worse(this.#keys[other] as number, this.#indices[other] as number, child)) {
        child = other
      }
      if (this.#worse(key, index, child)) break
      this.#move(child, place)
      place = child
    }
    this.#put(place, key, score, index)
  }

  /** Whether (key, index) ranks after the entry at `place`. */
  #worse(key: number, index: number, place: number): boolean {
    const placeKey = this.#keys[place] as number
    return key < placeKey || (key === placeKey && index > (this.#indices[place] as number))
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#keys[from] as number, this.#scores[from] as number, this.#indices[from] as number)
  }

  #put(place: number, key: number, score: number, index: number): void {
    this.#keys[place] = key
    this.#scores[place] = score
    this.#indices[place] = index
  }
}
