/** Closed sequences: fewer patterns that say the same. */

import { ContainmentTest, elementsOfTokens } from './containment.ts'
import { withoutToken } from './gsp-candidates.ts'
import { PatternIndex } from './pattern-index.ts'
import type { SequenceDatabase } from './sequence-database.ts'
import { type SequencePatterns, selectPatterns } from './sequence-patterns.ts'

/**
 * The patterns that no longer or larger pattern with the same count contains, in the same order.
 *
 * @param patterns All frequent patterns.
 * @param maxGap The limit that they were found with, Infinity if none. It holds for patterns in patterns too: <a, c> is
 * not in <a, b, c> where only neighbours count, and its count tells of other places.
 * @see Yan, Han & Afshar (2003), "CloSpan: Mining Closed Sequential Patterns in Large Datasets".
 */
export function closedPatterns(patterns: SequencePatterns, maxGap: number): SequencePatterns {
  const redundant = maxGap === Infinity ? redundantBySteps(patterns) : redundantBySearch(patterns, maxGap)
  const kept = new Int32Array(patterns.size).map((_, pattern) => pattern).filter((pattern) => redundant[pattern] === 0)
  return selectPatterns(patterns, kept)
}

/**
 * Without gaps, what lies between two patterns of one count, one in the other, has that count too: looking one token
 * further is enough.
 */
function redundantBySteps(patterns: SequencePatterns): Uint8Array {
  const { names, starts, tokens, counts } = patterns
  const redundant = new Uint8Array(patterns.size)
  const index = new PatternIndex(patterns)
  for (let pattern = 0; pattern < patterns.size; pattern++) {
    const whole = tokens.subarray(starts[pattern], starts[pattern + 1])
    for (let place = 0; whole.length > 1 && place < whole.length; place++) {
      const part = index.find(withoutToken(whole, place, names.length))
      if (counts[part] === counts[pattern]) redundant[part] = 1
    }
  }
  return redundant
}

/** With gaps there may be nothing frequent in between: each pattern is looked for in those of its count. */
function redundantBySearch(patterns: SequencePatterns, maxGap: number): Uint8Array {
  const { names, starts, tokens, counts, size } = patterns
  const redundant = new Uint8Array(size)
  const test = new ContainmentTest(asSequences(patterns), { maxGap, minGap: 0, window: 0 })
  for (let from = 0, to = 0; from < size; from = to) {
    while (to < size && counts[to] === counts[from]) to++
    const holders = patternsByItem(patterns, from, to)
    for (let pattern = from; pattern < to; pattern++) {
      const part = tokens.subarray(starts[pattern], starts[pattern + 1])
      const elements = elementsOfTokens(part, names.length)
      const rarest = Array.from(elements.items, (item) => holders.get(item) ?? []).reduce(shorter)
      const isLarger = (whole: number): boolean => starts[whole + 1]! - starts[whole]! > part.length
      if (rarest.some((whole) => isLarger(whole) && test.contains(whole, elements))) redundant[pattern] = 1
    }
  }
  return redundant
}

function shorter<T>(a: T[], b: T[]): T[] {
  return b.length < a.length ? b : a
}

/** The patterns from one position up to another that have an item, by item. */
function patternsByItem({ names, starts, tokens }: SequencePatterns, from: number, to: number): Map<number, number[]> {
  const holders = new Map<number, number[]>()
  for (let pattern = from; pattern < to; pattern++) {
    for (let i = starts[pattern]!; i < starts[pattern + 1]!; i++) {
      const item = tokens[i]! % names.length
      const holding = holders.get(item)
      if (holding === undefined) holders.set(item, [pattern])
      else if (holding.at(-1) !== pattern) holding.push(pattern)
    }
  }
  return holders
}

/** The patterns as sequences of a database, to look for others in them. */
function asSequences({ names, size, starts, tokens }: SequencePatterns): SequenceDatabase {
  const elementStarts: number[] = []
  const sequenceStarts = new Int32Array(size + 1)
  for (let pattern = 0; pattern < size; pattern++) {
    for (let i = starts[pattern]!; i < starts[pattern + 1]!; i++) if (tokens[i]! < names.length) elementStarts.push(i)
    sequenceStarts[pattern + 1] = elementStarts.length
  }
  elementStarts.push(tokens.length)
  const items = tokens.map((token) => token % names.length)
  return { names, count: size, sequenceStarts, elementStarts: Int32Array.from(elementStarts), items }
}
