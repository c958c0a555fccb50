/** Groups of customers by how they buy, with names made of what sets their centres apart. */

import type { PurchaseHistories } from '../../domain/purchase-history.ts'
import { chooseClusterCount } from '../clustering/cluster-count.ts'
import { silhouette } from '../clustering/silhouette.ts'
import { type DenseMatrix, selectRows } from '../core/dense-matrix.ts'
import { applyScaling, fitScaling } from '../scaling.ts'

export const clusterFeatureNames = ['purchases', 'silence', 'average', 'recent', 'discount'] as const

/** Plain JSON, to be stored as it is. */
export interface ClusterModel {
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
  /** Standardised, one list per cluster. */
  readonly centres: readonly (readonly number[])[]
  readonly clusters: readonly { readonly key: string; readonly name: string; readonly share: number }[]
}

/** The silhouette takes the square of the rows. */
const mostRows = 1_500

/** @throws RangeError if there are fewer customers than clusters to try. */
export function clusterCustomers(
  { histories, seed }: { readonly histories: PurchaseHistories; readonly seed: number },
  onProgress: (share: number) => void = () => {},
): { readonly model: ClusterModel; readonly tried: readonly object[] } {
  const features = sample(clusterFeatures(histories))
  const scaling = fitScaling(features)
  const points = applyScaling(features, scaling)
  const { best, k, tried } = chooseClusterCount(points, { from: 2, to: 8, seed, onProgress })
  const width = clusterFeatureNames.length
  const centres = Array.from({ length: k }, (_, c) => Array.from(best.centres.subarray(c * width, (c + 1) * width)))
  const names = nameClusters(centres)
  return {
    model: {
      mean: Array.from(scaling.mean),
      deviation: Array.from(scaling.deviation),
      centres,
      clusters: names.map((name, c) => ({
        key: name.replaceAll(/[^a-z0-9]+/g, '-'),
        name,
        share: best.labels.reduce((sum, label) => sum + (label === c ? 1 : 0), 0) / points.rows,
      })),
    },
    tried,
  }
}

/** The cluster of each customer: that of the nearest centre. */
export function nearestClusters(model: ClusterModel, histories: PurchaseHistories): Int32Array {
  const { rows, columns, values } = scaled(model, clusterFeatures(histories))
  return Int32Array.from({ length: rows }, (_, i) => {
    let [nearest, least] = [0, Number.POSITIVE_INFINITY]
    for (const [c, centre] of model.centres.entries()) {
      let square = 0
      for (let j = 0; j < columns; j++) square += ((values[i * columns + j] as number) - (centre[j] as number)) ** 2
      if (square < least) [nearest, least] = [c, square]
    }
    return nearest
  })
}

/** How well the clusters part these customers, from −1 to 1; null if all are in one. */
export function clusterQuality(model: ClusterModel, histories: PurchaseHistories): number | null {
  const labels = nearestClusters(model, histories)
  const rows = sampleRows(labels.length)
  return silhouette(
    selectRows(scaled(model, clusterFeatures(histories)), rows),
    Int32Array.from(rows, (row) => labels[row] as number),
  )
}

function scaled({ mean, deviation }: ClusterModel, features: DenseMatrix): DenseMatrix {
  return applyScaling(features, { mean: Float64Array.from(mean), deviation: Float64Array.from(deviation) })
}

function clusterFeatures(histories: PurchaseHistories): DenseMatrix {
  const { customerIds, purchases, silenceDays, revenueCents, recentPurchases, behaviour } = histories
  const columns = clusterFeatureNames.length
  const values = new Float64Array(customerIds.length * columns)
  for (let i = 0; i < customerIds.length; i++) {
    const count = Math.max(1, purchases[i] as number)
    const row = [
      Math.log(count),
      Math.log1p(silenceDays[i] as number),
      Math.log1p(Math.max(0, (revenueCents[i] as number) / count)),
      Math.log1p(recentPurchases[i] as number),
      behaviour?.discountShare[i] ?? 0,
    ]
    values.set(row, i * columns)
  }
  return { rows: customerIds.length, columns, values }
}

function sample(features: DenseMatrix): DenseMatrix {
  return selectRows(features, sampleRows(features.rows))
}

/** Every so many rows: ids are hashes, so their order says nothing. */
function sampleRows(rows: number): Int32Array {
  const step = Math.max(1, rows / mostRows)
  return Int32Array.from({ length: Math.min(rows, mostRows) }, (_, i) => Math.floor(i * step))
}

const words: readonly (readonly [high: string, low: string])[] = [
  ['frequent', 'rare'],
  ['quiet', 'recent'],
  ['big spenders', 'small spenders'],
  ['active lately', 'inactive lately'],
  ['bargain hunters', 'full price'],
]

/** From the strongest of a centre's standardised coordinates; what two share is told apart by the next one, then a number. */
function nameClusters(centres: readonly (readonly number[])[]): string[] {
  const names: string[] = []
  for (const centre of centres) {
    const strongest = centre
      .map((z, feature) => ({ z, feature }))
      .filter(({ z }) => Math.abs(z) > 0.3)
      .sort((a, b) => Math.abs(b.z) - Math.abs(a.z))
      .map(({ z, feature }) => words[feature]?.[z > 0 ? 0 : 1] ?? '')
    let name = strongest.slice(0, 2).join(', ') || 'average'
    if (names.includes(name)) name = strongest.slice(0, 3).join(', ') || name
    for (let again = 2, base = name; names.includes(name); again++) name = `${base} ${again}`
    names.push(name)
  }
  return names
}
