/** Apriori: frequent item sets level by level, candidates first. */

import { IntBuffer } from '../core/int-buffer.ts'
import { type Baskets, itemCounts } from './baskets.ts'
import { CandidateTrie } from './candidate-trie.ts'
import { ItemSetCollector, type ItemSets } from './item-sets.ts'

/**
 * All item sets that at least `least` baskets contain, by falling count and then by items: the same as `fpGrowth`.
 *
 * @param least A whole number of at least 1.
 * @param most More sets than this are refused.
 * @throws RangeError if there are more than `most`.
 * @see Agrawal & Srikant (1994), "Fast Algorithms for Mining Association Rules".
 */
export function apriori(baskets: Baskets, least: number, most: number, onProgress?: (share: number) => void): ItemSets {
  const found = new ItemSetCollector(most)
  const frequentOnly = keepFrequentItems(baskets, least, found)
  let level = findPairs(frequentOnly, least, found)
  for (let size = 3; level.length > 0; size++) {
    const candidates = joinCandidates(level, size)
    level = findSets(frequentOnly, size, candidates, least, found, onProgress)
  }
  return found.sorted(baskets.names, baskets.count)
}

/** Finds the single items, and the baskets without those that are not frequent. */
function keepFrequentItems(baskets: Baskets, least: number, found: ItemSetCollector): Baskets {
  const counts = itemCounts(baskets)
  for (let id = 0; id < counts.length; id++) if (counts[id]! >= least) found.add(Int32Array.of(id), counts[id]!)
  const items = new IntBuffer(baskets.items.length)
  const starts = new Int32Array(baskets.count + 1)
  for (let b = 0; b < baskets.count; b++) {
    for (let i = baskets.starts[b]!; i < baskets.starts[b + 1]!; i++) {
      if (counts[baskets.items[i]!]! >= least) items.push(baskets.items[i]!)
    }
    starts[b + 1] = items.length
  }
  return { ...baskets, starts, items: items.toArray() }
}

/**
 * The frequent pairs, flat and ascending. Every pair of frequent items is a candidate, so their counts would fill a
 * triangle of (items²)/2; it is filled and read a row at a time instead.
 */
function findPairs(baskets: Baskets, least: number, found: ItemSetCollector): Int32Array {
  const pairs = new IntBuffer()
  const row = new Int32Array(baskets.names.length)
  const { starts, places, ends } = placesByItem(baskets)
  const pair = new Int32Array(2)
  for (let item = 0; item < baskets.names.length; item++) {
    for (let o = starts[item]!; o < starts[item + 1]!; o++) {
      for (let i = places[o]! + 1; i < ends[o]!; i++) row[baskets.items[i]!]! += 1
    }
    pair[0] = item
    for (let other = item + 1; other < row.length; other++) {
      if (row[other]! < least) continue
      pair[1] = other
      found.add(pair, row[other]!)
      pairs.add(pair, 2)
    }
    row.fill(0)
  }
  return pairs.toArray()
}

/** Each item's places in the baskets, with the ends of these baskets: from `starts[item]` to `starts[item + 1]`. */
function placesByItem(baskets: Baskets): { starts: Int32Array; places: Int32Array; ends: Int32Array } {
  const counts = itemCounts(baskets)
  const starts = new Int32Array(counts.length + 1)
  for (let id = 0; id < counts.length; id++) starts[id + 1] = starts[id]! + counts[id]!
  const next = starts.slice()
  const places = new Int32Array(baskets.items.length)
  const ends = new Int32Array(baskets.items.length)
  for (let b = 0; b < baskets.count; b++) {
    for (let i = baskets.starts[b]!; i < baskets.starts[b + 1]!; i++) {
      const place = next[baskets.items[i]!]!++
      places[place] = i
      ends[place] = baskets.starts[b + 1]!
    }
  }
  return { starts, places, ends }
}

/** The frequent ones of candidates with `size` items, flat and ascending like these. */
function findSets(
  baskets: Baskets,
  size: number,
  candidates: Int32Array,
  least: number,
  found: ItemSetCollector,
  onProgress?: (share: number) => void,
): Int32Array {
  const trie = new CandidateTrie(candidates, size, baskets.names.length)
  for (let b = 0; b < baskets.count; b++) {
    trie.count(baskets.items, baskets.starts[b]!, baskets.starts[b + 1]!)
    if ((b & 255) === 255) onProgress?.(b / baskets.count)
  }
  const frequent = new IntBuffer()
  for (const [candidate, count] of trie.counts.entries()) {
    if (count < least) continue
    const set = candidates.subarray(candidate * size, (candidate + 1) * size)
    found.add(set, count)
    frequent.add(set, size)
  }
  return frequent.toArray()
}

/** Every set of `size` items whose parts of one item less are all in `level`, flat and ascending. */
function joinCandidates(level: Int32Array, size: number): Int32Array {
  const width = size - 1
  const candidates = new IntBuffer()
  const joined = new Int32Array(size)
  for (let a = 0; a < level.length; a += width) {
    joined.set(level.subarray(a, a + width))
    // The sets with the same beginning follow each other.
    for (let b = a + width; b < level.length && sharesBeginning(level, width, a, b); b += width) {
      joined[width] = level[b + width - 1]!
      if (partsAreIn(level, joined)) candidates.add(joined, size)
    }
  }
  return candidates.toArray()
}

function sharesBeginning(level: Int32Array, width: number, a: number, b: number): boolean {
  for (let i = 0; i < width - 1; i++) if (level[a + i] !== level[b + i]) return false
  return true
}

/** Whether all parts of one item less are in `level`; those without one of the last two are, as they were joined. */
function partsAreIn(level: Int32Array, joined: Int32Array): boolean {
  for (let left = joined.length - 3; left >= 0; left--) {
    if (!isIn(level, joined, left)) return false
  }
  return true
}

/** Whether the set without the item in place `left` is in `level`, by bisection. */
function isIn(level: Int32Array, joined: Int32Array, left: number): boolean {
  const width = joined.length - 1
  let low = 0
  let high = level.length / width
  while (low < high) {
    const middle = (low + high) >>> 1
    const difference = compareWithPart(level, middle * width, joined, left)
    if (difference === 0) return true
    if (difference < 0) low = middle + 1
    else high = middle
  }
  return false
}

function compareWithPart(level: Int32Array, at: number, joined: Int32Array, left: number): number {
  for (let i = 0; i < joined.length - 1; i++) {
    const difference = level[at + i]! - joined[i < left ? i : i + 1]!
    if (difference !== 0) return difference
  }
  return 0
}
