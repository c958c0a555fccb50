/** PrefixSpan: frequent sequences by projecting the database on ever longer beginnings. */

import { EveryProjector } from './every-projector.ts'
import { FirstProjector } from './first-projector.ts'
import type { Projector } from './occurrences.ts'
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

  // The patterns that are being extended, each the beginning of the next. Not by recursion: patterns can be thousands long.
  const open = [{ extensions: projector.begin(), done: 0, pattern: -1 }]
  for (let deepest = open.at(-1); deepest !== undefined; deepest = open.at(-1)) {
    const extension = deepest.extensions[deepest.done++]
    if (extension === undefined) {
      projector.release(deepest.extensions)
      open.pop()
      continue
    }
    const pattern = found.addLonger(deepest.pattern, extension.token, extension.count)
    open.push({ extensions: projector.extend(extension), done: 0, pattern })
    if (open.length === 2) onProgress?.(deepest.done / deepest.extensions.length)
  }
  return found.sorted(database.names, database.count)
}

function hasOnlySingleItems({ elementStarts }: SequenceDatabase): boolean {
  return elementStarts.every((start, e) => e === 0 || start - elementStarts[e - 1]! <= 1)
}
