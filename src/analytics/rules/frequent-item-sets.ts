/** The door to the item set miners: baskets and a share in, item sets out. */

import { defaultMostPatterns, leastCount } from '../core/support.ts'
import { apriori } from './apriori.ts'
import type { Baskets } from './baskets.ts'
import { fpGrowth } from './fp-growth.ts'
import type { ItemSets } from './item-sets.ts'

const miners = { 'fp-growth': fpGrowth, apriori }

/** Both find the same sets; FP-Growth is much faster at low supports. */
export type ItemSetAlgorithm = keyof typeof miners

export interface ItemSetOptions {
  /** The share of the baskets that a frequent set is in at least, in (0, 1]. */
  readonly minSupport: number
  /** FP-Growth unless given. */
  readonly algorithm?: ItemSetAlgorithm
  /** More sets than this are refused; 10 million unless given. */
  readonly most?: number
  /** Told now and then how far the search is, from 0 to 1; Apriori starts anew with every size of sets. */
  readonly onProgress?: (share: number) => void
}

/**
 * All frequent item sets, by falling count and then by items.
 *
 * @example
 * const sets = frequentItemSets(encodeBaskets([['bread', 'milk'], ['milk']]), { minSupport: 0.5 })
 * const rules = associationRules(sets, 0.8)
 * @throws RangeError if the support is out of range or asks for more than `most` sets.
 */
export function frequentItemSets(baskets: Baskets, options: ItemSetOptions): ItemSets {
  const { minSupport, algorithm = 'fp-growth', most = defaultMostPatterns, onProgress } = options
  const least = leastCount('minSupport', minSupport, baskets.count)
  return miners[algorithm](baskets, least, most, onProgress)
}
