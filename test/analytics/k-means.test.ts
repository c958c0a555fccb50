/** K-means and what goes with it: properties on small sets, the reference answers on real customers. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseClusterCount, elbow } from '../../src/analytics/clustering/cluster-count.ts'
import { type KMeansOptions, kMeans } from '../../src/analytics/clustering/k-means.ts'
import { createBounds, runBounded } from '../../src/analytics/clustering/k-means-bounds.ts'
import { type Clusters, createClusters, moveCentres, runPlain } from '../../src/analytics/clustering/k-means-centres.ts'
import { runFiltered, sumUpTree } from '../../src/analytics/clustering/k-means-filter.ts'
import { createStartChooser } from '../../src/analytics/clustering/k-means-starts.ts'
import { buildKdTree } from '../../src/analytics/clustering/kd-tree.ts'
import { silhouette } from '../../src/analytics/clustering/silhouette.ts'
import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import type { DenseMatrix } from '../../src/analytics/core/dense-matrix.ts'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { rfm } from '../../src/analytics/rfm.ts'
import { applyScaling, fitScaling } from '../../src/analytics/scaling.ts'
import { runs } from '../support/property-runs.ts'
import { cdnowTransactions } from './support/cdnow.ts'
import { matrixOf, pointRows, rowsOf, shuffledRows, squareBetween } from './support/points.ts'
import { hasShared, needsShared, oracle } from './support/shared.ts'

const seeds = fc.integer({ min: 0, max: 0xffff_ffff })

/** Points with a number of clusters they can have. */
const problems = pointRows(40).chain((rows) =>
  fc.record({ rows: fc.constant(rows), k: fc.integer({ min: 1, max: rows.length }), seed: seeds }),
)

function centresOf({ centres }: { centres: Float64Array }, columns: number): number[][] {
  return rowsOf({ rows: centres.length / columns, columns, values: centres })
}

describe('kMeans', () => {
  test('leaves every row with a nearest centre, every centre the mean of its rows, no cluster empty', () => {
    fc.assert(
      fc.property(problems, ({ rows, k, seed }) => {
        const result = kMeans(matrixOf(rows), { k, seed, starts: 3 })
        const centres = centresOf(result, rows[0]!.length)
        expect(result.converged).toBe(true)
        expect(new Set(result.labels)).toEqual(new Set(Array.from({ length: k }, (_, c) => c)))
        rows.forEach((row, i) => {
          const own = squareBetween(row, centres[result.labels[i]!]!)
          for (const centre of centres) expect(own).toBeLessThanOrEqual(squareBetween(row, centre) + 1e-9)
        })
        centres.forEach((centre, c) => {
          const members = rows.filter((_, i) => result.labels[i] === c)
          centre.forEach((value, t) => {
            expect(value).toBeCloseTo(members.reduce((sum, row) => sum + row[t]!, 0) / members.length, 9)
          })
        })
        const inertia = rows.reduce((sum, row, i) => sum + squareBetween(row, centres[result.labels[i]!]!), 0)
        expect(result.inertia).toBeCloseTo(inertia, 9)
      }),
    )
  })

  test('never lets the inertia rise from step to step', () => {
    fc.assert(
      fc.property(problems, ({ rows, k, seed }) => {
        const inertiaAfter = (maxIterations: number): number =>
          kMeans(matrixOf(rows), { k, seed, starts: 1, maxIterations }).inertia
        let before = Number.POSITIVE_INFINITY
        for (let steps = 1; steps <= 6; steps++) {
          const inertia = inertiaAfter(steps)
          expect(inertia).toBeLessThanOrEqual(before * (1 + 1e-12) + 1e-12)
          before = inertia
        }
      }),
    )
  })

  test('gives the same groups, bit for bit, in any order of the rows', () => {
    fc.assert(
      fc.property(shuffledRows(30), seeds, ({ rows, order }, seed) => {
        const k = Math.min(3, new Set(rows.map(String)).size)
        const straight = kMeans(matrixOf(rows), { k, seed })
        const shuffled = kMeans(matrixOf(order.map((row) => rows[row]!)), { k, seed })
        expect(shuffled.centres).toEqual(straight.centres)
        expect(shuffled.inertia).toBe(straight.inertia)
        expect(Array.from(shuffled.labels)).toEqual(order.map((row) => straight.labels[row]))
      }),
    )
  })

  test('gives the same result for the same seed, and another start for another', () => {
    const points = scattered(300, 2, 5)
    expect(kMeans(points, { k: 7, starts: 1, seed: 4 })).toEqual(kMeans(points, { k: 7, starts: 1, seed: 4 }))
    const inertias = [1, 2, 3, 4].map((seed) => kMeans(points, { k: 7, starts: 1, seed }).inertia)
    expect(new Set(inertias).size).toBeGreaterThan(1)
  })

  test('finds more clusters than there are different rows by parting equal ones', () => {
    const { labels, inertia } = kMeans(matrixOf([[1], [1], [1], [5]]), { k: 4 })
    expect(labels.toSorted()).toEqual(Int32Array.of(0, 1, 2, 3))
    expect(inertia).toBe(0)
  })

  test.each([
    [[[5e-324], [0]], 2],
    [[[0], [2], [-8e-15], [1e-61], [1e-231], [6e-186]], 3],
  ])('ends with every cluster filled where distances underflow: %j', (rows, k) => {
    const { labels, converged } = kMeans(matrixOf(rows), { k, starts: 5 })
    expect(converged).toBe(true)
    expect(new Set(labels).size).toBe(k)
  })

  test('reports its progress start by start', () => {
    const shares: number[] = []
    kMeans(scattered(20, 2, 1), { k: 2, starts: 4, onProgress: (share) => shares.push(share) })
    expect(shares).toEqual([0.25, 0.5, 0.75, 1])
  })

  test.each<[string, DenseMatrix, KMeansOptions, RegExp]>([
    ['no point', { rows: 0, columns: 1, values: new Float64Array() }, { k: 1 }, /^points\.rows: 0 must be/],
    ['no column', { rows: 1, columns: 0, values: new Float64Array() }, { k: 1 }, /^points\.columns: 0 must be/],
    [
      'ragged rows',
      { rows: 2, columns: 2, values: new Float64Array(3) },
      { k: 1 },
      /^points\.values\.length: 3 must be/,
    ],
    [
      'NaN',
      matrixOf([
        [1, 2],
        [3, Number.NaN],
      ]),
      { k: 1 },
      /^points \(row 1, column 1\): NaN must be a finite number/,
    ],
    ['infinity', matrixOf([[1], [Number.POSITIVE_INFINITY]]), { k: 1 }, /^points \(row 1, column 0\): Infinity must/],
    [
      'values whose squares overflow',
      matrixOf([[1], [1e200]]),
      { k: 1 },
      /^points \(row 1, column 0\): 1e\+200 must lie/,
    ],
    ['k above the points', matrixOf([[1], [2]]), { k: 3 }, /^k: 3 must be at most the number of points \(2\)/],
    ['k of 0', matrixOf([[1], [2]]), { k: 0 }, /^k: 0 must be a whole number of at least 1/],
    ['k of a half', matrixOf([[1], [2]]), { k: 1.5 }, /^k: 1.5 must be a whole number/],
    ['no start', matrixOf([[1], [2]]), { k: 1, starts: 0 }, /^starts: 0 must be/],
    ['a negative seed', matrixOf([[1], [2]]), { k: 1, seed: -1 }, /^seed: -1 must be/],
    ['no step', matrixOf([[1], [2]]), { k: 1, maxIterations: 0 }, /^maxIterations: 0 must be/],
  ])('refuses %s', (_, points, options, message) => {
    expect(() => kMeans(points, options)).toThrow(RangeError)
    expect(() => kMeans(points, options)).toThrow(message)
  })
})

