/** Which core points hang together: the half of DBSCAN that costs, done for pairs of tree nodes instead of points. */

import { createDisjointSets, type DisjointSets } from '../core/disjoint-sets.ts'
import { boxGap, boxSpan, type KdTree, pointSquare } from './kd-tree.ts'

interface Join {
  readonly tree: KdTree
  /** ε². */
  readonly reach: number
  readonly core: Uint8Array
  readonly sets: DisjointSets
  /** For each node a core point if all its core points are known to hang together, −2 if it has none, else −1. */
  readonly one: Int32Array
}

const none = -2
const several = -1

/**
 * Joins core points within reach of each other. Returns the group of a core point, by position in the tree.
 *
 * Each node joins its two halves, once these are joined within themselves; two nodes that already hang together as wholes
 * are passed over, so a dense region costs little more than its number of nodes.
 */
export function joinCores(tree: KdTree, reach: number, core: Uint8Array): (position: number) => number {
  const join: Join = {
    tree,
    reach,
    core,
    sets: createDisjointSets(core.length),
    one: new Int32Array(tree.start.length),
  }
  for (let node = tree.start.length - 1; node >= 0; node--) {
    const second = tree.second[node] as number
    join.one[node] = several
    if (second === 0) joinLeaf(join, node)
    else joinNodes(join, node + 1, second)
    wholeOf(join, node)
  }
  return (position) => join.sets.find(position)
}

function joinLeaf(join: Join, leaf: number): void {
  const { tree, reach, core, sets } = join
  const start = tree.start[leaf] as number
  const end = tree.end[leaf] as number
  if (boxSpan(tree, leaf, leaf) <= reach) {
    joinAll(join, leaf)
    return
  }
  for (let i = start; i < end; i++) {
    if (core[i] === 0) continue
    for (let j = i + 1; j < end; j++) if (core[j] === 1 && pointSquare(tree, i, j) <= reach) sets.unite(i, j)
  }
}

function joinNodes(join: Join, a: number, b: number): void {
  const { tree, reach, sets } = join
  const wholeA = wholeOf(join, a)
  const wholeB = wholeOf(join, b)
  if (wholeA === none || wholeB === none) return
  if (wholeA >= 0 && wholeB >= 0 && sets.find(wholeA) === sets.find(wholeB)) return
  if (boxGap(tree, a, b) > reach) return
  if (boxSpan(tree, a, b) <= reach) {
    sets.unite(joinAll(join, a), joinAll(join, b))
    return
  }
  const secondA = tree.second[a] as number
  const secondB = tree.second[b] as number
  if (secondA === 0 && secondB === 0) joinPoints(join, a, b, wholeA >= 0 && wholeB >= 0)
  else if (secondB === 0 || (secondA !== 0 && sizeOf(tree, a) >= sizeOf(tree, b))) {
    joinNodes(join, a + 1, b)
    joinNodes(join, secondA, b)
  } else {
    joinNodes(join, a, b + 1)
    joinNodes(join, a, secondB)
  }
}

/** Joins the core points of two leaves, pair by pair; one link is enough if each leaf is whole. */
function joinPoints({ tree, reach, core, sets }: Join, a: number, b: number, oneLink: boolean): void {
  for (let i = tree.start[a] as number; i < (tree.end[a] as number); i++) {
    if (core[i] === 0) continue
    for (let j = tree.start[b] as number; j < (tree.end[b] as number); j++) {
      if (core[j] === 0 || pointSquare(tree, i, j) > reach) continue
      sets.unite(i, j)
      if (oneLink) return
    }
  }
}

/** Joins all core points of a node that has some, and returns one of them. */
function joinAll({ tree, core, sets, one }: Join, node: number): number {
  if ((one[node] as number) >= 0) return one[node] as number
  let first = none
  for (let i = tree.start[node] as number; i < (tree.end[node] as number); i++) {
    if (core[i] === 0) continue
    if (first === none) first = i
    else sets.unite(first, i)
  }
  one[node] = first
  return first
}

/** A core point of the node if its core points hang together; found from its halves, or in a leaf by looking. */
function wholeOf({ tree, core, sets, one }: Join, node: number): number {
  if (one[node] !== several) return one[node] as number
  const second = tree.second[node] as number
  if (second !== 0) {
    const a = one[node + 1] as number
    const b = one[second] as number
    if (a === none || b === none) one[node] = a === none ? b : a
    else if (a >= 0 && b >= 0 && sets.find(a) === sets.find(b)) one[node] = a
    return one[node]
  }
  let first = none
  for (let i = tree.start[node] as number; i < (tree.end[node] as number); i++) {
    if (core[i] === 0) continue
    if (first === none) first = i
    else if (sets.find(first) !== sets.find(i)) return several
  }
  one[node] = first
  return first
}

function sizeOf(tree: KdTree, node: number): number {
  return (tree.end[node] as number) - (tree.start[node] as number)
}
