/** Sequences of item sets as numbers: what both miners of sequences read. */

import { IntBuffer } from '../core/int-buffer.ts'
import { sortRange } from '../core/sort-range.ts'
import { compareText } from '../core/text-order.ts'

/**
 * Sequences in flat arrays. Elements are numbered through all sequences, so that one number says where in the whole one
 * is. Item ids follow the code point order of the names.
 */
export interface SequenceDatabase {
  /** Item names by id. */
  readonly names: readonly string[]
  readonly count: number
  /** Sequence `s` has the elements `sequenceStarts[s]` up to, but not including, `sequenceStarts[s + 1]`. */
  readonly sequenceStarts: Int32Array
  /** Element `e` has the items from `elementStarts[e]` up to, but not including, `elementStarts[e + 1]`. */
  readonly elementStarts: Int32Array
  /** Item ids, different and ascending within an element. */
  readonly items: Int32Array
}

/**
 * Numbers the items of sequences. An item that an element names several times counts once there; an empty element is
 * kept, as it takes a position.
 */
export function encodeSequences(sequences: Iterable<Iterable<Iterable<string>>>): SequenceDatabase {
  const idByName = new Map<string, number>()
  const sequenceStarts = new IntBuffer()
  const elementStarts = new IntBuffer()
  const items = new IntBuffer()
  for (const sequence of sequences) {
    sequenceStarts.push(elementStarts.length)
    for (const element of sequence) {
      elementStarts.push(items.length)
      for (const name of element) {
        const known = idByName.get(name)
        if (known === undefined) idByName.set(name, idByName.size)
        items.push(known ?? idByName.size - 1)
      }
    }
  }
  const count = sequenceStarts.length
  sequenceStarts.push(elementStarts.length)
  elementStarts.push(items.length)

  const names = [...idByName.keys()].sort(compareText)
  const finalId = new Int32Array(names.length)
  for (const [id, name] of names.entries()) finalId[idByName.get(name)!] = id
  const ids = items.toArray().map((id) => finalId[id]!)
  return { names, count, sequenceStarts: sequenceStarts.toArray(), ...tidyElements(elementStarts.toArray(), ids) }
}

/** The database without some items; every element stays where it is, if need be empty. */
export function keepItems(database: SequenceDatabase, isKept: (item: number) => boolean): SequenceDatabase {
  const items = new IntBuffer(database.items.length)
  const elementStarts = new Int32Array(database.elementStarts.length)
  for (let e = 0; e + 1 < elementStarts.length; e++) {
    for (let i = database.elementStarts[e]!; i < database.elementStarts[e + 1]!; i++) {
      if (isKept(database.items[i]!)) items.push(database.items[i]!)
    }
    elementStarts[e + 1] = items.length
  }
  return { ...database, elementStarts, items: items.toArray() }
}

/** In how many sequences each item is, by id. */
export function sequenceCounts({ names, count, sequenceStarts, elementStarts, items }: SequenceDatabase): Int32Array {
  const counts = new Int32Array(names.length)
  const lastSeen = new Int32Array(names.length).fill(-1)
  for (let s = 0; s < count; s++) {
    for (let i = elementStarts[sequenceStarts[s]!]!; i < elementStarts[sequenceStarts[s + 1]!]!; i++) {
      const item = items[i]!
      if (lastSeen[item] === s) continue
      lastSeen[item] = s
      counts[item]! += 1
    }
  }
  return counts
}

/** Sorts the items of each element and leaves repeated ones out. */
function tidyElements(starts: Int32Array, ids: Int32Array): { elementStarts: Int32Array; items: Int32Array } {
  const elementStarts = new Int32Array(starts.length)
  let end = 0
  for (let e = 0; e + 1 < starts.length; e++) {
    sortRange(ids, starts[e]!, starts[e + 1]!)
    for (let i = starts[e]!; i < starts[e + 1]!; i++) {
      // Writing never overtakes reading: what was kept takes no more room than what was read.
      if (end === elementStarts[e]! || ids[end - 1] !== ids[i]) ids[end++] = ids[i]!
    }
    elementStarts[e + 1] = end
  }
  return { elementStarts, items: ids.slice(0, end) }
}
