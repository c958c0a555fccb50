/** Counts many candidate item sets of one size in one pass over the baskets. */

/** A trie over sets of one size. A set is a leaf, and its way from the root is its items, ascending. */
export class CandidateTrie {
  /** By depth: the item of each node, in order, and the first of its children in the next depth. */
  private readonly items: Int32Array[] = []
  private readonly firstChildren: Int32Array[] = []
  /** By item: the node of depth 0, or -1. */
  private readonly roots: Int32Array
  private readonly size: number
  /** By candidate: how many of the counted baskets contain it. */
  readonly counts: Int32Array

  /**
   * @param candidates Sets of `size` items each, one after another; items ascend in a set, and sets ascend by items.
   * @param itemCount Item ids are below this.
   */
  constructor(candidates: Int32Array, size: number, itemCount: number) {
    this.size = size
    this.counts = new Int32Array(candidates.length / size)
    let leafOf = this.counts.map((_, candidate) => candidate)
    for (let depth = size - 1; depth >= 0; depth--) {
      // The nodes of this depth are the different beginnings; each starts at its first child.
      const beginnings = leafOf.filter((c, i) => i === 0 || differsUpTo(candidates, size, depth, leafOf[i - 1]!, c))
      this.items.unshift(beginnings.map((c) => candidates[c * size + depth]!))
      if (depth < size - 1) this.firstChildren.unshift(positionsOf(beginnings, leafOf))
      leafOf = beginnings
    }
    this.roots = new Int32Array(itemCount).fill(-1)
    for (const [node, item] of (this.items[0] ?? []).entries()) this.roots[item] = node
  }

  /** Adds 1 to each candidate that the basket from `start` to `end` of `basketItems` contains. */
  count(basketItems: Int32Array, start: number, end: number): void {
    for (let at = start; at + this.size <= end; at++) {
      const node = this.roots[basketItems[at]!]!
      if (node >= 0) this.descend(0, node, basketItems, at + 1, end)
    }
  }

  private descend(depth: number, node: number, basketItems: Int32Array, start: number, end: number): void {
    const items = this.items[depth + 1]!
    const last = this.firstChildren[depth]![node + 1]!
    const isLeaf = depth + 2 === this.size
    const stop = end - (this.size - depth - 2) // So many items must be left for the rest of the way.
    let child = this.firstChildren[depth]![node]!
    for (let at = start; at < stop && child < last; at++) {
      const item = basketItems[at]!
      while (child < last && items[child]! < item) child++
      if (child === last || items[child] !== item) continue
      if (isLeaf) this.counts[child]! += 1
      else this.descend(depth + 1, child, basketItems, at + 1, end)
    }
  }
}

/** Whether two candidates differ in a place up to `depth`. */
function differsUpTo(candidates: Int32Array, size: number, depth: number, a: number, b: number): boolean {
  for (let i = 0; i <= depth; i++) if (candidates[a * size + i] !== candidates[b * size + i]) return true
  return false
}

/** Where each of `some` stands in `all` (both ascend), and at the end the length of `all`. */
function positionsOf(some: Int32Array, all: Int32Array): Int32Array {
  const positions = new Int32Array(some.length + 1)
  let at = 0
  for (const [i, value] of some.entries()) {
    while (all[at] !== value) at++
    positions[i] = at
  }
  positions[some.length] = all.length
  return positions
}
