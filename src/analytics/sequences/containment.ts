/** Whether a sequence contains a pattern, under the constraints of GSP. */

import type { SequenceConstraints } from './constraints.ts'
import type { SequenceDatabase } from './sequence-database.ts'

/** A pattern by elements: element `e` has the items `items[starts[e]]` up to, but not including, `items[starts[e + 1]]`. */
export interface PatternElements {
  readonly starts: Int32Array
  readonly items: Int32Array
}

/** Tokens of a pattern, as in `SequencePatterns`, by elements. */
export function elementsOfTokens(tokens: Int32Array, itemCount: number): PatternElements {
  const starts = [...tokens.keys()].filter((i) => tokens[i]! < itemCount)
  return { starts: Int32Array.of(...starts, tokens.length), items: tokens.map((token) => token % itemCount) }
}

/** Tells whether sequences of a database contain patterns. */
export class ContainmentTest {
  private readonly database: SequenceDatabase
  private readonly constraints: SequenceConstraints
  private readonly orderIsAll: boolean
  /** By item: the last position at which it was seen, in the search that is marked. */
  private readonly lastAt: Int32Array
  private readonly marks: Float64Array
  private mark = 0

  constructor(database: SequenceDatabase, constraints: SequenceConstraints) {
    this.database = database
    this.constraints = constraints
    this.orderIsAll = constraints.maxGap === Infinity && constraints.minGap === 0 && constraints.window === 0
    this.lastAt = new Int32Array(database.names.length)
    this.marks = new Float64Array(database.names.length)
  }

  /** Whether sequence `sequence` contains the pattern. */
  contains(sequence: number, pattern: PatternElements): boolean {
    return this.orderIsAll ? this.containsInOrder(sequence, pattern) : this.containsWithin(sequence, pattern)
  }

  /** Without limits the earliest match of each element leaves the most room for the next. */
  private containsInOrder(sequence: number, { starts, items }: PatternElements): boolean {
    const { sequenceStarts } = this.database
    const end = sequenceStarts[sequence + 1]!
    const length = starts.length - 1
    let matched = 0
    for (let e = sequenceStarts[sequence]!; e < end && matched < length; e++) {
      if (this.elementContains(e, items, starts[matched]!, starts[matched + 1]!)) matched++
    }
    return matched === length
  }

  private elementContains(element: number, wanted: Int32Array, from: number, to: number): boolean {
    const { elementStarts, items } = this.database
    const end = elementStarts[element + 1]!
    let i = elementStarts[element]!
    for (let w = from; w < to; w++) {
      while (i < end && items[i]! < wanted[w]!) i++
      if (i === end || items[i] !== wanted[w]) return false
      i++
    }
    return true
  }

  /**
   * With limits: all ways to match an element that some way to match those before it allows, element by element. A way
   * is the shortest stretch of elements that end somewhere and together hold the items: a longer stretch only starts
   * sooner, which suits neither gap. Ways ascend by start as well as by end.
   */
  private containsWithin(sequence: number, pattern: PatternElements): boolean {
    let ways: Way[] | undefined
    for (let e = 0; e + 1 < pattern.starts.length; e++) {
      const wanted = pattern.items.subarray(pattern.starts[e], pattern.starts[e + 1])
      ways = this.allowedWays(this.waysToMatch(sequence, wanted), ways)
      if (ways.length === 0) return false
    }
    return true
  }

  private waysToMatch(sequence: number, wanted: Int32Array): Way[] {
    const { sequenceStarts, elementStarts, items } = this.database
    const ways: Way[] = []
    this.mark++
    let missing = wanted.length
    let lastStart = -1
    for (let e = sequenceStarts[sequence]!; e < sequenceStarts[sequence + 1]!; e++) {
      let w = 0
      for (let i = elementStarts[e]!; i < elementStarts[e + 1]! && w < wanted.length; i++) {
        while (w < wanted.length && wanted[w]! < items[i]!) w++
        if (wanted[w] !== items[i]) continue
        if (this.marks[items[i]!] !== this.mark) missing--
        this.marks[items[i]!] = this.mark
        this.lastAt[items[i]!] = e
      }
      if (missing > 0) continue
      const start = wanted.reduce((earliest, item) => Math.min(earliest, this.lastAt[item]!), e)
      if (start === lastStart || e - start > this.constraints.window) continue
      ways.push({ start, end: e })
      lastStart = start
    }
    return ways
  }

  /** The ways that the gaps allow after at least one of those before. The latest that ends in time starts the latest. */
  private allowedWays(ways: Way[], before: Way[] | undefined): Way[] {
    if (before === undefined) return ways
    const { minGap, maxGap } = this.constraints
    let candidate = -1
    return ways.filter(({ start, end }) => {
      while (candidate + 1 < before.length && start - before[candidate + 1]!.end > minGap) candidate++
      return candidate >= 0 && end - before[candidate]!.start <= maxGap
    })
  }
}

/** A stretch of elements, both included. */
interface Way {
  readonly start: number
  readonly end: number
}
