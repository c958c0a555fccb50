/** DBSCAN: clusters are what is dense, whatever its shape; the rest is noise. */

import { checkFinite, checkWhole, refuse } from '../core/check.ts'
import type { DenseMatrix } from '../core/dense-matrix.ts'
import { joinCores } from './dbscan-joins.ts'
import { boxGap, boxSpan, buildKdTree, type KdTree, pointGap, pointSquare } from './kd-tree.ts'
import { checkPoints, compareRows } from './points.ts'

export interface DbscanOptions {
  /** ε, above 0: points at this distance or less are neighbours. */
  readonly eps: number
  /** A core point has at least so many neighbours, itself among them. */
  readonly minPoints: number
}

export interface DbscanResult {
  /** The cluster of each row, numbered by their first core rows; −1 for noise. */
  readonly labels: Int32Array
  readonly clusterCount: number
  /** 1 for core points, else 0. */
  readonly core: Uint8Array
}

/**
 * Finds clusters of any shape. Core points at most ε apart share a cluster; a border point (not core, but a neighbour of
 * core points) joins the cluster of the nearest of them, at equal distance of the one with the smaller coordinates. So
 * another order of the rows gives the same clusters.
 *
 * Exact: boxes of points are taken or left as a whole, but their distances are computed in the same order as those of two
 * points, and as rounding is monotone, they never contradict what the points themselves would say.
 *
 * @throws RangeError naming the argument, unless ε is finite and above 0, minPoints whole and above 0, all values finite.
 * @see Ester, Kriegel, Sander & Xu (1996), "A Density-Based Algorithm for Discovering Clusters".
 */
export function dbscan(points: DenseMatrix, { eps, minPoints }: DbscanOptions): DbscanResult {
  checkPoints(points)
  if (checkFinite('eps', eps) <= 0) refuse('eps', eps, 'must be above 0')
  checkWhole('minPoints', minPoints, 1)

  const tree = buildKdTree(points)
  const reach = eps * eps
  const core = findCores(tree, reach, minPoints)
  const groupOf = joinCores(tree, reach, core)
  const coreOf = tree.rowOf.map((_, i) => (core[i] === 1 ? i : nearestCore(tree, reach, core, i)))
  return numbered(tree, core, (position) => {
    const nearest = coreOf[position] as number
    return nearest < 0 ? -1 : groupOf(nearest)
  })
}

/** Marks the core points, by position in the tree: leaf by leaf, as neighbours have mostly the same neighbours. */
function findCores(tree: KdTree, reach: number, minPoints: number): Uint8Array {
  const core = new Uint8Array(tree.rowOf.length)
  for (let leaf = 0; leaf < tree.start.length; leaf++) {
    if (tree.second[leaf] !== 0) continue
    const from = tree.start[leaf] as number
    const counts = new Int32Array((tree.end[leaf] as number) - from)
    countNeighbours({ tree, reach, leaf, counts, minPoints }, 0)
    for (let i = 0; i < counts.length; i++) core[from + i] = (counts[i] as number) >= minPoints ? 1 : 0
  }
  return core
}

interface Count {
  readonly tree: KdTree
  readonly reach: number
  readonly leaf: number
  /** Neighbours found so far of each point in the leaf. */
  readonly counts: Int32Array
  readonly minPoints: number
}

/** Counts the neighbours in a node. Returns whether every point of the leaf has enough, so that no more need be found. */
function countNeighbours(count: Count, node: number): boolean {
  const { tree, reach, leaf, counts, minPoints } = count
  if (boxGap(tree, leaf, node) > reach) return false
  const from = tree.start[leaf] as number
  const start = tree.start[node] as number
  const end = tree.end[node] as number
  const second = tree.second[node] as number
  if (boxSpan(tree, leaf, node) <= reach) {
    for (let i = 0; i < counts.length; i++) counts[i] = (counts[i] as number) + end - start
  } else if (second === 0) {
    for (let i = 0; i < counts.length; i++) {
      let found = counts[i] as number
      for (let j = start; j < end && found < minPoints; j++) if (pointSquare(tree, from + i, j) <= reach) found++
      counts[i] = found
    }
  } else {
    const [near, far] = from < (tree.start[second] as number) ? [node + 1, second] : [second, node + 1]
    return countNeighbours(count, near) || countNeighbours(count, far)
  }
  for (let i = 0; i < counts.length; i++) if ((counts[i] as number) < minPoints) return false
  return true
}

/** The position of the nearest core point within reach of a point, or −1; of the smaller coordinates if tied. */
function nearestCore(tree: KdTree, reach: number, core: Uint8Array, point: number): number {
  let nearest = -1
  let least = reach
  const look = (node: number): void => {
    if (pointGap(tree, point, node) > least) return
    const second = tree.second[node] as number
    if (second !== 0) {
      look(node + 1)
      look(second)
      return
    }
    for (let i = tree.start[node] as number; i < (tree.end[node] as number); i++) {
      if (core[i] === 0) continue
      const square = pointSquare(tree, point, i)
      if (square > least) continue
      if (nearest >= 0 && square === least && compareRows(tree, nearest, i) <= 0) continue
      nearest = i
      least = square
    }
  }
  look(0)
  return nearest
}

/** Brings everything into the order of the rows, and numbers the groups by their first core rows. */
function numbered(tree: KdTree, core: Uint8Array, groupAt: (position: number) => number): DbscanResult {
  const n = tree.rowOf.length
  const positionOf = new Int32Array(n)
  tree.rowOf.forEach((row, position) => {
    positionOf[row] = position
  })
  const coreByRow = positionOf.map((position) => core[position] as number)
  const numbers = new Map<number, number>([[-1, -1]])
  for (let row = 0; row < n; row++) {
    const group = coreByRow[row] === 1 ? groupAt(positionOf[row] as number) : -1
    if (!numbers.has(group)) numbers.set(group, numbers.size - 1)
  }
  const labels = positionOf.map((position) => numbers.get(groupAt(position)) as number)
  return { labels, clusterCount: numbers.size - 1, core: Uint8Array.from(coreByRow) }
}
