/** Steps of k-means that skip the points which the triangle inequality settles: the fast way where dimensions are many. */

import { addToCluster, type Clusters, moveCentres, squareTo } from './k-means-centres.ts'

/**
 * What is known of each point: an upper bound of the distance to its own centre and a lower bound of the distance to any
 * other. While the upper one is the smaller, no other centre can have come nearer. Both are kept as they would be had the
 * centres not moved, and how far these have moved in all is kept per centre: so a settled point costs one comparison.
 */
export interface Bounds {
  readonly labels: Int32Array
  readonly upper: Float64Array
  /** By how much the lower bound lies above the upper one. */
  readonly slack: Float64Array
  /** How far each centre has moved in all, how far the others at most, and both together. */
  readonly moved: Float64Array
  readonly othersMoved: Float64Array
  readonly bothMoved: Float64Array
  /** Half the distance of each centre to the nearest other one. */
  readonly halfGaps: Float64Array
}

export function createBounds({ points, k }: Clusters): Bounds {
  const n = points.weights.length
  return {
    labels: new Int32Array(n),
    upper: new Float64Array(n),
    slack: new Float64Array(n),
    moved: new Float64Array(k),
    othersMoved: new Float64Array(k),
    bothMoved: new Float64Array(k),
    halfGaps: new Float64Array(k),
  }
}

/**
 * Steps from the present centres until moving them lowers the inertia by no more than `enough`; at most `most`. Returns
 * how many were made.
 *
 * @see Hamerly (2010), "Making k-means even faster", SIAM Data Mining.
 */
export function runBounded(clusters: Clusters, bounds: Bounds, most: number, enough: number): number {
  bounds.labels.fill(0)
  assignAll(clusters, bounds)
  for (let step = 1; ; step++) {
    const gain = moveCentres(clusters)
    if (gain <= enough || step === most) return step
    if (gain === Number.POSITIVE_INFINITY)
      assignAll(clusters, bounds) // A centre has jumped, perhaps by less than rounding.
    else {
      noteMoves(clusters, bounds)
      assignUnsettled(clusters, bounds)
    }
  }
}

/** Looks at all points, and starts all bounds and sums afresh. */
function assignAll(clusters: Clusters, bounds: Bounds): void {
  const { labels, moved, othersMoved, bothMoved } = bounds
  for (const array of [moved, othersMoved, bothMoved, clusters.sums, clusters.sizes]) array.fill(0)
  for (let i = 0; i < labels.length; i++) {
    assignToNearest(clusters, bounds, i)
    addToCluster(clusters, i, labels[i] as number, clusters.points.weights[i] as number)
  }
}

/** Labels a point with its nearest centre, the present one if tied, and makes its bounds exact. */
function assignToNearest(clusters: Clusters, bounds: Bounds, point: number): void {
  const { k } = clusters
  const { labels, moved, bothMoved, upper, slack } = bounds
  const present = labels[point] as number
  let nearest = present
  let least = squareTo(clusters, point, present)
  let second = Number.POSITIVE_INFINITY
  for (let c = 0; c < k; c++) {
    if (c === present) continue
    const square = squareTo(clusters, point, c)
    if (square >= second) continue
    if (square < least) {
      second = least
      least = square
      nearest = c
    } else second = square
  }
  const distance = Math.sqrt(least)
  upper[point] = distance - (moved[nearest] as number)
  slack[point] = Math.sqrt(second) - distance + (bothMoved[nearest] as number)
  labels[point] = nearest
}

function assignUnsettled(clusters: Clusters, bounds: Bounds): void {
  const { labels, upper, slack, moved, bothMoved, halfGaps } = bounds
  for (let i = 0; i < labels.length; i++) {
    const present = labels[i] as number
    if ((slack[i] as number) >= (bothMoved[present] as number)) continue
    if ((upper[i] as number) + (moved[present] as number) <= (halfGaps[present] as number)) continue
    reassign(clusters, bounds, i)
  }
}

/** Makes the upper bound of a point exact, and if that does not settle it, finds its nearest centre. */
function reassign(clusters: Clusters, bounds: Bounds, point: number): void {
  const { labels, upper, slack, moved, othersMoved, halfGaps } = bounds
  const present = labels[point] as number
  const exact = Math.sqrt(squareTo(clusters, point, present))
  const low = (upper[point] as number) + (slack[point] as number) - (othersMoved[present] as number)
  if (exact <= low || exact <= (halfGaps[present] as number)) {
    const before = exact - (moved[present] as number)
    slack[point] = (slack[point] as number) + (upper[point] as number) - before
    upper[point] = before
    return
  }
  assignToNearest(clusters, bounds, point)
  const next = labels[point] as number
  if (next === present) return
  const weight = clusters.points.weights[point] as number
  addToCluster(clusters, point, present, -weight)
  addToCluster(clusters, point, next, weight)
}

function noteMoves({ points, k, centres, shifts }: Clusters, bounds: Bounds): void {
  const { moved, othersMoved, bothMoved, halfGaps } = bounds
  const d = points.columns
  const farthest = shifts.reduce((best, shift, c) => (shift > (shifts[best] as number) ? c : best), 0)
  const second = shifts.reduce((most, shift, c) => (c !== farthest && shift > most ? shift : most), 0)
  for (let a = 0; a < k; a++) {
    moved[a] = (moved[a] as number) + (shifts[a] as number)
    othersMoved[a] = (othersMoved[a] as number) + (a === farthest ? second : (shifts[farthest] as number))
    bothMoved[a] = (moved[a] as number) + (othersMoved[a] as number)
    let least = Number.POSITIVE_INFINITY
    for (let b = 0; b < k; b++) {
      if (a === b) continue
      let square = 0
      for (let t = 0; t < d; t++) {
        const gap = (centres[a * d + t] as number) - (centres[b * d + t] as number)
        square += gap * gap
      }
      if (square < least) least = square
    }
    halfGaps[a] = Math.sqrt(least) / 2
  }
}
