/** FP-Growth: frequent item sets by growing trees of baskets, without making candidates. */

import { type Baskets, itemCounts } from './baskets.ts'
import { FpForest, type FpTree } from './fp-tree.ts'
import { ItemSetCollector, type ItemSets } from './item-sets.ts'

/**
 * All item sets that at least `least` baskets contain, by falling count and then by items.
 *
 * @param least A whole number of at least 1; see `leastCount` for the one that belongs to a share.
 * @param most More sets than this are refused: the answer could outgrow any memory.
 * @throws RangeError if there are more than `most`.
 * @see Han, Pei & Yin (2000), "Mining Frequent Patterns without Candidate Generation".
 */
export function fpGrowth(
  baskets: Baskets,
  least: number,
  most: number,
  onProgress?: (share: number) => void,
): ItemSets {
  const found = new ItemSetCollector(most)
  const forest = new FpForest()

  const grow = (tree: FpTree, condition: number): void => {
    for (let rank = tree.size - 1; rank >= 0; rank--) {
      const set = found.addLarger(condition, forest.item(tree, rank), forest.count(tree, rank))
      const conditional = forest.plantConditional(tree, rank, least)
      if (conditional !== undefined) grow(conditional, set)
      if (condition < 0) onProgress?.(1 - rank / tree.size)
    }
    forest.fell(tree)
  }

  grow(forest.plant(baskets, itemsByFallingCount(baskets, least)), -1)
  return found.sorted(baskets.names, baskets.count)
}

/** The frequent items. The most frequent come first, so that baskets share as much of their way as possible. */
function itemsByFallingCount(baskets: Baskets, least: number): Int32Array {
  const counts = itemCounts(baskets)
  const frequent: number[] = []
  for (let id = 0; id < counts.length; id++) if (counts[id]! >= least) frequent.push(id)
  return Int32Array.from(frequent.sort((a, b) => counts[b]! - counts[a]! || a - b))
}
