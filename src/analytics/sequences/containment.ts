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

/** Ways to match the last of some elements of a pattern: stretches of elements, ascending by start as well as by end. */
class Ways {
  readonly starts: Int32Array
  readonly ends: Int32Array
  length = 0

  constructor(most: number) {
    this.starts = new Int32Array(most)
    this.ends = new Int32Array(most)
  }

  add(start: number, end: number): void {
    this.starts[this.length] = start
    this.ends[this.length++] = end
  }
}

/** Tells whether sequences of a database contain patterns. */
export class ContainmentTest {
  private readonly database: SequenceDatabase
  private readonly constraints: SequenceConstraints
  private readonly orderIsAll: boolean
  /** The ways to match the element before, and those found so far to match the present one. */
  private before: Ways
  private present: Ways
  /** The latest way before that ends soon enough for the present one; -1 if none does. */
  private latest = -1
  /** By item: the element in which it was last seen, if the mark is that of the search. */
  private readonly lastAt: Int32Array
  private readonly marks: Float64Array
  private mark = 0

  constructor(database: SequenceDatabase, constraints: SequenceConstraints) {
    const { names, sequenceStarts } = database
    this.database = database
    this.constraints = constraints
    this.orderIsAll = constraints.maxGap === Infinity && constraints.minGap === 0 && constraints.window === 0
    const lengths = sequenceStarts.map((start, s) => start - (sequenceStarts[s - 1] ?? 0))
    const longest = lengths.reduce((a, b) => Math.max(a, b), 0)
    this.before = new Ways(longest)
    this.present = new Ways(longest)
    this.lastAt = new Int32Array(names.length)
    this.marks = new Float64Array(names.length)
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

  /**
   * With limits: all ways to match an element that some way to match those before it allows, element by element. A way
   * is the shortest stretch of elements that ends somewhere and holds the items together: a longer stretch only starts
   * sooner, which suits neither gap.
   */
  private containsWithin(sequence: number, { starts, items }: PatternElements): boolean {
    for (let e = 0; e + 1 < starts.length; e++) {
      const earlier = this.before
      this.before = this.present
      this.present = earlier
      this.present.length = 0
      this.latest = -1
      if (this.constraints.window === 0) this.findSingles(sequence, items, starts[e]!, starts[e + 1]!, e === 0)
      else this.findStretches(sequence, items.subarray(starts[e], starts[e + 1]), e === 0)
      if (this.present.length === 0) return false
    }
    return true
  }

  /** Single elements that hold the items, as far as the ways before reach. */
  private findSingles(sequence: number, items: Int32Array, from: number, to: number, isFirst: boolean): void {
    const { before, constraints } = this
    const { sequenceStarts } = this.database
    let e = sequenceStarts[sequence]!
    let end = sequenceStarts[sequence + 1]!
    if (!isFirst) {
      e = before.ends[0]! + constraints.minGap + 1
      end = Math.min(end, before.starts[before.length - 1]! + constraints.maxGap + 1)
    }
    for (; e < end; e++) {
      if (this.elementContains(e, items, from, to) && (isFirst || this.isAllowed(e, e))) this.present.add(e, e)
    }
  }

  /** Stretches within the window that hold the items, none of which could start later for the same end. */
  private findStretches(sequence: number, wanted: Int32Array, isFirst: boolean): void {
    const { sequenceStarts } = this.database
    this.mark++
    let missing = wanted.length
    let lastStart = -1
    for (let e = sequenceStarts[sequence]!; e < sequenceStarts[sequence + 1]!; e++) {
      missing -= this.see(e, wanted)
      if (missing > 0) continue
      const start = wanted.reduce((earliest, item) => Math.min(earliest, this.lastAt[item]!), e)
      if (start === lastStart || e - start > this.constraints.window) continue
      lastStart = start
      if (isFirst || this.isAllowed(start, e)) this.present.add(start, e)
    }
  }

  /** Notes which of the wanted items an element has. Returns how many of them were not seen before. */
  private see(element: number, wanted: Int32Array): number {
    const { elementStarts, items } = this.database
    let fresh = 0
    let w = 0
    for (let i = elementStarts[element]!; i < elementStarts[element + 1]! && w < wanted.length; i++) {
      const item = items[i]!
      while (w < wanted.length && wanted[w]! < item) w++
      if (wanted[w] !== item) continue
      if (this.marks[item] !== this.mark) fresh++
      this.marks[item] = this.mark
      this.lastAt[item] = element
    }
    return fresh
  }

  /** Whether a way before allows this one. Ways must be asked for in order; of those that end in time the latest suits best. */
  private isAllowed(start: number, end: number): boolean {
    const { before } = this
    const { minGap, maxGap } = this.constraints
    while (this.latest + 1 < before.length && start - before.ends[this.latest + 1]! > minGap) this.latest++
    return this.latest >= 0 && end - before.starts[this.latest]! <= maxGap
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
}
