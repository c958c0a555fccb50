/** PrefixSpan: frequent sequences by projecting the database on ever longer beginnings. */

import { EveryProjector } from './every-projector.ts'
import { FirstProjector } from './first-projector.ts'
import type { Extension, Projector } from './occurrences.ts'
import { keepItems, type SequenceDatabase, sequenceCounts } from './sequence-database.ts'
import { PatternCollector, type SequencePatterns } from './sequence-patterns.ts'

/**
 * All sequences of item sets that at least `least` sequences of the database contain, by falling count, then by
 * elements. A pattern is contained where its elements are, in order, subsets of elements of the sequence, and the
 * positions of consecutive ones differ by at most `maxGap`, in at least one way to match.
 *
 * @param least A whole number of at least 1.
 * @param maxGap At least 1 (adjacent); Infinity for no such limit.
 * @param most More patterns than this are refused.
 * @throws RangeError if there are more than `most`.
 * @see Pei, Han, Mortazavi-Asl et al. (2004), "Mining Sequential Patterns by Pattern-Growth: The PrefixSpan Approach".
 */
export function prefixSpan(
  database: SequenceDatabase,
  least: number,
  maxGap: number,
  most: number,
  onProgress?: (share: number) => void,
): SequencePatterns {
  const counts = sequenceCounts(database)
  const frequentOnly = keepItems(database, (item) => counts[item]! >= least)
  const projector: Projector =
    maxGap === Infinity && hasOnlySingleItems(frequentOnly)
      ? new FirstProjector(frequentOnly, least)
      : new EveryProjector(frequentOnly, least, maxGap)
  const found = new PatternCollector(most)

  const grow = (extensions: Extension[], beginning: number): void => {
    for (const [done, extension] of extensions.entries()) {
      const pattern = found.addLonger(beginning, extension.token, extension.count)
      grow(projector.extend(extension), pattern)
      if (beginning < 0) onProgress?.((done + 1) / extensions.length)
    }
    projector.release(extensions)
  }

  grow(projector.begin(), -1)
  return found.sorted(database.names, database.count)
}

function hasOnlySingleItems({ elementStarts }: SequenceDatabase): boolean {
  return elementStarts.every((start, e) => e === 0 || start - elementStarts[e - 1]! <= 1)
}
