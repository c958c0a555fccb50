/** What all ways of making a step of k-means share: centres, the sums behind them, and how they move. */

import type { WeightedPoints } from './points.ts'

/** Clusters of weighted points in the making. */
export interface Clusters {
  readonly points: WeightedPoints
  readonly k: number
  /** k × d, row-major. */
  readonly centres: Float64Array
  /** For each cluster the weighted sum of its points (k × d) and their weight. */
  readonly sums: Float64Array
  readonly sizes: Float64Array
  /** How far each centre went at the last move. */
  readonly shifts: Float64Array
}

export function createClusters(points: WeightedPoints, k: number): Clusters {
  const d = points.columns
  return {
    points,
    k,
    centres: new Float64Array(k * d),
    sums: new Float64Array(k * d),
    sizes: new Float64Array(k),
    shifts: new Float64Array(k),
  }
}

/**
 * Puts every centre on the mean of its points, one without points on the point that is worst off. Returns by how much
 * this lowers the inertia, a cluster's weight times its centre's squared move over all clusters; infinity if a centre
 * without points has found one.
 */
export function moveCentres(clusters: Clusters): number {
  const { points, k, centres, sums, sizes, shifts } = clusters
  const { values, columns: d } = points
  let gain = 0
  for (let c = 0; c < k; c++) {
    const size = sizes[c] as number
    const stranded = size > 0 ? null : worstServed(clusters)
    let square = 0
    for (let t = 0, o = c * d; t < d; t++) {
      const next = stranded === null ? (sums[o + t] as number) / size : (values[stranded.point * d + t] as number)
      const gap = next - (centres[o + t] as number)
      centres[o + t] = next
      square += gap * gap
    }
    shifts[c] = Math.sqrt(square)
    if (stranded === null) gain += size * square
    else if (stranded.square > 0) gain = Number.POSITIVE_INFINITY
  }
  return gain
}

/** The sum of squares that the clusters explain, around `middle`, the mean of all points. */
export function explainedSquares({ points, k, centres, sizes }: Clusters, middle: Float64Array): number {
  const d = points.columns
  let sum = 0
  for (let i = 0; i < k * d; i++) {
    const gap = (centres[i] as number) - (middle[i % d] as number)
    sum += (sizes[Math.floor(i / d)] as number) * gap * gap
  }
  return sum
}

export function addToCluster({ points, sums, sizes }: Clusters, point: number, cluster: number, weight: number): void {
  const { values, columns: d } = points
  sizes[cluster] = (sizes[cluster] as number) + weight
  for (let t = 0, p = point * d, c = cluster * d; t < d; t++) {
    sums[c + t] = (sums[c + t] as number) + weight * (values[p + t] as number)
  }
}

/** The squared distance of a point from a centre. */
export function squareTo({ points, centres }: Clusters, point: number, centre: number): number {
  const { values, columns: d } = points
  let square = 0
  for (let t = 0, p = point * d, c = centre * d; t < d; t++) {
    const gap = (values[p + t] as number) - (centres[c + t] as number)
    square += gap * gap
  }
  return square
}

/** The point with the largest weighted square to the nearest of all centres: another stranded one may serve it already. */
function worstServed(clusters: Clusters): { point: number; square: number } {
  const { weights } = clusters.points
  const worst = { point: 0, square: 0 }
  for (let point = 0; point < weights.length; point++) {
    let square = Number.POSITIVE_INFINITY
    for (let c = 0; c < clusters.k; c++) square = Math.min(square, squareTo(clusters, point, c))
    square *= weights[point] as number
    if (square <= worst.square) continue
    worst.square = square
    worst.point = point
  }
  return worst
}

/**
 * Steps that compare every point with every centre, until no label changes, at most `most`. Afterwards each centre is the
 * mean of its points, summed up afresh. Returns how many steps were made: `most` if it is not known that no label changes.
 */
export function runPlain(clusters: Clusters, labels: Int32Array, most: number): number {
  const { points, sums, sizes } = clusters
  for (let i = 0; i < labels.length; i++) labels[i] = nearestCentre(clusters, i, 0)
  for (let step = 0; ; step++) {
    sums.fill(0)
    sizes.fill(0)
    for (let i = 0; i < labels.length; i++) addToCluster(clusters, i, labels[i] as number, points.weights[i] as number)
    moveCentres(clusters)
    if (step === most) return step
    let changed = false
    for (let i = 0; i < labels.length; i++) {
      const present = labels[i] as number
      const nearest = nearestCentre(clusters, i, present)
      if (nearest === present) continue
      labels[i] = nearest
      changed = true
    }
    if (!changed) return step
  }
}

/** The nearest centre, the present one if tied. */
function nearestCentre(clusters: Clusters, point: number, present: number): number {
  let nearest = present
  let least = squareTo(clusters, point, present)
  for (let c = 0; c < clusters.k; c++) {
    const square = squareTo(clusters, point, c)
    if (square >= least) continue
    least = square
    nearest = c
  }
  return nearest
}
