/** The prefix trees of FP-Growth, planted and felled on one stack of typed arrays. */

import type { Baskets } from './baskets.ts'

/**
 * A tree of baskets: each is a way from the root with ascending ranks, and baskets that share a way share its nodes.
 * Each rank stands for an item and has a chain of nodes. Items, counts and nodes are in the forest.
 */
export interface FpTree {
  /** The number of ranks. */
  readonly size: number
  /** The place of rank 0 in the forest's columns by rank. */
  readonly firstRank: number
  /** The first node; it and all behind it go when the tree is felled. */
  readonly firstNode: number
}

/** The root of every tree, the end of every chain, and the new rank of an item that a new tree leaves out. */
const none = -1

/**
 * All trees that are alive, each conditional on an item of the one below it.
 *
 * A tree is planted without ever searching a node's children: its nodes come rank by rank, so the only child that can be
 * the wanted one is the latest.
 */
export class FpForest {
  private nodeTop = 0
  private rankTop = 0
  // By node.
  private ranks = new Int32Array(0)
  private parents = new Int32Array(0)
  private counts = new Int32Array(0)
  private chain = new Int32Array(0)
  /** The latest child of a node, in place `node + 1`; place 0 is the root. */
  private children = new Int32Array(1)
  // By node, while a tree is planted on the one of the node. Path counts are 0 in between.
  private pathCounts = new Int32Array(0)
  private pathParents = new Int32Array(0)
  private pathChain = new Int32Array(0)
  private copies = new Int32Array(0)
  // By rank.
  private rankItems = new Int32Array(0)
  private rankCounts = new Int32Array(0)
  private rankHeads = new Int32Array(0)
  // By rank, while a tree is planted.
  private pathTotals = new Int32Array(0)
  private pathHeads = new Int32Array(0)
  private newRanks = new Int32Array(0)

  /** The item id of a rank. */
  item(tree: FpTree, rank: number): number {
    return this.rankItems[tree.firstRank + rank]!
  }

  /** In how many baskets of the tree the item of a rank is. */
  count(tree: FpTree, rank: number): number {
    return this.rankCounts[tree.firstRank + rank]!
  }

  /** The tree of all baskets, of the given items, which become ranks 0, 1, … in that order. */
  plant(baskets: Baskets, items: Int32Array): FpTree {
    const { starts, basketOf } = basketsByRank(baskets, items)
    const tree = this.breakGround(items.length, basketOf.length)
    const ends = new Int32Array(baskets.count).fill(none) // The node that each basket has got to.
    for (let rank = 0; rank < items.length; rank++) {
      this.openRank(tree.firstRank + rank, items[rank]!, starts[rank + 1]! - starts[rank]!)
      for (let o = starts[rank]!; o < starts[rank + 1]!; o++) {
        const node = this.childOf(ends[basketOf[o]!]!, rank, tree.firstRank + rank)
        this.counts[node]! += 1
        ends[basketOf[o]!] = node
      }
    }
    this.layWaysTogether(tree)
    return tree
  }

  /**
   * The tree of what the baskets with the item of `rank` hold besides it, of lower ranks, as far as at least `least` of
   * them hold it. Undefined if there is nothing.
   */
  plantConditional(tree: FpTree, rank: number, least: number): FpTree | undefined {
    const size = rank === 0 ? 0 : this.rankPaths(tree, rank, least)
    if (size === 0) return undefined
    const needsNodes = size > 1 // Above a single rank there is nothing to look for.
    const conditional = this.breakGround(size, needsNodes ? this.markPaths(tree, rank, size) : 0)
    for (let r = 0; r < rank; r++) {
      const newRank = this.newRanks[r]!
      if (newRank === none) continue
      this.openRank(conditional.firstRank + newRank, this.item(tree, r), this.pathTotals[r]!)
      if (needsNodes) this.copyPaths(newRank, conditional.firstRank + newRank)
    }
    return conditional
  }

