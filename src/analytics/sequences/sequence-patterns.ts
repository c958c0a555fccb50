/** Frequent sequences in flat arrays. */

import { IntBuffer } from '../core/int-buffer.ts'
import { pickLists, sortCountedLists } from '../core/list-order.ts'
import { refuseTooMany } from '../core/support.ts'

/**
 * Patterns with their counts. They come by falling count, then by elements; elements are compared item by item, the
 * shorter first where it begins the longer, and so are patterns.
 *
 * A pattern is written as tokens: an item's id opens an element, and the id plus the number of items goes on with it.
 * In this form patterns sort as they should, and grow by one token at their end.
 */
export interface SequencePatterns {
  /** Item names by id, in code point order. */
  readonly names: readonly string[]
  /** How many sequences were searched: supports are shares of it. */
  readonly sequenceCount: number
  readonly size: number
  /** Pattern `p` holds `tokens[starts[p]]` up to, but not including, `tokens[starts[p + 1]]`. */
  readonly starts: Int32Array
  readonly tokens: Int32Array
  /** How many sequences contain each pattern, exactly. */
  readonly counts: Int32Array
}

/** The elements of one pattern, each the names of its items, ascending. */
export function elementsOfPattern({ names, starts, tokens }: SequencePatterns, pattern: number): string[][] {
  const elements: string[][] = []
  for (let i = starts[pattern]!; i < starts[pattern + 1]!; i++) {
    const token = tokens[i]!
    if (token < names.length) elements.push([names[token]!])
    else elements.at(-1)?.push(names[token - names.length]!)
  }
  return elements
}

/** Only some patterns, in the given order. */
export function selectPatterns(patterns: SequencePatterns, selected: Int32Array): SequencePatterns {
  const { starts, values, counts } = pickLists({ ...patterns, values: patterns.tokens }, selected)
  return { ...patterns, size: selected.length, starts, tokens: values, counts }
}

/** Where a miner puts what it finds, pattern by pattern in any order. */
export class PatternCollector {
  private readonly tokens = new IntBuffer()
  private readonly starts = new IntBuffer()
  private readonly counts = new IntBuffer()
  private readonly most: number

  /** @param most More patterns than this are refused. */
  constructor(most: number) {
    this.most = most
    this.starts.push(0)
  }

  /** Adds a pattern. @throws RangeError if there are too many. */
  add(tokens: Int32Array, count: number): void {
    this.tokens.add(tokens, tokens.length)
    this.close(count)
  }

  /**
   * Adds the pattern that is an earlier one and one token more at its end.
   *
   * @param earlier What this method gave for the earlier pattern, or -1 for the empty pattern.
   * @throws RangeError if there are too many patterns.
   */
  addLonger(earlier: number, token: number, count: number): number {
    const start = earlier < 0 ? 0 : this.starts.data[earlier]!
    const length = earlier < 0 ? 0 : this.starts.data[earlier + 1]! - start
    this.tokens.reserve(length + 1)
    const { data } = this.tokens
    for (let i = 0; i < length; i++) data[this.tokens.length++] = data[start + i]!
    data[this.tokens.length++] = token
    return this.close(count)
  }

  /** Everything found, in order. */
  sorted(names: readonly string[], sequenceCount: number): SequencePatterns {
    const found = {
      starts: this.starts.data.subarray(0, this.starts.length),
      values: this.tokens.data.subarray(0, this.tokens.length),
      counts: this.counts.data.subarray(0, this.counts.length),
    }
    const { starts, values, counts } = sortCountedLists(found, 2 * names.length)
    return { names, sequenceCount, size: counts.length, starts, tokens: values, counts }
  }

  private close(count: number): number {
    if (this.counts.length === this.most) refuseTooMany('patterns', this.most)
    this.starts.push(this.tokens.length)
    this.counts.push(count)
    return this.counts.length - 1
  }
}
