/** The silhouette: how much nearer points are to their own cluster than to the next one. */

import { checkWhole, refuse } from '../core/check.ts'
import type { DenseMatrix } from '../core/dense-matrix.ts'
import { checkPoints, distinctPoints, type WeightedPoints } from './points.ts'

/**
 * The exact mean silhouette of all rows, from −1 to 1, by Euclidean distance; null with fewer than two labels, for which
 * it has no meaning. A row alone in its cluster counts 0. Any whole number is a label like another: rows that DBSCAN
 * calls noise (−1) are one group.
 *
 * @param labels One whole number for each row.
 * @param onProgress Called now and then with the share, from 0 to 1, that is done: time grows with the square of the rows.
 * @throws RangeError if there are not as many labels as points, or a value is not finite.
 * @see Rousseeuw (1987), "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis".
 */
export function silhouette(
  points: DenseMatrix,
  labels: ArrayLike<number>,
  onProgress?: (share: number) => void,
): number | null {
  checkPoints(points)
  const n = points.rows
  if (labels.length !== n) refuse('labels.length', labels.length, `must be the number of points (${n})`)
  const groups = groupRows(points, labels)
  if (groups.sizes.length < 2) return null

  let sum = 0
  for (let own = 0; own < groups.sizes.length; own++) {
    for (let i = groups.firsts[own] as number; i < (groups.firsts[own + 1] as number); i++) {
      if (i % 64 === 0) onProgress?.(i / groups.weights.length)
      sum += (groups.weights[i] as number) * rowSilhouette(groups, i, own)
    }
  }
  return sum / n
}

/** The different rows of each cluster, cluster by cluster. */
interface Groups extends WeightedPoints {
  /** Where each cluster's rows begin, and at last where all end. */
  readonly firsts: number[]
  /** How many rows, equal ones too, each cluster has. */
  readonly sizes: number[]
}

function rowSilhouette(groups: Groups, row: number, own: number): number {
  const { sizes } = groups
  const ownSize = sizes[own] as number
  if (ownSize === 1) return 0
  const within = sumOfDistances(groups, row, own) / (ownSize - 1)
  let next = Number.POSITIVE_INFINITY
  for (let c = 0; c < sizes.length; c++) {
    if (c !== own) next = Math.min(next, sumOfDistances(groups, row, c) / (sizes[c] as number))
  }
  const larger = Math.max(within, next)
  return larger === 0 ? 0 : (next - within) / larger
}

function sumOfDistances({ values, columns: d, weights, firsts }: Groups, row: number, cluster: number): number {
  const end = firsts[cluster + 1] as number
  let sum = 0
  for (let i = firsts[cluster] as number, o = i * d; i < end; i++, o += d) {
    let square = 0
    for (let t = 0, p = row * d; t < d; t++) {
      const gap = (values[p + t] as number) - (values[o + t] as number)
      square += gap * gap
    }
    sum += (weights[i] as number) * Math.sqrt(square)
  }
  return sum
}

/** Sorts the rows by label, equal ones together: their order then changes nothing, and copies cost nothing. */
function groupRows({ rows, columns, values }: DenseMatrix, labels: ArrayLike<number>): Groups {
  const wide = columns + 1
  const labelled = new Float64Array(rows * wide)
  for (let i = 0; i < rows; i++) {
    labelled[i * wide] = checkWhole(`labels[${i}]`, labels[i] as number, Number.MIN_SAFE_INTEGER)
    labelled.set(values.subarray(i * columns, (i + 1) * columns), i * wide + 1)
  }
  const distinct = distinctPoints({ rows, columns: wide, values: labelled })
  const sorted = new Float64Array(distinct.rows * columns)
  const firsts: number[] = []
  const sizes: number[] = []
  for (let i = 0, o = 0; i < distinct.rows; i++, o += wide) {
    if (i === 0 || distinct.values[o] !== distinct.values[o - wide]) {
      firsts.push(i)
      sizes.push(0)
    }
    sizes.push((sizes.pop() as number) + (distinct.weights[i] as number))
    sorted.set(distinct.values.subarray(o + 1, o + wide), i * columns)
  }
  firsts.push(distinct.rows)
  return { rows: distinct.rows, columns, values: sorted, weights: distinct.weights, firsts, sizes }
}
