/** A k-d tree: points halved along their widest side, again and again, each half with the box around it. */

import type { DenseMatrix } from '../core/dense-matrix.ts'

/** Points in the order of a tree's leaves, so that neighbours in space are mostly neighbours in memory. */
export interface KdTree extends DenseMatrix {
  /** The row that each of the n points was before the tree put it in order. */
  readonly rowOf: Int32Array
  /** Node v holds the points from start[v] up to, but without, end[v]. The root is node 0. */
  readonly start: Int32Array
  readonly end: Int32Array
  /** The second child of node v, or 0 for a leaf; the first child is v + 1. */
  readonly second: Int32Array
  /** The least and the largest coordinates in each node: nodes × columns, row-major. */
  readonly low: Float64Array
  readonly high: Float64Array
}

/** Nodes of the tree; the arrays grow as they are needed. */
interface Growing {
  readonly start: number[]
  readonly end: number[]
  readonly second: number[]
  readonly low: number[]
  readonly high: number[]
}

/**
 * Builds the tree. A leaf holds at most `leafSize` points, or any number of equal ones.
 *
 * @see Bentley (1975), "Multidimensional binary search trees used for associative searching".
 */
export function buildKdTree({ rows: n, columns: d, values }: DenseMatrix, leafSize = 16): KdTree {
  const order = Int32Array.from({ length: n }, (_, row) => row)
  const keys = new Float64Array(n)
  const nodes: Growing = { start: [], end: [], second: [], low: [], high: [] }
  const random = pivotSource()

  const grow = (from: number, to: number): void => {
    const node = nodes.start.length
    nodes.start.push(from)
    nodes.end.push(to)
    nodes.second.push(0)
    const widest = encloseRows(values, d, order, from, to, nodes)
    if (to - from <= leafSize || widest < 0) return
    for (let i = from; i < to; i++) keys[i] = values[(order[i] as number) * d + widest] as number
    const middle = (from + to) >>> 1
    selectInPlace(keys, order, from, to - 1, middle, random)
    grow(from, middle)
    nodes.second[node] = nodes.start.length
    grow(middle, to)
  }
  grow(0, n)
  return {
    values: rowsInOrder(values, d, order),
    rows: n,
    columns: d,
    rowOf: order,
    start: Int32Array.from(nodes.start),
    end: Int32Array.from(nodes.end),
    second: Int32Array.from(nodes.second),
    low: Float64Array.from(nodes.low),
    high: Float64Array.from(nodes.high),
  }
}

/** Notes the box around some rows. Returns its widest dimension, or −1 if the rows are all equal. */
function encloseRows(
  values: Float64Array,
  d: number,
  order: Int32Array,
  from: number,
  to: number,
  nodes: Growing,
): number {
  let widest = -1
  let width = 0
  for (let t = 0; t < d; t++) {
    let low = Number.POSITIVE_INFINITY
    let high = Number.NEGATIVE_INFINITY
    for (let i = from; i < to; i++) {
      const value = values[(order[i] as number) * d + t] as number
      if (value < low) low = value
      if (value > high) high = value
    }
    nodes.low.push(low)
    nodes.high.push(high)
    if (high - low > width) {
      width = high - low
      widest = t
    }
  }
  return widest
}

function rowsInOrder(values: Float64Array, d: number, order: Int32Array): Float64Array {
  const sorted = new Float64Array(values.length)
  for (let i = 0, o = 0; i < order.length; i++) {
    for (let t = 0, p = (order[i] as number) * d; t < d; t++) sorted[o++] = values[p + t] as number
  }
  return sorted
}

/** Moves the keys (and `order` with them) so that none before position `target` is larger than it, none after smaller. */
function selectInPlace(
  keys: Float64Array,
  order: Int32Array,
  first: number,
  last: number,
  target: number,
  random: () => number,
): void {
  let low = first
  let high = last
  while (low < high) {
    const pivot = keys[low + Math.floor(random() * (high - low + 1))] as number
    let i = low
    let j = high
    while (i <= j) {
      while ((keys[i] as number) < pivot) i++
      while ((keys[j] as number) > pivot) j--
      if (i > j) break
      const key = keys[i] as number
      keys[i] = keys[j] as number
      keys[j] = key
      const row = order[i] as number
      order[i++] = order[j] as number
      order[j--] = row
    }
    if (target <= j) high = j
    else if (target >= i) low = i
    else return
  }
}

/** Pivots that no order of the rows can make slow. Which ones they are changes no result, so no caller gives a seed. */
function pivotSource(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 0x1_0000_0000
  }
}

/** The squared distance between the boxes of two nodes: no point of one is nearer to a point of the other. */
export function boxGap({ columns: d, low, high }: KdTree, a: number, b: number): number {
  let sum = 0
  for (let t = 0, p = a * d, q = b * d; t < d; t++) {
    const above = (low[q + t] as number) - (high[p + t] as number)
    const below = (low[p + t] as number) - (high[q + t] as number)
    const gap = above > below ? above : below
    if (gap > 0) sum += gap * gap
  }
  return sum
}

/** The squared distance across the boxes of two nodes: no point of one is farther from a point of the other. */
export function boxSpan({ columns: d, low, high }: KdTree, a: number, b: number): number {
  let sum = 0
  for (let t = 0, p = a * d, q = b * d; t < d; t++) {
    const above = (high[q + t] as number) - (low[p + t] as number)
    const below = (high[p + t] as number) - (low[q + t] as number)
    const span = above > below ? above : below
    sum += span * span
  }
  return sum
}

/** The squared distance of a point, by its position in the tree, from the box of a node. */
export function pointGap({ values, columns: d, low, high }: KdTree, point: number, node: number): number {
  let sum = 0
  for (let t = 0, p = point * d, q = node * d; t < d; t++) {
    const value = values[p + t] as number
    const above = (low[q + t] as number) - value
    const below = value - (high[q + t] as number)
    const gap = above > below ? above : below
    if (gap > 0) sum += gap * gap
  }
  return sum
}

/** The squared distance of two points, by their positions in the tree. */
export function pointSquare({ values, columns: d }: KdTree, a: number, b: number): number {
  let sum = 0
  for (let t = 0, p = a * d, q = b * d; t < d; t++) {
    const gap = (values[p + t] as number) - (values[q + t] as number)
    sum += gap * gap
  }
  return sum
}
