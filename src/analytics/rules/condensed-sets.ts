/** Fewer item sets that say the same: closed and maximal ones. */

import { ItemSetIndex } from './item-set-index.ts'
import { type ItemSets, selectSets } from './item-sets.ts'

/**
 * Which frequent item sets are wanted. `closed`: those that no larger set with the same count contains (all counts can
 * be told from them). `maximal`: those that no larger frequent set contains.
 */
export type SetSelection = 'all' | 'closed' | 'maximal'

/**
 * The closed or the maximal sets among all frequent ones, in the same order.
 *
 * @param sets All frequent sets: with every set also every part of it.
 * @see Pasquier, Bastide, Taouil & Lakhal (1999), "Discovering Frequent Closed Itemsets for Association Rules".
 */
export function condensedSets(sets: ItemSets, selection: SetSelection): ItemSets {
  if (selection === 'all') return sets
  const redundant = partsMadeRedundant(sets, selection)
  const kept = new Int32Array(redundant.length).map((_, set) => set).filter((set) => redundant[set] === 0)
  return selectSets(sets, kept)
}

/**
 * Marks with 1 what a larger set makes redundant. Looking one item further is enough: a set between two sets of one
 * count has that count as well.
 */
function partsMadeRedundant(sets: ItemSets, selection: 'closed' | 'maximal'): Uint8Array {
  const { starts, items, counts } = sets
  const redundant = new Uint8Array(sets.size)
  const index = new ItemSetIndex(sets)
  let part = new Int32Array(16)
  for (let set = 0; set < sets.size; set++) {
    const size = starts[set + 1]! - starts[set]!
    if (size < 2) continue
    if (size > part.length) part = new Int32Array(2 * size)
    const hash = index.hashOf(set)
    // The item at `left` is the one that is left out; from one to the next only one place of the part changes.
    for (let i = 1; i < size; i++) part[i - 1] = items[starts[set]! + i]!
    for (let left = 0; left < size; left++) {
      const item = items[starts[set]! + left]!
      const smaller = index.find(part, size - 1, hash ^ index.wordOf(item))
      if (selection === 'maximal' || counts[smaller] === counts[set]) redundant[smaller] = 1
      part[left] = item
    }
  }
  return redundant
}
