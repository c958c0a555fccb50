/** Projection where each element has one item and gaps do not matter: the first occurrence in a sequence says it all. */

import { type Extension, Occurrences, type Projector } from './occurrences.ts'
import type { SequenceDatabase } from './sequence-database.ts'

/** What can follow a later occurrence of a pattern can follow the first one too, so no other is kept. */
export class FirstProjector implements Projector {
  private readonly items: Int32Array
  private readonly starts: Int32Array
  /** By place in the items: where the sequence ends, and where the item was before in the sequence (or -1). */
  private readonly ends: Int32Array
  private readonly previous: Int32Array
  private readonly least: number
  private readonly found: Occurrences

  /** @param database Its elements have at most one item each. */
  constructor(database: SequenceDatabase, least: number) {
    this.items = database.items
    this.starts = database.sequenceStarts.map((element) => database.elementStarts[element]!)
    this.ends = new Int32Array(this.items.length)
    for (let s = 0; s < database.count; s++) this.ends.fill(this.starts[s + 1]!, this.starts[s], this.starts[s + 1])
    this.previous = previousPlaces(this.items, this.starts, database.names.length)
    this.least = least
    this.found = new Occurrences(database.names.length)
  }

  begin(): Extension[] {
    const candidates = new Int32Array(this.found.counts.length).map((_, item) => item)
    this.found.expect(candidates)
    for (let s = 0; s + 1 < this.starts.length; s++) this.findFirst(this.starts[s]!, this.starts[s + 1]!)
    return this.settle(candidates)
  }

  extend({ from, to, siblings }: Extension): Extension[] {
    // What seldom follows the pattern before follows this one, which is longer, no more often.
    const candidates = Int32Array.from(siblings, ({ token }) => token)
    this.found.expect(candidates)
    for (let o = from; o < to; o++) {
      const place = this.found.stack.data[o]!
      this.findFirst(place + 1, this.ends[place]!)
    }
    return this.settle(candidates)
  }

  release(extensions: readonly Extension[]): void {
    this.found.release(extensions)
  }

  /** The first occurrence of each candidate from one place up to another. */
  private findFirst(from: number, to: number): void {
    const { items, previous, found } = this
    found.makeRoom(to - from)
    const { tokens, occurrences, counts, isCandidate } = found
    let count = found.foundCount
    for (let place = from; place < to; place++) {
      if (previous[place]! >= from) continue
      const item = items[place]!
      if (isCandidate[item] === 0) continue
      tokens[count] = item
      occurrences[count] = place
      counts[item]! += 1
      count++
    }
    found.foundCount = count
  }

  private settle(candidates: Int32Array): Extension[] {
    return this.found.settle(candidates, this.found.counts, this.least) // One occurrence a sequence.
  }
}

function previousPlaces(items: Int32Array, starts: Int32Array, itemCount: number): Int32Array {
  const previous = new Int32Array(items.length)
  const last = new Int32Array(itemCount).fill(-1)
  for (let s = 0; s + 1 < starts.length; s++) {
    for (let place = starts[s]!; place < starts[s + 1]!; place++) {
      const item = items[place]!
      previous[place] = last[item]! < starts[s]! ? -1 : last[item]!
      last[item] = place
    }
  }
  return previous
}
