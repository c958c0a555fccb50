/** K-means and DBSCAN on recency, frequency and monetary value (logarithms, scaled). */

import { type DbscanResult, dbscan } from '../../src/analytics/clustering/dbscan.ts'
import { type KMeansResult, kMeans } from '../../src/analytics/clustering/k-means.ts'
import { silhouette } from '../../src/analytics/clustering/silhouette.ts'
import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import type { DenseMatrix } from '../../src/analytics/core/dense-matrix.ts'
import { rfm } from '../../src/analytics/rfm.ts'
import { applyScaling, fitScaling } from '../../src/analytics/scaling.ts'
import { nestedRows } from './nested-rows.ts'
import { difference, type InputFolder, once, type ReferenceHome, type Row } from './row.ts'
import { type SalesName, sales, salesFiles } from './sales.ts'

const K = 5
const STARTS = 50
const EPS = 0.3
const MIN_POINTS = 10

const points = {
  'CDNOW sample': once(() => rfmPoints('CDNOW sample', '1998-07-01')),
  CDNOW: once(() => rfmPoints('CDNOW', '1998-07-01')),
  'Online Retail': once(() => rfmPoints('Online Retail', '2011-12-10')),
}

const scikitKMeans = { tool: 'scikit-learn KMeans', home: 'science', task: 'k_means' } as const
const mlKMeans = { tool: 'ml-kmeans 7.0.1', home: 'npm', task: 'mlKMeans' } as const
const scikitDbscan = { tool: 'scikit-learn DBSCAN', home: 'science', task: 'dbscan' } as const
const densityClustering = { tool: 'density-clustering 1.3.0', home: 'npm', task: 'densityClustering' } as const

/** All rows of this part. */
export const clusterRows: readonly Row[] = [
  { ...kMeansRow('CDNOW sample', scikitKMeans), target: 1 },
  { ...kMeansRow('Online Retail', scikitKMeans), target: 1 },
  kMeansRow('CDNOW sample', mlKMeans),
  kMeansRow('Online Retail', mlKMeans),
  silhouetteRow('Online Retail'),
  dbscanRow('CDNOW sample', scikitDbscan),
  { ...dbscanRow('CDNOW', scikitDbscan), target: 0.3 },
  { ...dbscanRow('CDNOW sample', densityClustering), target: 0.1 },
  // With 23,570 points it is at it for many minutes.
  { ...dbscanRow('Online Retail', densityClustering), target: 0.1 },
]

interface Reference {
  readonly tool: string
  readonly home: ReferenceHome
  readonly task: string
}

function kMeansRow(shop: SalesName, reference: Reference): Row {
  return {
    ...reference,
    name: `k-means on RFM of ${shop}, k = ${K}, ${STARTS} starts`,
    data: [salesFiles[shop]],
    prepare(inputs) {
      const matrix = points[shop]()
      return {
        input: { file: pointFile(inputs, shop), k: K, starts: STARTS },
        ours: () => kMeans(matrix, { k: K, starts: STARTS, seed: 1 }),
        agreement: (ours: KMeansResult, theirs: { inertia: number }) =>
          difference('inertia', ours.inertia, theirs.inertia),
      }
    },
  }
}

function silhouetteRow(shop: SalesName): Row {
  return {
    name: `mean silhouette on RFM of ${shop}, k = ${K}`,
    tool: 'scikit-learn silhouette_score',
    home: 'science',
    task: 'mean_silhouette',
    data: [salesFiles[shop]],
    prepare(inputs) {
      const matrix = points[shop]()
      const { labels } = kMeans(matrix, { k: K, seed: 1 })
      const write = (): object => ({ points: nestedRows(matrix), labels: Array.from(labels) })
      return {
        input: { file: inputs.write(`labelled-${shop}`, write) },
        ours: () => silhouette(matrix, labels),
        agreement: (ours: number, theirs: { silhouette: number }) => difference('silhouette', ours, theirs.silhouette),
      }
    },
  }
}

function dbscanRow(shop: SalesName, reference: Reference): Row {
  return {
    ...reference,
    name: `DBSCAN on RFM of ${shop}, ε = ${EPS}, ${MIN_POINTS} points`,
    data: [salesFiles[shop]],
    prepare(inputs) {
      const matrix = points[shop]()
      return {
        input: { file: pointFile(inputs, shop), eps: EPS, minPoints: MIN_POINTS },
        ours: () => dbscan(matrix, { eps: EPS, minPoints: MIN_POINTS }),
        agreement: (ours: DbscanResult, theirs: { clusters: number; noise: number }) => {
          const noise = ours.labels.reduce((count, label) => count + (label < 0 ? 1 : 0), 0)
          const own = `${ours.clusterCount} clusters, ${noise} noise`
          const other = `${theirs.clusters} clusters, ${theirs.noise} noise`
          return own === other ? `both ${own}` : `${own} against ${other}`
        },
      }
    },
  }
}

function rfmPoints(shop: SalesName, asOf: string): DenseMatrix {
  const { customers } = rfm(sales(shop), { asOfDay: dayNumber(asOf) })
  const values = customers.flatMap(({ recency, frequency, monetary }) => [recency, frequency, monetary].map(Math.log1p))
  const matrix = { rows: customers.length, columns: 3, values: Float64Array.from(values) }
  return applyScaling(matrix, fitScaling(matrix))
}

function pointFile(inputs: InputFolder, shop: SalesName): string {
  return inputs.write(`points-${shop}`, () => nestedRows(points[shop]()))
}