  /** Gives the room of the topmost tree back. */
  fell(tree: FpTree): void {
    this.nodeTop = tree.firstNode
    this.rankTop = tree.firstRank
  }

  /** Totals the paths from the nodes of `rank` up to the root, and ranks what is frequent there. Returns how many are. */
  private rankPaths(tree: FpTree, rank: number, least: number): number {
    const { ranks, parents, counts, chain, pathTotals, newRanks } = this
    pathTotals.fill(0, 0, rank)
    for (let node = this.rankHeads[tree.firstRank + rank]!; node !== none; node = chain[node]!) {
      const count = counts[node]!
      for (let up = parents[node]!; up !== none; up = parents[up]!) pathTotals[ranks[up]!]! += count
    }
    let size = 0
    for (let r = 0; r < rank; r++) newRanks[r] = pathTotals[r]! >= least ? size++ : none
    return size
  }

  /** Counts the baskets on each frequent node of the paths, and chains these by their new rank. Returns how many. */
  private markPaths(tree: FpTree, rank: number, size: number): number {
    const { ranks, parents, counts, chain, pathCounts, pathParents, pathChain, pathHeads, newRanks } = this
    pathHeads.fill(none, 0, size)
    let marked = 0
    const markAbove = (node: number, count: number): number => {
      let up = parents[node]!
      while (up !== none && newRanks[ranks[up]!] === none) up = parents[up]!
      if (up === none) return none
      if (pathCounts[up] === 0) {
        const newRank = newRanks[ranks[up]!]!
        pathChain[up] = pathHeads[newRank]!
        pathHeads[newRank] = up
        marked++
      }
      pathCounts[up]! += count
      return up
    }
    for (let node = this.rankHeads[tree.firstRank + rank]!; node !== none; node = chain[node]!) {
      markAbove(node, counts[node]!)
    }
    // A node is complete once all below it have been: deepest rank first.
    for (let r = size - 1; r >= 0; r--) {
      for (let node = pathHeads[r]!; node !== none; node = pathChain[node]!) {
        pathParents[node] = markAbove(node, pathCounts[node]!)
      }
    }
    return marked
  }

  /** The marked nodes of a rank get copies in the new tree; those with one parent there become one. */
  private copyPaths(newRank: number, place: number): void {
    const { counts, pathCounts, pathParents, pathChain, copies } = this
    for (let node = this.pathHeads[newRank]!; node !== none; node = pathChain[node]!) {
      const parent = pathParents[node]!
      const copy = this.childOf(parent === none ? none : copies[parent]!, newRank, place)
      counts[copy]! += pathCounts[node]!
      copies[node] = copy
      pathCounts[node] = 0
    }
  }

  /** The child of that rank, made if it is not there. Ranks must come in ascending order. */
  private childOf(parent: number, rank: number, place: number): number {
    const latest = this.children[parent + 1]!
    if (latest !== none && this.ranks[latest] === rank) return latest
    const node = this.nodeTop++
    this.ranks[node] = rank
    this.parents[node] = parent
    this.counts[node] = 0
    this.pathCounts[node] = 0
    this.children[node + 1] = none
    this.chain[node] = this.rankHeads[place]!
    this.rankHeads[place] = node
    this.children[parent + 1] = node
    return node
  }

