/** Finds a pattern in a collection by its tokens. */

import type { SequencePatterns } from './sequence-patterns.ts'

/** An empty place in the table. */
const empty = -1

/** A hash table from patterns to their positions. */
export class PatternIndex {
  private readonly patterns: SequencePatterns
  private readonly table: Int32Array

  constructor(patterns: SequencePatterns) {
    this.patterns = patterns
    this.table = new Int32Array(2 ** Math.ceil(Math.log2(2 * patterns.size + 2))).fill(empty)
    for (let pattern = 0; pattern < patterns.size; pattern++) {
      let place = this.home(patterns.tokens, patterns.starts[pattern]!, patterns.starts[pattern + 1]!)
      while (this.table[place] !== empty) place = this.after(place)
      this.table[place] = pattern
    }
  }

  /** The position of the pattern with these tokens, or -1 if it is not there. */
  find(tokens: Int32Array): number {
    for (let place = this.home(tokens, 0, tokens.length); ; place = this.after(place)) {
      const pattern = this.table[place]!
      if (pattern === empty || this.isSame(pattern, tokens)) return pattern
    }
  }

  private isSame(pattern: number, wanted: Int32Array): boolean {
    const { starts, tokens } = this.patterns
    const start = starts[pattern]!
    if (starts[pattern + 1]! - start !== wanted.length) return false
    for (let i = 0; i < wanted.length; i++) if (tokens[start + i] !== wanted[i]) return false
    return true
  }

  /** A multiplicative hash: the upper half of each product is folded in, as small tokens fill only lower halves. */
  private home(tokens: Int32Array, from: number, to: number): number {
    let hash = 0
    for (let i = from; i < to; i++) {
      hash = Math.imul(hash ^ tokens[i]!, 0x9e37_79b1)
      hash ^= hash >>> 15
    }
    return hash & (this.table.length - 1)
  }

  private after(place: number): number {
    return (place + 1) & (this.table.length - 1)
  }
}
