/** How many clusters? K-means for several k, and the one that the silhouette or the elbow of the inertia favours. */

import { checkWhole, refuse } from '../core/check.ts'
import type { DenseMatrix } from '../core/dense-matrix.ts'
import { type KMeansOptions, type KMeansResult, kMeans } from './k-means.ts'
import { checkPoints } from './points.ts'
import { silhouette } from './silhouette.ts'

export interface ClusterCountOptions extends Omit<KMeansOptions, 'k'> {
  /** The least and the largest k to try; 2 and 8 unless given. The largest is cut to the number of points. */
  readonly from?: number
  readonly to?: number
  /** `silhouette` (the default) takes the k with the highest; `elbow` the k where the curve of the inertia bends most. */
  readonly by?: 'silhouette' | 'elbow'
}

export interface ClusterCount {
  /** The number of clusters to take, and k-means with it. */
  readonly k: number
  readonly best: KMeansResult
  /** What was tried, by ascending k. */
  readonly tried: readonly { readonly k: number; readonly inertia: number; readonly silhouette: number | null }[]
}

/**
 * Tries every k in a range. The exact silhouette takes time that grows with the square of the rows.
 *
 * @throws RangeError naming the argument, if the range holds no k, or where `kMeans` would.
 */
export function chooseClusterCount(points: DenseMatrix, options: ClusterCountOptions = {}): ClusterCount {
  const { from = 2, to = 8, by = 'silhouette', onProgress, ...rest } = options
  checkPoints(points)
  checkWhole('from', from, 1)
  checkWhole('to', to, from)
  if (from > points.rows) refuse('from', from, `must be at most the number of points (${points.rows})`)
  const last = Math.min(to, points.rows)
  const runs = Array.from({ length: last - from + 1 }, (_, i) => {
    const run = kMeans(points, { ...rest, k: from + i })
    const measured = { k: from + i, run, inertia: run.inertia, silhouette: silhouette(points, run.labels) }
    onProgress?.((i + 1) / (last - from + 1))
    return measured
  })
  const inertias = runs.map((run) => run.inertia)
  const at = by === 'elbow' ? elbow(inertias) : highest(runs.map((run) => run.silhouette ?? Number.NEGATIVE_INFINITY))
  const { k, run: best } = runs[at] as (typeof runs)[number]
  return { k, best, tried: runs.map(({ k, inertia, silhouette }) => ({ k, inertia, silhouette })) }
}

/**
 * Where a falling curve bends most: the point farthest below the straight line from its first to its last point, 0 if
 * none is below.
 *
 * @see Satopää et al. (2011), "Finding a 'Kneedle' in a Haystack".
 */
export function elbow(values: readonly number[]): number {
  const first = values[0] ?? 0
  const fall = first - (values.at(-1) ?? 0)
  const steps = Math.max(1, values.length - 1)
  return highest(values.map((value, i) => first - (fall * i) / steps - value))
}

function highest(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > (values[best] as number) ? i : best), 0)
}