  /**
   * Renumbers the nodes of the lowest tree so that a way through it is a stretch of memory (depth first): it is walked
   * far more often than it is planted, and is the only tree that may be larger than a processor's cache.
   */
  private layWaysTogether(tree: FpTree): void {
    const { nodeTop, ranks, parents, counts } = this
    const sizes = new Int32Array(nodeTop).fill(1) // Of the subtrees. A parent comes before its children.
    for (let node = nodeTop - 1; node >= 0; node--) if (parents[node] !== none) sizes[parents[node]!]! += sizes[node]!
    const places = new Int32Array(nodeTop)
    const nextChild = new Int32Array(nodeTop + 1)
    for (let node = 0; node < nodeTop; node++) {
      const place = nextChild[parents[node]! + 1]!
      places[node] = place
      nextChild[node + 1] = place + 1
      nextChild[parents[node]! + 1] = place + sizes[node]!
    }
    const oldRanks = ranks.slice(0, nodeTop)
    const oldParents = parents.slice(0, nodeTop)
    const oldCounts = counts.slice(0, nodeTop)
    this.rankHeads.fill(none, tree.firstRank, tree.firstRank + tree.size)
    for (let node = 0; node < nodeTop; node++) {
      const place = places[node]!
      const rankPlace = tree.firstRank + oldRanks[node]!
      ranks[place] = oldRanks[node]!
      parents[place] = oldParents[node] === none ? none : places[oldParents[node]!]!
      counts[place] = oldCounts[node]!
      this.chain[place] = this.rankHeads[rankPlace]!
      this.rankHeads[rankPlace] = place
    }
  }

  private openRank(place: number, item: number, count: number): void {
    this.rankItems[place] = item
    this.rankCounts[place] = count
    this.rankHeads[place] = none
  }

  /** A place for a tree of `size` ranks and at most `nodes` nodes, on top of all others. */
  private breakGround(size: number, nodes: number): FpTree {
    const tree = { size, firstRank: this.rankTop, firstNode: this.nodeTop }
    this.rankTop += size
    if (this.rankTop > this.rankItems.length) this.makeRoomForRanks(this.rankTop)
    if (this.nodeTop + nodes > this.ranks.length) this.makeRoomForNodes(this.nodeTop + nodes)
    this.children[0] = none
    return tree
  }

  private makeRoomForRanks(count: number): void {
    this.rankItems = enlarged(this.rankItems, count)
    this.rankCounts = enlarged(this.rankCounts, count)
    this.rankHeads = enlarged(this.rankHeads, count)
    this.pathTotals = enlarged(this.pathTotals, count)
    this.pathHeads = enlarged(this.pathHeads, count)
    this.newRanks = enlarged(this.newRanks, count)
  }

  private makeRoomForNodes(count: number): void {
    this.ranks = enlarged(this.ranks, count)
    this.parents = enlarged(this.parents, count)
    this.counts = enlarged(this.counts, count)
    this.chain = enlarged(this.chain, count)
    this.children = enlarged(this.children, count + 1)
    this.pathCounts = enlarged(this.pathCounts, count)
    this.pathParents = enlarged(this.pathParents, count)
    this.pathChain = enlarged(this.pathChain, count)
    this.copies = enlarged(this.copies, count)
  }
}

function enlarged(column: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.ceil(needed * 1.5))
  larger.set(column)
  return larger
}

/** For each of the given items the baskets that hold it: those of rank `r` from `starts[r]` to `starts[r + 1]`. */
function basketsByRank(baskets: Baskets, items: Int32Array): { starts: Int32Array; basketOf: Int32Array } {
  const rankOf = new Int32Array(baskets.names.length).fill(none)
  for (let rank = 0; rank < items.length; rank++) rankOf[items[rank]!] = rank
  const starts = new Int32Array(items.length + 1)
  for (let i = 0; i < baskets.items.length; i++) {
    const rank = rankOf[baskets.items[i]!]!
    if (rank !== none) starts[rank + 1]! += 1
  }
  for (let rank = 0; rank < items.length; rank++) starts[rank + 1]! += starts[rank]!
  const next = starts.slice()
  const basketOf = new Int32Array(starts[items.length]!)
  for (let b = 0; b < baskets.count; b++) {
    for (let i = baskets.starts[b]!; i < baskets.starts[b + 1]!; i++) {
      const rank = rankOf[baskets.items[i]!]!
      if (rank !== none) basketOf[next[rank]!++] = b
    }
  }
  return { starts, basketOf }
}
