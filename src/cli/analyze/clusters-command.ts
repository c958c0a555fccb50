/** `perennial analyze clusters`: groups of similar rows. */

import { Command } from 'commander'
import { type ClusterCount, chooseClusterCount } from '../../analytics/clustering/cluster-count.ts'
import { dbscan } from '../../analytics/clustering/dbscan.ts'
import { clusterMeans, kMeans } from '../../analytics/clustering/k-means.ts'
import { silhouette } from '../../analytics/clustering/silhouette.ts'
import type { DenseMatrix } from '../../analytics/core/dense-matrix.ts'
import { applyScaling, fitScaling } from '../../analytics/scaling.ts'
import { UsageError } from '../usage-error.ts'
import { readCsvTable } from './csv-table.ts'
import { choiceOption, namesOption, numberOption, refuseOption, seedOption, wholeOption } from './options.ts'
import { type Progress, startProgress, textFacts, textTable, warn, writeResult } from './output.ts'

const algorithms = ['kmeans', 'dbscan'] as const
const choices = ['silhouette', 'elbow'] as const

/** How many clusters are tried where `--k` is not given. */
const mostTried = 8

interface Options {
  readonly csv: string
  readonly columns: readonly string[]
  readonly scale?: boolean
  readonly algorithm: (typeof algorithms)[number]
  readonly k?: number
  readonly choose: (typeof choices)[number]
  readonly starts: number
  readonly seed: number
  readonly eps?: number
  readonly minPoints?: number
  readonly json?: boolean
}

/** What both algorithms give. */
interface Clustered {
  readonly labels: Int32Array
  readonly count: number
  /** Rows of numbers, in the space that was clustered. */
  readonly centres: readonly (readonly number[])[]
  readonly inertia: number | null
  /** What else a person may want to know. */
  readonly facts: Readonly<Record<string, string | number>>
  /** Where k was not given. */
  readonly tried?: ClusterCount['tried']
}

/** The `clusters` command. */
export function clustersCommand(): Command {
  return new Command('clusters')
    .description('Find groups of similar rows in a CSV file.')
    .requiredOption('--csv <file>', 'CSV file with a header')
    .requiredOption(
      '--columns <names>',
      'numeric columns to cluster by, with commas between them',
      namesOption('--columns'),
    )
    .option('--scale', 'give every column mean 0 and deviation 1 first')
    .option('--algorithm <name>', algorithms.join(' or '), choiceOption('--algorithm', algorithms), 'kmeans')
    .option(
      '--k <count>',
      `kmeans: number of clusters; chosen from 2 to ${mostTried} if not given`,
      wholeOption('--k', 1),
    )
    .option(
      '--choose <by>',
      `kmeans without --k: by ${choices.join(' or ')}`,
      choiceOption('--choose', choices),
      'silhouette',
    )
    .option('--starts <count>', 'kmeans: k-means++ starts, of which the best is taken', wholeOption('--starts', 1), 10)
    .option('--seed <number>', 'kmeans: the same seed gives the same result', seedOption(), 0)
    .option(
      '--eps <distance>',
      'dbscan: rows at this distance or less are neighbours',
      numberOption('--eps', { above: 0 }),
    )
    .option('--min-points <count>', 'dbscan: neighbours of a core row, itself included', wholeOption('--min-points', 1))
    .option('--json', 'print one JSON document')
    .action(run)
}

/** Options that the other algorithm would read. */
function warnOfUnused({ algorithm, k, eps, minPoints }: Options): void {
  const unused = algorithm === 'kmeans' ? { '--eps': eps, '--min-points': minPoints } : { '--k': k }
  for (const [flag, value] of Object.entries(unused))
    if (value !== undefined) warn(`${flag}: has no effect with --algorithm ${algorithm}`)
}

