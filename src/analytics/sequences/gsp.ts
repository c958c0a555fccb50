/** GSP: frequent sequences level by level, candidates first. */

import type { SequenceConstraints } from './constraints.ts'
import { ContainmentTest, elementsOfTokens } from './containment.ts'
import { type Candidate, joinedCandidates, pairCandidates } from './gsp-candidates.ts'
import { keepItems, type SequenceDatabase, sequenceCounts } from './sequence-database.ts'
import { PatternCollector, type SequencePatterns } from './sequence-patterns.ts'

/**
 * All sequences of item sets that at least `least` sequences of the database contain under the constraints, by falling
 * count, then by elements. With no constraint but `maxGap` they are those of `prefixSpan`.
 *
 * @param least A whole number of at least 1.
 * @param most More patterns than this are refused.
 * @throws RangeError if there are more than `most`.
 * @see Srikant & Agrawal (1996), "Mining Sequential Patterns: Generalizations and Performance Improvements".
 */
export function gsp(
  database: SequenceDatabase,
  least: number,
  constraints: SequenceConstraints,
  most: number,
  onProgress?: (share: number) => void,
): SequencePatterns {
  const counts = sequenceCounts(database)
  const frequentOnly = keepItems(database, (item) => counts[item]! >= least)
  const test = new ContainmentTest(frequentOnly, constraints)
  const itemCount = database.names.length
  const gapsAreLimited = constraints.maxGap !== Infinity
  const found = new PatternCollector(most)

  let level = frequentItems(frequentOnly, found)
  for (let size = 2; level.tokens.length > 0; size++) {
    const candidates =
      size === 2 ? pairCandidates(level.tokens, itemCount) : joinedCandidates(level.tokens, itemCount, gapsAreLimited)
    level = frequentCandidates(candidates, level, { test, least, itemCount, found, onProgress })
  }
  return found.sorted(database.names, database.count)
}

/** The frequent patterns of one size, and the sequences that contain each, ascending. */
interface Level {
  readonly tokens: Int32Array[]
  readonly sequences: Int32Array[]
}

interface Search {
  readonly test: ContainmentTest
  readonly least: number
  readonly itemCount: number
  readonly found: PatternCollector
  readonly onProgress: ((share: number) => void) | undefined
}

function frequentItems(database: SequenceDatabase, found: PatternCollector): Level {
  const sequences = sequencesByItem(database)
  const level: Level = { tokens: [], sequences: [] }
  for (const [item, containing] of sequences.entries()) {
    if (containing.length === 0) continue
    const tokens = Int32Array.of(item)
    found.add(tokens, containing.length)
    level.tokens.push(tokens)
    level.sequences.push(containing)
  }
  return level
}

function sequencesByItem(database: SequenceDatabase): Int32Array[] {
  const { count, sequenceStarts, elementStarts, items } = database
  const sequences = Array.from(sequenceCounts(database), (length) => new Int32Array(length))
  const filled = new Int32Array(sequences.length)
  for (let s = 0; s < count; s++) {
    for (let i = elementStarts[sequenceStarts[s]!]!; i < elementStarts[sequenceStarts[s + 1]!]!; i++) {
      const containing = sequences[items[i]!]!
      const end = filled[items[i]!]!
      if (end > 0 && containing[end - 1] === s) continue
      containing[end] = s
      filled[items[i]!] = end + 1
    }
  }
  return sequences
}

/** The candidates that enough sequences contain; only those with both parents are looked at. */
function frequentCandidates(candidates: Iterable<Candidate>, parents: Level, search: Search): Level {
  const { test, least, itemCount, found, onProgress } = search
  const level: Level = { tokens: [], sequences: [] }
  for (const { tokens, parents: pair } of candidates) {
    const possible = inBoth(parents.sequences[pair[0]]!, parents.sequences[pair[1]]!)
    onProgress?.(pair[0] / parents.tokens.length)
    if (possible.length < least) continue
    const pattern = elementsOfTokens(tokens, itemCount)
    const containing = possible.filter((sequence) => test.contains(sequence, pattern))
    if (containing.length < least) continue
    found.add(tokens, containing.length)
    level.tokens.push(tokens)
    level.sequences.push(containing)
  }
  return level
}

function inBoth(a: Int32Array, b: Int32Array): Int32Array {
  const shared = new Int32Array(Math.min(a.length, b.length))
  let length = 0
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) shared[length++] = a[i]!
    const step = a[i]! - b[j]!
    if (step <= 0) i++
    if (step >= 0) j++
  }
  return shared.subarray(0, length)
}
