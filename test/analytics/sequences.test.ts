/** Frequent sequences of item sets. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { closedPatterns } from '../../src/analytics/sequences/closed-patterns.ts'
import {
  frequentSequences,
  type SequenceAlgorithm,
  type SequenceOptions,
} from '../../src/analytics/sequences/frequent-sequences.ts'
import { encodeSequences } from '../../src/analytics/sequences/sequence-database.ts'
import { elementsOfPattern, type SequencePatterns } from '../../src/analytics/sequences/sequence-patterns.ts'
import { parseSpmf } from '../../src/analytics/sequences/spmf.ts'
import { runs } from '../support/property-runs.ts'

type Sequence = string[][]

interface CountedSequence {
  readonly sequence: Sequence
  readonly count: number
}

interface Limits {
  readonly maxGap: number
  readonly minGap: number
  readonly window: number
}

const free: Limits = { maxGap: Infinity, minGap: 0, window: 0 }
const algorithms: SequenceAlgorithm[] = ['prefixspan', 'gsp']

function list(patterns: SequencePatterns): CountedSequence[] {
  return Array.from(patterns.counts, (count, p) => ({ sequence: elementsOfPattern(patterns, p), count }))
}

function find(sequences: Sequence[], options: SequenceOptions): SequencePatterns {
  return frequentSequences(encodeSequences(sequences), options)
}

/**
 * Whether there is a way to match, trying them all: each element of the pattern is matched by a stretch of elements, as
 * the constraints of GSP say.
 */
function contains(sequence: Sequence, pattern: Sequence, { maxGap, minGap, window }: Limits): boolean {
  const matchFrom = (next: number, lastStart: number, lastEnd: number): boolean => {
    if (next === pattern.length) return true
    for (let start = 0; start < sequence.length; start++) {
      for (let end = start; end < sequence.length && end - start <= window; end++) {
        if (next > 0 && (start - lastEnd <= minGap || end - lastStart > maxGap)) continue
        const held = new Set(sequence.slice(start, end + 1).flat())
        if (pattern[next]!.every((item) => held.has(item)) && matchFrom(next + 1, start, end)) return true
      }
    }
    return false
  }
  return matchFrom(0, 0, 0)
}

const elements = [['a'], ['b'], ['c'], ['a', 'b'], ['a', 'c'], ['b', 'c'], ['a', 'b', 'c']]

/** Every pattern of at most `items` items. */
function everyPattern(items: number): Sequence[] {
  return elements.flatMap((element) => {
    const left = items - element.length
    return left < 0 ? [] : [[element], ...everyPattern(left).map((rest) => [element, ...rest])]
  })
}

/** Sequences of at most five items can contain no longer pattern than these. */
const longest = 5
const universe = everyPattern(longest)
const someSequences = fc.array(
  fc.array(fc.subarray(['a', 'b', 'c']), { maxLength: 4 }).filter((sequence) => sequence.flat().length <= longest),
  { minLength: 1, maxLength: 5 },
)

function bruteForce(sequences: Sequence[], least: number, limits: Limits): CountedSequence[] {
  return universe
    .map((sequence) => ({ sequence, count: sequences.filter((s) => contains(s, sequence, limits)).length }))
    .filter(({ count }) => count >= least)
    .sort((a, b) => b.count - a.count || compareLists(a.sequence, b.sequence, compareElements))
}

function compareElements(a: string[], b: string[]): number {
  return compareLists(a, b, (x, y) => x.charCodeAt(0) - y.charCodeAt(0))
}

function compareLists<T>(a: T[], b: T[], compare: (x: T, y: T) => number): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = compare(a[i]!, b[i]!)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

const size = (sequence: Sequence): number => sequence.flat().length
const someMaxGap = fc.constantFrom(Infinity, 1, 2, 3)

