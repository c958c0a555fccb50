/** K-means: the best of several k-means++ starts. */

import { checkWhole, refuse } from '../core/check.ts'
import type { DenseMatrix } from '../core/dense-matrix.ts'
import { seededRandom } from '../core/random.ts'
import { createBounds, runBounded } from './k-means-bounds.ts'
import { type Clusters, createClusters, explainedSquares, runPlain, squareTo } from './k-means-centres.ts'
import { runFiltered, sumUpTree } from './k-means-filter.ts'
import { createStartChooser } from './k-means-starts.ts'
import { buildKdTree, type KdTree } from './kd-tree.ts'
import { ascendingRows, checkPoints, type DistinctPoints, distinctPoints, type WeightedPoints } from './points.ts'

export interface KMeansOptions {
  /** How many clusters: from 1 to the number of points. */
  readonly k: number
  /** How many k-means++ starts; 10 unless given. */
  readonly starts?: number
  /** From 0 to 2³² − 1; 0 unless given. The same seed gives the same result, in any order of the rows. */
  readonly seed?: number
  /** Steps a start may take; 300 unless given. */
  readonly maxIterations?: number
  /** Called after every start with the share, from 0 to 1, of those that are done. */
  readonly onProgress?: (share: number) => void
}

export interface KMeansResult {
  /** The cluster of each row, from 0 to k − 1; clusters are numbered by ascending centre. None is empty. */
  readonly labels: Int32Array
  /** k × d, row-major: the means of the clusters' rows. */
  readonly centres: Float64Array
  /** The sum of squared distances of the rows from their centres. */
  readonly inertia: number
  /** The steps of the best start. */
  readonly iterations: number
  /** Whether every row is with its nearest centre; false only if `maxIterations` ended the best start. */
  readonly converged: boolean
}

/**
 * Up to here the steps with boxes are faster than those with bounds for each point, even on data without any groups; with
 * clear groups they are so for longer, but gain less than they lose without.
 */
const mostBoxDimensions = 3

/** A start is left when moving its centres gains no more than this share of the inertia it began with. */
const littleGain = 1e-6

/**
 * Groups points around k means, so that the sum of squared distances from them is the lowest of several starts. A start
 * is left when its steps gain next to nothing; the best one is then run on until no row is nearer to another centre.
 *
 * @throws RangeError naming the argument, if k is above the number of points, or a value is not finite.
 * @see Lloyd (1982), "Least squares quantization in PCM"; see the parts for seeding and pruning.
 */
export function kMeans(points: DenseMatrix, options: KMeansOptions): KMeansResult {
  const { k, starts = 10, seed = 0, maxIterations = 300, onProgress } = options
  checkPoints(points)
  checkWhole('k', k, 1)
  if (k > points.rows) refuse('k', k, `must be at most the number of points (${points.rows})`)
  checkWhole('starts', starts, 1)
  checkWhole('maxIterations', maxIterations, 1)

  const distinct = distinctPoints(points)
  const fitted = Math.min(k, distinct.weights.length)
  const best = bestStart(distinct, { k: fitted, starts, seed, maxIterations, onProgress })
  const labels = distinct.pointOfRow.map((point) => best.labels[point] as number)
  const filled = fillEmptyClusters(points, labels, best.centres, k)
  const centres = filled ? clusterMeans(points, labels, k) : best.centres
  const inertia = filled ? sumOfSquares(points, labels, centres) : best.inertia
  return { ...renumbered(labels, centres, points.columns), inertia, ...best.end }
}

/** The mean of each cluster's rows, k × d, row-major; a row with the label −1 belongs to none. */
export function clusterMeans({ values, columns: d }: DenseMatrix, labels: Int32Array, k: number): Float64Array {
  const means = new Float64Array(k * d)
  const sizes = new Float64Array(k)
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i] as number
    if (label < 0) continue
    sizes[label] = (sizes[label] as number) + 1
    for (let t = 0; t < d; t++) means[label * d + t] = (means[label * d + t] as number) + (values[i * d + t] as number)
  }
  return means.map((sum, i) => sum / (sizes[Math.floor(i / d)] as number))
}

interface StartOptions extends Required<Omit<KMeansOptions, 'onProgress'>> {
  readonly onProgress: ((share: number) => void) | undefined
}

