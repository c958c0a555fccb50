/** Finds an item set in a collection by its items. */

import { type Random, seededRandom } from '../core/random.ts'
import type { ItemSets } from './item-sets.ts'

/** An empty place in the table. */
const empty = -1

/**
 * A hash table from item sets to their positions.
 *
 * A set's hash is the exclusive or of one random word per item (Zobrist hashing): a caller who takes one item away
 * knows the hash of the rest at once. Equal hashes are compared item by item, so a find is never wrong.
 */
export class ItemSetIndex {
  private readonly sets: ItemSets
  private readonly table: Int32Array
  private readonly words: Int32Array

  constructor(sets: ItemSets) {
    this.sets = sets
    this.words = randomWords(sets.names.length, seededRandom(1))
    this.table = new Int32Array(2 ** Math.ceil(Math.log2(2 * sets.size + 2))).fill(empty)
    for (let set = 0; set < sets.size; set++) {
      let place = this.home(this.hashOf(set))
      while (this.table[place] !== empty) place = this.after(place)
      this.table[place] = set
    }
  }

  /** The hash of a set that is in the collection. */
  hashOf(set: number): number {
    const { starts, items } = this.sets
    let hash = 0
    for (let i = starts[set]!; i < starts[set + 1]!; i++) hash ^= this.words[items[i]!]!
    return hash
  }

  /** What an item adds to, or takes from, the hash of a set, by exclusive or. */
  wordOf(item: number): number {
    return this.words[item]!
  }

  /**
   * The position of a set.
   *
   * @param candidate Its items, ascending, in the first `size` places.
   * @param hash The exclusive or of the words of its items.
   * @throws Error if it is not there. Every part of a frequent set is frequent, so that is a defect of the collection.
   */
  find(candidate: Int32Array, size: number, hash: number): number {
    for (let place = this.home(hash); ; place = this.after(place)) {
      const set = this.table[place]!
      if (set === empty) throw new Error('An item set is missing from a collection that must hold all its parts')
      if (this.isSame(set, candidate, size)) return set
    }
  }

  private isSame(set: number, candidate: Int32Array, size: number): boolean {
    const { starts, items } = this.sets
    const start = starts[set]!
    if (starts[set + 1]! - start !== size) return false
    for (let i = 0; i < size; i++) if (items[start + i] !== candidate[i]) return false
    return true
  }

  private home(hash: number): number {
    return hash & (this.table.length - 1)
  }

  private after(place: number): number {
    return (place + 1) & (this.table.length - 1)
  }
}

function randomWords(count: number, random: Random): Int32Array {
  return Int32Array.from({ length: count }, () => random() * 2 ** 32)
}