describe('frequent sequences', () => {
  test.each(algorithms)(
    'by %s are those of brute force, in their order, with and without a maximum gap',
    (algorithm) => {
      fc.assert(
        fc.property(someSequences, fc.nat(), someMaxGap, (sequences, chosen, maxGap) => {
          const least = 1 + (chosen % sequences.length)
          const found = find(sequences, { minSupport: least / sequences.length, algorithm, maxGap })
          expect(list(found)).toEqual(bruteForce(sequences, least, { ...free, maxGap }))
        }),
        { numRuns: runs(120) },
      )
    },
  )

  test('of single items are the same by both algorithms, which take short cuts there', () => {
    const singles = fc.array(
      fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 }).map((items) => items.map((item) => [item])),
      { minLength: 2, maxLength: 8 },
    )
    fc.assert(
      fc.property(singles, someMaxGap, (sequences, maxGap) => {
        const [prefixSpan, gsp] = algorithms.map((algorithm) => find(sequences, { minSupport: 0.5, algorithm, maxGap }))
        expect(prefixSpan).toEqual(gsp)
      }),
    )
  })

  test('by gsp observe window, minimum and maximum gap as brute force does', () => {
    const someLimits = fc.record({
      maxGap: fc.constantFrom(Infinity, 2, 3),
      minGap: fc.constantFrom(0, 1),
      window: fc.constantFrom(0, 1, 2),
    })
    fc.assert(
      fc.property(someSequences, someLimits, (sequences, limits) => {
        const found = find(sequences, { minSupport: 0.4, algorithm: 'gsp', ...limits })
        expect(list(found)).toEqual(bruteForce(sequences, Math.ceil(0.4 * sequences.length - 1e-9), limits))
      }),
      { numRuns: runs(120) },
    )
  })

  test('that are closed have no larger pattern with their count that contains them under the same gap', () => {
    fc.assert(
      fc.property(someSequences, someMaxGap, (sequences, maxGap) => {
        const patterns = find(sequences, { minSupport: 0.3, maxGap })
        const all = list(patterns)
        const wanted = all.filter(
          ({ sequence, count }) =>
            !all.some(
              (other) =>
                other.count === count &&
                size(other.sequence) > size(sequence) &&
                contains(other.sequence, sequence, { ...free, maxGap }),
            ),
        )
        expect(list(closedPatterns(patterns, maxGap))).toEqual(wanted)
      }),
    )
  })

  test('do not depend on the order of the sequences', () => {
    const permuted = someSequences.chain((sequences) =>
      fc.tuple(fc.constant(sequences), fc.shuffledSubarray(sequences, { minLength: sequences.length })),
    )
    fc.assert(
      fc.property(permuted, fc.constantFrom(...algorithms), someMaxGap, ([sequences, others], algorithm, maxGap) => {
        const options = { minSupport: 0.4, algorithm, maxGap }
        expect(find(others, options)).toEqual(find(sequences, options))
      }),
    )
  })

  test('count a sequence once, empty ones as sequences, and empty elements as positions', () => {
    const sequences = [[['a'], ['a'], ['a']], [], [['a'], [], ['b']]]
    expect(list(find(sequences, { minSupport: 0.6 }))).toEqual([{ sequence: [['a']], count: 2 }])
    const adjacent = list(find(sequences, { minSupport: 0.1, maxGap: 1 })).map(({ sequence }) => sequence)
    expect(adjacent).not.toContainEqual([['a'], ['b']])
    expect(adjacent).toContainEqual([['a'], ['a'], ['a']])
  })

  test.each<[SequenceOptions, RegExp]>([
    [{ minSupport: 0 }, /^minSupport: 0 must be a share above 0/],
    [{ minSupport: 1.01 }, /^minSupport: 1.01 must lie between 0 and 1/],
    [{ minSupport: 1, maxGap: 0 }, /^maxGap: 0 must be a whole number of at least 1/],
    [{ minSupport: 1, maxGap: 1.5 }, /^maxGap: 1.5 must be a whole number/],
    [{ minSupport: 1, algorithm: 'gsp', minGap: -1 }, /^minGap: -1 must be a whole number of at least 0/],
    [{ minSupport: 1, algorithm: 'gsp', minGap: 2, maxGap: 2 }, /^minGap: 2 must be below maxGap \(2\)/],
    [{ minSupport: 1, algorithm: 'gsp', window: Number.NaN }, /^window: NaN must be a whole number/],
    [{ minSupport: 1, minGap: 1 }, /^minGap: 1 needs the algorithm gsp/],
    [{ minSupport: 1, window: 1 }, /^window: 1 needs the algorithm gsp/],
    [{ minSupport: 0.5, most: 2 }, /^minSupport: gives more than 2 patterns/],
    [{ minSupport: 0.5, algorithm: 'gsp', most: 2 }, /^minSupport: gives more than 2 patterns/],
  ])('are refused with %o', (options, message) => {
    expect(() => find([[['a'], ['b']], [['a', 'b']]], options)).toThrow(message)
    expect(() => find([[['a'], ['b']], [['a', 'b']]], options)).toThrow(RangeError)
  })
})

describe('the SPMF form', () => {
  test('is read line by line: items are text, -1 ends an element, -2 a sequence', () => {
    const lines = ['# about', '@ITEM=1=x', '1 007 -1 2 -1 -2', '', '  3 -1 -2 4 -1 -2 ', '-2', '@home -1 -2']
    expect([...parseSpmf(lines)]).toEqual([[['1', '007'], ['2']], [['3']], [['4']], [], [['@home']]])
  })

  test.each([
    ['1 -1 2 -1', 'line 2: "-1" must be -2, at the end'],
    ['1 -1 -2 3', 'line 2: "3" must be -2, at the end'],
    ['1 2 -2', 'line 2: "1" must be followed by -1 before -2'],
    ['1 -1 -1 -2', 'line 2: "-1" must end an item set of at least one item'],
    ['1 -1 -3 -1 -2', 'line 2: "-3" must be an item, -1 or -2'],
  ])('%j is refused', (line, message) => {
    expect(() => [...parseSpmf(['1 -1 -2', line])]).toThrow(new RangeError(message))
  })
})