function bestStart(distinct: DistinctPoints, { k, starts, seed, maxIterations, onProgress }: StartOptions) {
  const random = seededRandom(seed)
  const tree = buildKdTree(distinct)
  const points: WeightedPoints = {
    rows: tree.rows,
    columns: tree.columns,
    values: tree.values,
    weights: Float64Array.from(tree.rowOf, (point) => distinct.weights[point] as number),
  }
  const middle = clusterMeans(points, new Int32Array(points.weights.length), 1)
  const clusters = createClusters(points, k)
  const run = createRunner(clusters, tree)
  const chooseStart = createStartChooser(points, k)
  const best = { centres: new Float64Array(clusters.centres.length), explained: -1, iterations: 0 }
  for (let start = 1; start <= starts; start++) {
    const inertia = chooseStart(clusters.centres, random)
    const iterations = run(maxIterations, littleGain * inertia)
    const explained = explainedSquares(clusters, middle)
    if (explained > best.explained) {
      best.explained = explained
      best.iterations = iterations
      best.centres.set(clusters.centres)
    }
    onProgress?.(start / starts)
  }
  clusters.centres.set(best.centres)
  const labels = new Int32Array(points.weights.length)
  const iterations = best.iterations + runPlain(clusters, labels, maxIterations - best.iterations)
  return {
    labels: inRowOrder(labels, tree.rowOf),
    centres: clusters.centres,
    inertia: labels.reduce((sum, label, i) => sum + (points.weights[i] as number) * squareTo(clusters, i, label), 0),
    end: { iterations, converged: iterations < maxIterations },
  }
}

/** Boxes of points settle much where dimensions are few; in many dimensions nearly every box lies on a border. */
function createRunner(clusters: Clusters, tree: KdTree): (most: number, enough: number) => number {
  if (tree.columns <= mostBoxDimensions) {
    const summed = sumUpTree(tree, clusters.points.weights, clusters.k)
    return (most, enough) => runFiltered(clusters, summed, most, enough)
  }
  const bounds = createBounds(clusters)
  return (most, enough) => runBounded(clusters, bounds, most, enough)
}

function inRowOrder(labels: Int32Array, rowOf: Int32Array): Int32Array {
  const ordered = new Int32Array(labels.length)
  rowOf.forEach((row, i) => {
    ordered[row] = labels[i] as number
  })
  return ordered
}

/**
 * Gives a row to every cluster that has none: there are more clusters than different points, or the steps ran out. The
 * row comes from a cluster with more than one, and is the one farthest from its centre. Returns whether any was moved.
 */
function fillEmptyClusters(points: DenseMatrix, labels: Int32Array, centres: Float64Array, k: number): boolean {
  const sizes = new Int32Array(k)
  for (const label of labels) sizes[label] = (sizes[label] as number) + 1
  let filled = false
  for (let empty = 0; empty < k; empty++) {
    if (sizes[empty] !== 0) continue
    let farthest = -1
    let most = -1
    for (let i = 0; i < labels.length; i++) {
      const label = labels[i] as number
      if ((sizes[label] as number) < 2) continue
      const square = squareToCentre(points, i, centres, label)
      if (square <= most) continue
      most = square
      farthest = i
    }
    const left = labels[farthest] as number
    sizes[left] = (sizes[left] as number) - 1
    sizes[empty] = 1
    labels[farthest] = empty
    filled = true
  }
  return filled
}

function sumOfSquares(points: DenseMatrix, labels: Int32Array, centres: Float64Array): number {
  let sum = 0
  for (let i = 0; i < labels.length; i++) sum += squareToCentre(points, i, centres, labels[i] as number)
  return sum
}

function squareToCentre(
  { values, columns: d }: DenseMatrix,
  row: number,
  centres: Float64Array,
  centre: number,
): number {
  if (centre * d >= centres.length) return 0 // A cluster just filled: its only row is its centre.
  let square = 0
  for (let t = 0; t < d; t++) {
    const gap = (values[row * d + t] as number) - (centres[centre * d + t] as number)
    square += gap * gap
  }
  return square
}

/** Numbers the clusters by ascending centre, so that the same groups have the same names whatever the start. */
function renumbered(labels: Int32Array, centres: Float64Array, d: number) {
  const order = ascendingRows({ rows: centres.length / d, columns: d, values: centres })
  const rank = new Int32Array(order.length)
  const sorted = new Float64Array(centres.length)
  order.forEach((from, to) => {
    rank[from] = to
    sorted.set(centres.subarray(from * d, (from + 1) * d), to * d)
  })
  return { labels: labels.map((label) => rank[label] as number), centres: sorted }
}
