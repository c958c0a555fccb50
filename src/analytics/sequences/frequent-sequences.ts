/** The door to the sequence miners: sequences and a share in, patterns out. */

import { refuse } from '../core/check.ts'
import { defaultMostPatterns, leastCount } from '../core/support.ts'
import { checkedConstraints, type SequenceConstraints } from './constraints.ts'
import { gsp } from './gsp.ts'
import { prefixSpan } from './prefix-span.ts'
import type { SequenceDatabase } from './sequence-database.ts'
import type { SequencePatterns } from './sequence-patterns.ts'

/** Both find the same patterns; PrefixSpan is faster, GSP knows more constraints. */
export type SequenceAlgorithm = 'prefixspan' | 'gsp'

export interface SequenceOptions extends Partial<SequenceConstraints> {
  /** The share of the sequences that contain a frequent pattern at least, in (0, 1]. */
  readonly minSupport: number
  /** PrefixSpan unless given; it takes no `minGap` and no `window`. */
  readonly algorithm?: SequenceAlgorithm
  /** More patterns than this are refused; 10 million unless given. */
  readonly most?: number
  /** Told now and then how far the search is, from 0 to 1; GSP starts anew with every size of patterns. */
  readonly onProgress?: ((share: number) => void) | undefined
}

/**
 * All frequent sequences, by falling count, then by elements. A sequence counts once for a pattern.
 *
 * @example
 * const sequences = encodeSequences([[['view'], ['buy', 'rate']], [['view'], ['buy']]])
 * const patterns = frequentSequences(sequences, { minSupport: 0.5, maxGap: 1 })
 * const closed = closedPatterns(patterns, 1)
 * @throws RangeError if an option is out of range, if PrefixSpan gets a constraint that only GSP knows, or if there are
 * more than `most` patterns.
 */
export function frequentSequences(database: SequenceDatabase, options: SequenceOptions): SequencePatterns {
  const { minSupport, algorithm = 'prefixspan', most = defaultMostPatterns, onProgress } = options
  const least = leastCount('minSupport', minSupport, database.count)
  const constraints = checkedConstraints(options)
  if (algorithm === 'gsp') return gsp(database, least, constraints, most, onProgress)
  if (constraints.minGap > 0) refuse('minGap', constraints.minGap, 'needs the algorithm gsp')
  if (constraints.window > 0) refuse('window', constraints.window, 'needs the algorithm gsp')
  return prefixSpan(database, least, constraints.maxGap, most, onProgress)
}
