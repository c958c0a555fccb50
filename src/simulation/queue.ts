/**
 * What is to come, the earliest first: a binary heap. Of two at the same moment the one of the lower rank, of equals the one
 * that was added first.
 */

import type { EpochMs } from '../domain/time.ts'

interface Entry<Item> {
  readonly atMs: EpochMs
  readonly rank: number
  readonly order: number
  readonly item: Item
}

export class TimeQueue<Item> {
  readonly #heap: Entry<Item>[] = []
  #added = 0

  get size(): number {
    return this.#heap.length
  }

  add(atMs: EpochMs, item: Item, rank = 0): void {
    const entry = { atMs, rank, order: this.#added++, item }
    const heap = this.#heap
    let i = heap.length
    heap.push(entry)
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent] as Entry<Item>
      if (isBefore(above, entry)) break
      heap[i] = above
      i = parent
    }
    heap[i] = entry
  }

  /** Takes the earliest out, if it is due by then. */
  takeUntil(untilMs: EpochMs): { readonly atMs: EpochMs; readonly item: Item } | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.atMs > untilMs) return undefined
    const last = this.#heap.pop() as Entry<Item>
    if (this.#heap.length > 0) this.#sink(last)
    return first
  }

  #sink(entry: Entry<Item>): void {
    const heap = this.#heap
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as Entry<Item>)) child++
      if (isBefore(entry, heap[child] as Entry<Item>)) break
      heap[i] = heap[child] as Entry<Item>
      i = child
    }
    heap[i] = entry
  }
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs
  return a.rank < b.rank || (a.rank === b.rank && a.order < b.order)
}