describe('the three ways of making steps', () => {
  test('lead from the same centres to the same centres', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 7 }), seeds, (columns, k, seed) => {
        const tree = buildKdTree(scattered(400, columns, seed))
        const points = { ...tree, weights: new Float64Array(tree.rows).fill(1) }
        const start = createClusters(points, k)
        createStartChooser(points, k)(start.centres, seededRandom(seed))
        const after = (run: (clusters: Clusters) => void): number[] => {
          const clusters = createClusters(points, k)
          clusters.centres.set(start.centres)
          run(clusters)
          return Array.from(clusters.centres)
        }
        const plain = after((clusters) => runPlain(clusters, new Int32Array(points.rows), 300))
        const boxes = after((clusters) => runFiltered(clusters, sumUpTree(tree, points.weights, k), 300, 0))
        const bounds = after((clusters) => runBounded(clusters, createBounds(clusters), 300, 0))
        plain.forEach((value, i) => {
          expect(boxes[i]).toBeCloseTo(value, 9)
          expect(bounds[i]).toBeCloseTo(value, 9)
        })
      }),
      { numRuns: runs(40) },
    )
  })

  test('bring a centre that has lost all its points back to the point that is worst off', () => {
    const points = { ...matrixOf([[0], [1], [10]]), weights: Float64Array.of(1, 1, 1) }
    const clusters = createClusters(points, 2)
    clusters.centres.set([3, 500])
    runPlain(clusters, new Int32Array(3), 300)
    expect(clusters.centres.toSorted()).toEqual(Float64Array.of(0.5, 10))
    expect(moveCentres(clusters)).toBe(0)
  })
})

