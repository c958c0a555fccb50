/** Projection in the general case: every occurrence of a pattern is kept. */

import { type Extension, Occurrences, type Projector } from './occurrences.ts'
import type { SequenceDatabase } from './sequence-database.ts'

/**
 * An occurrence is known by the element that its last element is in. A later one may matter where an earlier does not:
 * an item may join its last element, and the gap to what follows may be small enough only from there.
 */
export class EveryProjector implements Projector {
  private readonly database: SequenceDatabase
  private readonly least: number
  private readonly maxGap: number
  /** By element: the end of its sequence. */
  private readonly sequenceEnds: Int32Array
  private readonly allItems: Int32Array
  private readonly found: Occurrences
  /** By token: in how many sequences it was found, and the last of these (by a number that is never used again). */
  private readonly sequenceCounts: Int32Array
  private readonly lastSeen: Float64Array
  private sequencesSeen = 0

  constructor(database: SequenceDatabase, least: number, maxGap: number) {
    const { names, count, sequenceStarts, elementStarts } = database
    this.database = database
    this.least = least
    this.maxGap = maxGap
    this.sequenceEnds = new Int32Array(elementStarts.length - 1)
    for (let s = 0; s < count; s++) {
      this.sequenceEnds.fill(sequenceStarts[s + 1]!, sequenceStarts[s], sequenceStarts[s + 1])
    }
    this.allItems = new Int32Array(names.length).map((_, item) => item)
    this.found = new Occurrences(2 * names.length)
    this.sequenceCounts = new Int32Array(2 * names.length)
    this.lastSeen = new Float64Array(2 * names.length)
  }

  begin(): Extension[] {
    const { count, sequenceStarts } = this.database
    this.found.expect(this.allItems)
    for (let s = 0; s < count; s++) {
      this.sequencesSeen++
      this.findElements(sequenceStarts[s]!, sequenceStarts[s + 1]!)
    }
    return this.settle(this.allItems)
  }

  extend(pattern: Extension): Extension[] {
    const { token, from, to } = pattern
    const lastItem = token % this.database.names.length
    const candidates = this.candidatesAfter(pattern)
    this.found.expect(candidates)
    for (let first = from, end = from; first < to; first = end) {
      const sequenceEnd = this.sequenceEnds[this.found.stack.data[first]!]!
      while (end < to && this.found.stack.data[end]! < sequenceEnd) end++
      this.sequencesSeen++
      this.findAfter(first, end, sequenceEnd)
      this.findWithin(first, end, lastItem)
    }
    return this.settle(candidates)
  }

  /**
   * The tokens that may be frequent after a pattern. What seldom follows, or joins, the pattern that is shorter by the
   * last item does so no more often here; with a limit to gaps that holds for joining only, as the last item may be the
   * bridge to what follows.
   */
  private candidatesAfter({ token, siblings }: Extension): Int32Array {
    const itemCount = this.database.names.length
    const tokens = siblings.map((sibling) => sibling.token)
    const following = tokens.filter((other) => other < itemCount)
    const joining =
      token < itemCount
        ? following.filter((other) => other > token).map((other) => other + itemCount)
        : tokens.filter((other) => other > token)
    const after = this.maxGap === Infinity ? following : this.allItems
    const candidates = new Int32Array(after.length + joining.length)
    candidates.set(after)
    candidates.set(joining, after.length)
    return candidates
  }

  release(extensions: readonly Extension[]): void {
    this.found.release(extensions)
  }

  /** What follows, as an element of its own, the occurrences from `first` to `end` on the stack, all of one sequence. */
  private findAfter(first: number, end: number, sequenceEnd: number): void {
    const { data } = this.found.stack
    if (this.maxGap === Infinity) {
      this.findElements(data[first]! + 1, sequenceEnd)
      return
    }
    let searched = 0 // Windows overlap: no element is searched twice.
    for (let o = first; o < end; o++) {
      const from = Math.max(searched, data[o]! + 1)
      searched = Math.max(from, Math.min(sequenceEnd, data[o]! + this.maxGap + 1))
      this.findElements(from, searched)
    }
  }

  /** The items from one element up to another, each as an element of its own. */
  private findElements(from: number, to: number): void {
    const { elementStarts, items } = this.database
    const { isCandidate } = this.found
    this.found.makeRoom(elementStarts[to]! - elementStarts[from]!)
    for (let element = from; element < to; element++) {
      for (let i = elementStarts[element]!; i < elementStarts[element + 1]!; i++) {
        if (isCandidate[items[i]!] === 1) this.find(items[i]!, element)
      }
    }
  }

  /** What joins the last element of the occurrences from `first` to `end` on the stack. */
  private findWithin(first: number, end: number, lastItem: number): void {
    const { names, elementStarts, items } = this.database
    for (let o = first; o < end; o++) {
      const element = this.found.stack.data[o]!
      const start = elementStarts[element]!
      this.found.makeRoom(elementStarts[element + 1]! - start)
      for (let i = elementStarts[element + 1]! - 1; i >= start && items[i]! > lastItem; i--) {
        const token = names.length + items[i]!
        if (this.found.isCandidate[token] === 1) this.find(token, element)
      }
    }
  }

  private find(token: number, element: number): void {
    const { found } = this
    found.tokens[found.foundCount] = token
    found.occurrences[found.foundCount++] = element
    found.counts[token]! += 1
    if (this.lastSeen[token] === this.sequencesSeen) return
    this.lastSeen[token] = this.sequencesSeen
    this.sequenceCounts[token]! += 1
  }

  private settle(candidates: Int32Array): Extension[] {
    const extensions = this.found.settle(candidates, this.sequenceCounts, this.least)
    for (let i = 0; i < candidates.length; i++) this.sequenceCounts[candidates[i]!] = 0
    return extensions
  }
}
