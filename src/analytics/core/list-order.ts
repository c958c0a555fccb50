/** Orders millions of short lists of small numbers, almost without comparing them: radix sorts where that pays. */

/** Lists of whole numbers from 0 in one flat array: list `i` is `values[starts[i]]` up to, but not including, `values[starts[i + 1]]`. */
export interface CountedLists {
  readonly starts: Int32Array
  readonly values: Int32Array
  /** What the lists are sorted by first, at least 0. */
  readonly counts: Int32Array
}

/**
 * The lists by falling count; those of one count by their first values, then their second, and so on, a list before the
 * longer ones that it begins.
 *
 * @param valueCount Values are below this.
 */
export function sortCountedLists(lists: CountedLists, valueCount: number): CountedLists {
  // Grouped by count first: the lists of a group then lie together in memory, which all that follows thrives on.
  const grouped = pickLists(lists, byFallingCount(lists.counts))
  const order = grouped.counts.map((_, list) => list)
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && grouped.counts[to] === grouped.counts[from]) to++
    // A radix sort counts each value in every place: that pays for groups large enough.
    if (to - from > 32 && to - from > valueCount / 8) radixSort(grouped, order, from, to, valueCount)
    else if (to - from > 1) order.subarray(from, to).sort((a, b) => compareLists(grouped, a, b))
  }
  return pickLists(grouped, order)
}

/** The given lists alone, in the given order. */
export function pickLists({ starts, values, counts }: CountedLists, picked: Int32Array): CountedLists {
  const newStarts = new Int32Array(picked.length + 1)
  for (let to = 0; to < picked.length; to++) {
    newStarts[to + 1] = newStarts[to]! + starts[picked[to]! + 1]! - starts[picked[to]!]!
  }
  const newValues = new Int32Array(newStarts[picked.length]!)
  for (let to = 0, at = 0; to < picked.length; to++) {
    for (let i = starts[picked[to]!]!; i < starts[picked[to]! + 1]!; i++) newValues[at++] = values[i]!
  }
  return { starts: newStarts, values: newValues, counts: picked.map((list) => counts[list]!) }
}

/** The positions by falling count; those of one count ascend. */
function byFallingCount(counts: Int32Array): Int32Array {
  const highest = counts.reduce((a, b) => Math.max(a, b), 0)
  const next = new Int32Array(highest + 2)
  for (let i = 0; i < counts.length; i++) next[highest - counts[i]! + 1]! += 1
  for (let below = 0; below <= highest; below++) next[below + 1]! += next[below]!
  const order = new Int32Array(counts.length)
  for (let i = 0; i < counts.length; i++) order[next[highest - counts[i]!]!++] = i
  return order
}

/** Sorts the positions `from` to `to` of `order`, which are these positions themselves, last place of a list first. */
function radixSort(
  { starts, values }: CountedLists,
  order: Int32Array,
  from: number,
  to: number,
  valueCount: number,
): void {
  const byLength = positionsByLength(starts, from, to)
  const sorted = new Int32Array(to - from)
  const next = new Int32Array(valueCount + 1)
  let used = to // From here on, `order` holds the lists that go beyond `place`, in order from there on.
  for (let place = byLength.length - 1; place >= 0; place--) {
    // Those that end here come before those that go on.
    used -= byLength[place]!.length
    order.set(byLength[place]!, used)
    if (place === 0) break
    next.fill(0)
    for (let i = used; i < to; i++) next[values[starts[order[i]!]! + place - 1]! + 1]! += 1
    for (let value = 0; value < valueCount; value++) next[value + 1]! += next[value]!
    for (let i = used; i < to; i++) {
      const list = order[i]!
      sorted[next[values[starts[list]! + place - 1]!]!++] = list
    }
    order.set(sorted.subarray(0, to - used), used)
  }
}

/** The positions `from` to `to` by the length of their lists; those of one length ascend. */
function positionsByLength(starts: Int32Array, from: number, to: number): Int32Array[] {
  const sizes: number[] = []
  for (let i = from; i < to; i++) {
    const length = starts[i + 1]! - starts[i]!
    while (sizes.length <= length) sizes.push(0)
    sizes[length]! += 1
  }
  const groups = sizes.map((size) => new Int32Array(size))
  const filled = new Int32Array(sizes.length)
  for (let i = from; i < to; i++) {
    const length = starts[i + 1]! - starts[i]!
    groups[length]![filled[length]!++] = i
  }
  return groups
}

function compareLists({ starts, values }: CountedLists, a: number, b: number): number {
  const aLength = starts[a + 1]! - starts[a]!
  const bLength = starts[b + 1]! - starts[b]!
  const shared = Math.min(aLength, bLength)
  for (let i = 0; i < shared; i++) {
    const difference = values[starts[a]! + i]! - values[starts[b]! + i]!
    if (difference !== 0) return difference
  }
  return aLength - bLength
}
