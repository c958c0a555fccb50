/** Steps of k-means that settle whole boxes of points at once: the fast way where dimensions are few. */

import { addToCluster, type Clusters, moveCentres } from './k-means-centres.ts'
import type { KdTree } from './kd-tree.ts'

/** What rounding may do to a squared distance, generously: a centre is dropped only if it is farther by more. */
const rounding = 1e-14

/** A tree over the points of the clusters, with the sum and the weight of the points in each node. */
export interface SummedTree {
  readonly tree: KdTree
  readonly sums: Float64Array
  readonly weights: Float64Array
  /** The middle of each node's box, and its half sides: nodes × d. */
  readonly middles: Float64Array
  readonly halves: Float64Array
  /** Which centres may be nearest to a point of the node at each depth, and their squared distances from its middle. */
  readonly candidates: Int32Array
  readonly squares: Float64Array
}

/**
 * Prepares a tree for steps with k centres.
 *
 * @param tree Its points in its order are those of the clusters.
 */
export function sumUpTree(tree: KdTree, pointWeights: Float64Array, k: number): SummedTree {
  const { values, columns: d, start, end, second, low, high } = tree
  const nodes = start.length
  const sums = new Float64Array(nodes * d)
  const weights = new Float64Array(nodes)
  const depths = new Int32Array(nodes).fill(1)
  const add = (node: number, from: Float64Array, row: number, weight: number, factor: number): void => {
    weights[node] = (weights[node] as number) + weight
    for (let t = 0; t < d; t++) {
      sums[node * d + t] = (sums[node * d + t] as number) + factor * (from[row * d + t] as number)
    }
  }
  for (let node = nodes - 1; node >= 0; node--) {
    const right = second[node] as number
    if (right === 0) {
      for (let i = start[node] as number; i < (end[node] as number); i++) {
        add(node, values, i, pointWeights[i] as number, pointWeights[i] as number)
      }
      continue
    }
    for (const child of [node + 1, right]) add(node, sums, child, weights[child] as number, 1)
    depths[node] = 1 + Math.max(depths[node + 1] as number, depths[right] as number)
  }
  const middles = low.map((value, i) => value + ((high[i] as number) - value) / 2)
  const room = ((depths[0] as number) + 1) * k
  return {
    tree,
    sums,
    weights,
    middles,
    halves: middles.map((middle, i) => Math.max((high[i] as number) - middle, middle - (low[i] as number))),
    candidates: new Int32Array(room),
    squares: new Float64Array(room),
  }
}

/**
 * Steps from the present centres until moving them lowers the inertia by no more than `enough`; at most `most`. Returns
 * how many were made.
 *
 * @see Kanungo et al. (2002), "An Efficient k-Means Clustering Algorithm: Analysis and Implementation", IEEE PAMI 24(7).
 */
export function runFiltered(clusters: Clusters, summed: SummedTree, most: number, enough: number): number {
  for (let step = 1; ; step++) {
    clusters.sums.fill(0)
    clusters.sizes.fill(0)
    for (let c = 0; c < clusters.k; c++) summed.candidates[c] = c
    assignNode(clusters, summed, 0, 0, clusters.k)
    if (moveCentres(clusters) <= enough || step === most) return step
  }
}

/** Adds the points of a node to their nearest centres, of which `count` from position `at` on are candidates. */
function assignNode(clusters: Clusters, summed: SummedTree, node: number, at: number, count: number): void {
  const { sums, sizes, points } = clusters
  const { tree, candidates } = summed
  const next = at + count
  const left = dropDistant(clusters, summed, node, at, count)
  if (left === 1) {
    const only = candidates[next] as number
    const d = points.columns
    sizes[only] = (sizes[only] as number) + (summed.weights[node] as number)
    for (let t = 0, c = only * d, o = node * d; t < d; t++) {
      sums[c + t] = (sums[c + t] as number) + (summed.sums[o + t] as number)
    }
    return
  }
  const second = tree.second[node] as number
  if (second !== 0) {
    assignNode(clusters, summed, node + 1, next, left)
    assignNode(clusters, summed, second, next, left)
    return
  }
  for (let i = tree.start[node] as number; i < (tree.end[node] as number); i++) {
    addToCluster(clusters, i, nearestCandidate(clusters, summed, i, next, left), points.weights[i] as number)
  }
}

/**
 * Copies those candidates to the next position that may be nearest to some point of the node's box. A centre z is not if
 * the whole box is nearer to z*, the one nearest to its middle: |x − z|² − |x − z*|² is linear in x, so it is least in a
 * corner. (With the box's ball in place of the box this is the triangle inequality; the corner is sharper.)
 */
function dropDistant(clusters: Clusters, summed: SummedTree, node: number, at: number, count: number): number {
  const { centres, points } = clusters
  const { candidates, squares, middles, halves } = summed
  const d = points.columns
  const o = node * d
  let least = Number.POSITIVE_INFINITY
  let nearest = 0
  for (let j = at; j < at + count; j++) {
    let square = 0
    for (let t = 0, c = (candidates[j] as number) * d; t < d; t++) {
      const gap = (middles[o + t] as number) - (centres[c + t] as number)
      square += gap * gap
    }
    squares[j] = square
    if (square >= least) continue
    least = square
    nearest = candidates[j] as number
  }
  let to = at + count
  candidates[to++] = nearest
  for (let j = at; j < at + count; j++) {
    const candidate = candidates[j] as number
    if (candidate === nearest) continue
    let reach = 0
    for (let t = 0, a = candidate * d, b = nearest * d; t < d; t++) {
      reach += Math.abs((centres[a + t] as number) - (centres[b + t] as number)) * (halves[o + t] as number)
    }
    if ((squares[j] as number) * (1 - rounding) - least < 2 * reach) candidates[to++] = candidate
  }
  return to - at - count
}

function nearestCandidate(clusters: Clusters, summed: SummedTree, point: number, at: number, count: number): number {
  const { centres, points } = clusters
  const { candidates } = summed
  const { values, columns: d } = points
  let nearest = 0
  let least = Number.POSITIVE_INFINITY
  for (let j = at; j < at + count; j++) {
    let square = 0
    for (let t = 0, p = point * d, c = (candidates[j] as number) * d; t < d; t++) {
      const gap = (values[p + t] as number) - (centres[c + t] as number)
      square += gap * gap
    }
    if (square >= least) continue
    least = square
    nearest = candidates[j] as number
  }
  return nearest
}
