/** Shopping baskets as numbers: what both miners of item sets read. */

import { IntBuffer } from '../core/int-buffer.ts'
import { sortRange } from '../core/sort-range.ts'
import { compareText } from '../core/text-order.ts'

/** Baskets in one flat array. Item ids follow the code point order of the names, so comparing ids compares names. */
export interface Baskets {
  /** Item names by id. */
  readonly names: readonly string[]
  readonly count: number
  /** Basket `b` holds `items[starts[b]]` up to, but not including, `items[starts[b + 1]]`: different ids, ascending. */
  readonly starts: Int32Array
  readonly items: Int32Array
}

/**
 * Numbers the items of baskets. An item that a basket names several times counts once. A basket without items is kept:
 * supports are shares of all baskets.
 */
export function encodeBaskets(baskets: Iterable<Iterable<string>>): Baskets {
  const idByName = new Map<string, number>()
  const lastBasket = new IntBuffer() // By provisional id: the last basket seen with the item, to count it once.
  const items = new IntBuffer()
  const starts = new IntBuffer()
  let count = 0
  for (const basket of baskets) {
    starts.push(items.length)
    for (const name of basket) {
      let id = idByName.get(name)
      if (id === undefined) {
        id = idByName.size
        idByName.set(name, id)
        lastBasket.push(-1)
      }
      if (lastBasket.data[id] === count) continue
      lastBasket.data[id] = count
      items.push(id)
    }
    count++
  }
  starts.push(items.length)

  const names = [...idByName.keys()].sort(compareText)
  const finalId = new Int32Array(names.length)
  for (const [id, name] of names.entries()) finalId[idByName.get(name) as number] = id
  const encoded = { names, count, starts: starts.toArray(), items: items.toArray() }
  renumber(encoded, finalId)
  return encoded
}

function renumber({ count, starts, items }: Baskets, finalId: Int32Array): void {
  for (let i = 0; i < items.length; i++) items[i] = finalId[items[i]!] as number
  for (let b = 0; b < count; b++) sortRange(items, starts[b]!, starts[b + 1]!)
}

/** In how many baskets each item is, by id. */
export function itemCounts({ names, items }: Baskets): Int32Array {
  const counts = new Int32Array(names.length)
  for (let i = 0; i < items.length; i++) counts[items[i]!]! += 1
  return counts
}