describe('silhouette', () => {
  test('is the mean over all rows by its definition, noise being a label like others', () => {
    const labelled = pointRows(14).chain((rows) =>
      fc.record({
        rows: fc.constant(rows),
        labels: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: rows.length, maxLength: rows.length }),
      }),
    )
    fc.assert(
      fc.property(labelled, ({ rows, labels }) => {
        const value = silhouette(matrixOf(rows), labels)
        const expected = new Set(labels).size < 2 ? null : plainSilhouette(rows, labels)
        const miss = value === null || expected === null ? Number(value !== expected) : Math.abs(value - expected)
        expect(miss).toBeLessThan(1e-9)
      }),
    )
  })

  test('refuses labels that are not whole or not as many as the rows', () => {
    expect(() => silhouette(matrixOf([[1], [2]]), [0])).toThrow(/^labels\.length: 1 must be the number of points \(2\)/)
    expect(() => silhouette(matrixOf([[1], [2]]), [0, 0.5])).toThrow(/^labels\[1\]: 0.5 must be a whole number/)
  })
})

describe('chooseClusterCount', () => {
  test.each(['silhouette', 'elbow'] as const)('finds three clear groups by %s', (by) => {
    const random = seededRandom(8)
    const rows = Array.from({ length: 90 }, (_, i) => [(i % 3) * 10 + random(), (i % 3) ** 2 * 5 + random()])
    const { k, best, tried } = chooseClusterCount(matrixOf(rows), { by })
    expect(k).toBe(3)
    expect(new Set(best.labels).size).toBe(3)
    expect(tried.map((one) => one.k)).toEqual([2, 3, 4, 5, 6, 7, 8])
  })

  test('tries no more clusters than there are rows', () => {
    expect(chooseClusterCount(matrixOf([[1], [2], [9]])).tried.map(({ k }) => k)).toEqual([2, 3])
    expect(() => chooseClusterCount(matrixOf([[1]]))).toThrow(/^from: 2 must be at most the number of points \(1\)/)
  })

  test('the elbow of a curve is where it lies farthest below the line between its ends', () => {
    expect(elbow([100, 30, 20, 12, 5])).toBe(1)
    expect(elbow([10, 9, 8])).toBe(0)
    expect(elbow([5])).toBe(0)
  })
})

describe.skipIf(!hasShared)(`real customers${needsShared}`, () => {
  interface Answer {
    readonly k: number
    readonly inertia: number
    readonly sizes: number[]
    readonly centers: number[][]
    readonly silhouette: number
  }
  const [answers] = hasShared
    ? (oracle('cluster') as [{ config: { snapshot: string }; kmeans: Record<'raw' | 'log', Answer[]> }])
    : []
  const cases = (['raw', 'log'] as const).flatMap((form) =>
    (answers?.kmeans[form] ?? []).map((answer) => ({ form, answer })),
  )

  test.each(cases)(
    '$form, k = $answer.k: the inertia of 50 starts is no worse than the reference',
    ({ form, answer }) => {
      const points = rfmPoints(form, answers!.config.snapshot)
      const results = [0, 1].map((seed) => kMeans(points, { k: answer.k, starts: 50, seed }))
      for (const { inertia } of results) expect(inertia).toBeLessThanOrEqual(answer.inertia * 1.001)
      // At the same optimum the clusters are the same, too (the reference lists them by their first coordinate).
      for (const result of results.filter(({ inertia }) => Math.abs(inertia / answer.inertia - 1) < 1e-9)) {
        centresOf(result, 3).forEach((centre, c) => {
          centre.forEach((value, t) => expect(value).toBeCloseTo(answer.centers[c]![t]!, 5))
          expect(result.labels.filter((label) => label === c)).toHaveLength(answer.sizes[c]!)
        })
        expect(silhouette(points, result.labels)).toBeCloseTo(answer.silhouette, 9)
      }
    },
  )
})

/** Recency, frequency and monetary value of the CDNOW sample, standardised. */
function rfmPoints(form: 'raw' | 'log', snapshot: string): DenseMatrix {
  const { customers } = rfm(cdnowTransactions(), { asOfDay: dayNumber(snapshot) })
  const rows = customers.map(({ recency, frequency, monetary }) => [recency, frequency, monetary])
  const raw = matrixOf(form === 'raw' ? rows : rows.map((row) => row.map(Math.log1p)))
  return applyScaling(raw, fitScaling(raw))
}

function scattered(rows: number, columns: number, seed: number): DenseMatrix {
  const random = seededRandom(seed)
  return { rows, columns, values: Float64Array.from({ length: rows * columns }, () => random() + random() - 1) }
}

function plainSilhouette(rows: number[][], labels: number[]): number {
  const distances = (i: number, label: number): number[] =>
    rows.flatMap((row, j) => (j !== i && labels[j] === label ? [Math.sqrt(squareBetween(rows[i]!, row))] : []))
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const widths = rows.map((_, i) => {
    const own = distances(i, labels[i]!)
    if (own.length === 0) return 0
    const others = [...new Set(labels)].filter((label) => label !== labels[i]).map((label) => mean(distances(i, label)))
    const [within, next] = [mean(own), Math.min(...others)]
    return Math.max(within, next) === 0 ? 0 : (next - within) / Math.max(within, next)
  })
  return mean(widths)
}
