/** The projected databases of PrefixSpan as lists of occurrences, one behind the other on a stack. */

import { IntBuffer } from '../core/int-buffer.ts'

/** A frequent pattern that is one token longer than another, and its projected database. */
export interface Extension {
  /** As in `SequencePatterns`. */
  readonly token: number
  /** How many sequences contain the longer pattern. */
  readonly count: number
  /** Its occurrences are those from `from` up to, but not including, `to` of the stack, sequence by sequence. */
  readonly from: number
  readonly to: number
  /** All frequent extensions of the same pattern, this one among them. */
  readonly siblings: readonly Extension[]
}

/** Projects a database on patterns that grow by a token at a time. */
export interface Projector {
  /** The frequent items: the extensions of the empty pattern. */
  begin(): Extension[]
  /** The frequent extensions of a pattern. */
  extend(pattern: Extension): Extension[]
  /** Gives the room of extensions back; those that were made later must have been released. */
  release(extensions: readonly Extension[]): void
}

/**
 * Occurrences of longer patterns as they are found, and of frequent ones on a stack. An occurrence is a number that
 * says where in the database it ends.
 */
export class Occurrences {
  readonly stack = new IntBuffer()
  /** Token and occurrence of each that was found, in the first `foundCount` places; `makeRoom` before adding. */
  tokens = new Int32Array(0)
  occurrences = new Int32Array(0)
  foundCount = 0
  /** By token: how many of the found. */
  readonly counts: Int32Array
  /** By token: 1 if it is a candidate; others need not be looked for. */
  readonly isCandidate: Uint8Array

  constructor(tokenCount: number) {
    this.counts = new Int32Array(tokenCount)
    this.isCandidate = new Uint8Array(tokenCount)
  }

  /** Says what is to be looked for, until it is settled. */
  expect(candidates: Int32Array): void {
    for (let i = 0; i < candidates.length; i++) this.isCandidate[candidates[i]!] = 1
  }

  /** Makes room for so many more to be found. */
  makeRoom(count: number): void {
    const needed = this.foundCount + count
    if (needed <= this.tokens.length) return
    const tokens = new Int32Array(Math.ceil(needed * 1.5))
    const occurrences = new Int32Array(tokens.length)
    tokens.set(this.tokens.subarray(0, this.foundCount))
    occurrences.set(this.occurrences.subarray(0, this.foundCount))
    this.tokens = tokens
    this.occurrences = occurrences
  }

  /**
   * Puts the occurrences of the frequent among the candidates on the stack, and forgets all others.
   *
   * @param candidates As they were expected, ascending.
   * @param sequenceCounts By token: how many sequences have it.
   */
  settle(candidates: Int32Array, sequenceCounts: Int32Array, least: number): Extension[] {
    const { stack, tokens, occurrences, counts, isCandidate } = this
    const extensions: Extension[] = []
    for (let i = 0; i < candidates.length; i++) {
      const token = candidates[i]!
      const from = stack.length
      isCandidate[token] = 0
      if (sequenceCounts[token]! >= least) {
        stack.reserve(counts[token]!)
        stack.length += counts[token]!
        extensions.push({ token, count: sequenceCounts[token]!, from, to: stack.length, siblings: extensions })
        counts[token] = from // From now on, where the next occurrence goes.
      } else {
        counts[token] = -1
      }
    }
    if (extensions.length > 0) {
      for (let i = 0; i < this.foundCount; i++) {
        const token = tokens[i]!
        if (counts[token]! >= 0) stack.data[counts[token]!++] = occurrences[i]!
      }
    }
    for (let i = 0; i < candidates.length; i++) counts[candidates[i]!] = 0
    this.foundCount = 0
    return extensions
  }

  /** See `Projector`. */
  release(extensions: readonly Extension[]): void {
    this.stack.length = extensions[0]?.from ?? this.stack.length
  }
}
