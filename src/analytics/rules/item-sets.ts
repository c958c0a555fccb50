/** Frequent item sets in flat arrays: a million of them cost some tens of megabytes. */

import { IntBuffer } from '../core/int-buffer.ts'
import { pickLists, sortCountedLists } from '../core/list-order.ts'
import { refuseTooMany } from '../core/support.ts'

/** Item sets with their counts. Sets come by falling count, then by items. */
export interface ItemSets {
  /** Item names by id, in code point order. */
  readonly names: readonly string[]
  /** How many baskets were searched: supports are shares of it. */
  readonly basketCount: number
  readonly size: number
  /** Set `s` holds `items[starts[s]]` up to, but not including, `items[starts[s + 1]]`, ascending. */
  readonly starts: Int32Array
  readonly items: Int32Array
  /** In how many baskets each set is, exactly. */
  readonly counts: Int32Array
}

/** The names of the items of one set, ascending. */
export function namesOfSet(sets: ItemSets, set: number): string[] {
  const names: string[] = []
  for (let i = sets.starts[set]!; i < sets.starts[set + 1]!; i++) {
    names.push(sets.names[sets.items[i]!] as string)
  }
  return names
}

/** Compares two sets by their items, for sorting: item by item, and the shorter first where it begins the longer. */
export function compareSets({ starts, items }: ItemSets, a: number, b: number): number {
  const aStart = starts[a]!
  const bStart = starts[b]!
  const aSize = starts[a + 1]! - aStart
  const bSize = starts[b + 1]! - bStart
  const shared = Math.min(aSize, bSize)
  for (let i = 0; i < shared; i++) {
    const difference = items[aStart + i]! - items[bStart + i]!
    if (difference !== 0) return difference
  }
  return aSize - bSize
}

/** Only some sets of a collection, in the given order. */
export function selectSets(sets: ItemSets, selected: Int32Array): ItemSets {
  const { starts, values, counts } = pickLists({ ...sets, values: sets.items }, selected)
  return { ...sets, size: selected.length, starts, items: values, counts }
}

/** Where a miner puts what it finds, set by set in any order. */
export class ItemSetCollector {
  private readonly items = new IntBuffer()
  private readonly starts = new IntBuffer()
  private readonly counts = new IntBuffer()
  private readonly most: number

  /** @param most More sets than this are refused. */
  constructor(most: number) {
    this.most = most
    this.starts.push(0)
  }

  /**
   * Adds a set.
   *
   * @param items Ascending.
   * @throws RangeError if there are too many sets.
   */
  add(items: Int32Array, count: number): void {
    this.items.add(items, items.length)
    this.close(count)
  }

  /**
   * Adds the set that is an earlier one and one item more.
   *
   * @param earlier What this method gave for the earlier set, or -1 for the empty set.
   * @throws RangeError if there are too many sets.
   */
  addLarger(earlier: number, item: number, count: number): number {
    const start = earlier < 0 ? 0 : this.starts.data[earlier]!
    const end = earlier < 0 ? 0 : this.starts.data[earlier + 1]!
    this.items.reserve(end - start + 1)
    const { data } = this.items
    let to = this.items.length
    let from = start
    for (; from < end && data[from]! < item; from++) data[to++] = data[from]!
    data[to++] = item
    for (; from < end; from++) data[to++] = data[from]!
    this.items.length = to
    return this.close(count)
  }

  /** Everything found, in order. */
  sorted(names: readonly string[], basketCount: number): ItemSets {
    const found = {
      starts: this.starts.data.subarray(0, this.starts.length),
      values: this.items.data.subarray(0, this.items.length),
      counts: this.counts.data.subarray(0, this.counts.length),
    }
    const { starts, values, counts } = sortCountedLists(found, names.length)
    return { names, basketCount, size: counts.length, starts, items: values, counts }
  }

  private close(count: number): number {
    if (this.counts.length === this.most) refuseTooMany('item sets', this.most)
    this.starts.push(this.items.length)
    this.counts.push(count)
    return this.counts.length - 1
  }
}