function run(options: Options): void {
  warnOfUnused(options)
  const original = readColumns(options)
  const points = options.scale ? applyScaling(original, fitScaling(original)) : original
  const clustered = options.algorithm === 'kmeans' ? runKMeans(points, options) : runDbscan(points, options)
  const { labels, centres, inertia } = clustered
  const width = withProgress('Measuring the silhouette', (progress) =>
    silhouette(points, labels, (share) => progress.report(share)),
  )
  const noise = labels.reduce((count, label) => (label < 0 ? count + 1 : count), 0)
  writeResult(options.json, { labels, centres, inertia, silhouette: width, noise }, () =>
    readable(clustered, { silhouette: width, noise }, original, options),
  )
}

function readColumns({ csv, columns }: Options): DenseMatrix {
  const table = readCsvTable('--csv', csv)
  const values = new Float64Array(table.rowCount * columns.length)
  columns.forEach((name, column) => {
    table.numbers(name).forEach((value, row) => {
      values[row * columns.length + column] = value
    })
  })
  return { rows: table.rowCount, columns: columns.length, values }
}

function runKMeans(points: DenseMatrix, options: Options): Clustered {
  const { k, choose: by, starts, seed } = options
  if (k !== undefined && k > points.rows)
    refuseOption('--k', String(k), `must be at most the number of rows (${points.rows})`)
  const found = withProgress('Clustering', (progress) => {
    const onProgress = (share: number): void => progress.report(share)
    if (k !== undefined) return { k, best: kMeans(points, { k, starts, seed, onProgress }) }
    const from = Math.min(2, points.rows)
    return chooseClusterCount(points, { from, to: mostTried, by, starts, seed, onProgress })
  })
  const { best } = found
  if (!best.converged)
    warn(`the steps of k-means ran out after ${best.iterations}: some rows may be nearer to another centre`)
  return {
    labels: best.labels,
    count: found.k,
    centres: rowsOf(best.centres, points.columns),
    inertia: best.inertia,
    facts: { 'steps of the best start': best.iterations },
    ...('tried' in found ? { tried: found.tried } : {}),
  }
}

function runDbscan(points: DenseMatrix, { eps, minPoints }: Options): Clustered {
  if (eps === undefined) throw new UsageError('--eps: must be given for --algorithm dbscan')
  if (minPoints === undefined) throw new UsageError('--min-points: must be given for --algorithm dbscan')
  const { labels, clusterCount, core } = dbscan(points, { eps, minPoints })
  return {
    labels,
    count: clusterCount,
    centres: rowsOf(clusterMeans(points, labels, clusterCount), points.columns),
    inertia: null,
    facts: { 'core rows': core.reduce((sum, one) => sum + one, 0) },
  }
}

function withProgress<T>(label: string, work: (progress: Progress) => T): T {
  const progress = startProgress(label)
  const result = work(progress)
  progress.done()
  return result
}

function rowsOf(values: Float64Array, columns: number): number[][] {
  return Array.from({ length: values.length / columns }, (_, row) =>
    Array.from(values.subarray(row * columns, (row + 1) * columns)),
  )
}

function readable(
  { labels, count, inertia, facts, tried }: Clustered,
  measured: { readonly silhouette: number | null; readonly noise: number },
  original: DenseMatrix,
  { columns }: Options,
): string {
  const means = rowsOf(clusterMeans(original, labels, count), original.columns)
  const sizes = new Int32Array(count)
  for (const label of labels) if (label >= 0) sizes[label] = (sizes[label] as number) + 1
  const parts = [
    textFacts({ rows: labels.length, clusters: count, inertia, ...measured, ...facts }),
    textTable(
      ['cluster', 'rows', ...columns.map((name) => `mean ${name}`)],
      means.map((mean, cluster) => [cluster, sizes[cluster] as number, ...mean]),
    ),
  ]
  if (tried !== undefined) {
    parts.push(
      textTable(
        ['k tried', 'inertia', 'silhouette'],
        tried.map((one) => [one.k, one.inertia, one.silhouette]),
      ),
    )
  }
  return parts.join('\n\n')
}
