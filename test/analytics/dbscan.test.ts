/** DBSCAN through its index, against its definition, and against the reference answers on real customers. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DbscanOptions, dbscan } from '../../src/analytics/clustering/dbscan.ts'
import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import type { DenseMatrix } from '../../src/analytics/core/dense-matrix.ts'
import { rfm } from '../../src/analytics/rfm.ts'
import { applyScaling, fitScaling } from '../../src/analytics/scaling.ts'
import { runs } from '../support/property-runs.ts'
import { cdnowTransactions } from './support/cdnow.ts'
import { matrixOf, pointRows, shuffledRows, squareBetween } from './support/points.ts'
import { hasShared, needsShared, oracle } from './support/shared.ts'

const options: fc.Arbitrary<DbscanOptions> = fc.record({
  eps: fc.oneof(fc.constantFrom(1, 2, Math.SQRT2), fc.double({ min: 0.01, max: 5, noNaN: true })),
  minPoints: fc.integer({ min: 1, max: 6 }),
})

describe('dbscan', () => {
  test('with its index finds what the definition finds, pair by pair', () => {
    fc.assert(
      fc.property(pointRows(60), options, (rows, { eps, minPoints }) => {
        expect(dbscan(matrixOf(rows), { eps, minPoints })).toEqual(byDefinition(rows, eps, minPoints))
      }),
      { numRuns: runs(500) },
    )
  })

  test('gives the same clusters in any order of the rows, border points included', () => {
    fc.assert(
      fc.property(shuffledRows(50), options, ({ rows, order }, { eps, minPoints }) => {
        const straight = dbscan(matrixOf(rows), { eps, minPoints })
        const shuffled = dbscan(matrixOf(order.map((row) => rows[row]!)), { eps, minPoints })
        const before = order.map((row) => straight.labels[row]!)
        expect(renumbered(Array.from(shuffled.labels))).toEqual(renumbered(before))
        expect(Array.from(shuffled.core)).toEqual(order.map((row) => straight.core[row]))
      }),
    )
  })

  test('counts a point at exactly the distance, and the point itself', () => {
    const line = matrixOf([[0], [1], [2]])
    expect(dbscan(line, { eps: 1, minPoints: 3 })).toEqual({
      labels: Int32Array.of(0, 0, 0),
      clusterCount: 1,
      core: Uint8Array.of(0, 1, 0),
    })
    expect(dbscan(line, { eps: 0.999, minPoints: 2 }).labels).toEqual(Int32Array.of(-1, -1, -1))
    expect(dbscan(line, { eps: 0.5, minPoints: 1 }).clusterCount).toBe(3)
  })

  test('puts a border point that two clusters reach with the nearer one', () => {
    const border = dbscan(matrixOf([[0], [0.1], [0.2], [0.3], [1.2], [2], [2.1], [2.2], [2.3]]), {
      eps: 0.9,
      minPoints: 4,
    })
    expect(Array.from(border.core)).toEqual([1, 1, 1, 1, 0, 1, 1, 1, 1])
    expect(Array.from(border.labels)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 1])
  })

  test('takes any number of equal rows without comparing them pair by pair', () => {
    const rows = 200_000
    const { clusterCount, core } = dbscan(
      { rows, columns: 2, values: new Float64Array(2 * rows) },
      { eps: 1, minPoints: 5 },
    )
    expect(clusterCount).toBe(1)
    expect(core.every((one) => one === 1)).toBe(true)
  })

  test.each<[string, DenseMatrix, DbscanOptions, RegExp]>([
    ['ε of 0', matrixOf([[1]]), { eps: 0, minPoints: 1 }, /^eps: 0 must be above 0/],
    ['a negative ε', matrixOf([[1]]), { eps: -1, minPoints: 1 }, /^eps: -1 must be above 0/],
    ['an ε that is no number', matrixOf([[1]]), { eps: Number.NaN, minPoints: 1 }, /^eps: NaN must be a finite number/],
    ['no neighbours', matrixOf([[1]]), { eps: 1, minPoints: 0 }, /^minPoints: 0 must be a whole number of at least 1/],
    ['NaN', matrixOf([[1], [Number.NaN]]), { eps: 1, minPoints: 1 }, /^points \(row 1, column 0\): NaN must be/],
    [
      'no point',
      { rows: 0, columns: 1, values: new Float64Array() },
      { eps: 1, minPoints: 1 },
      /^points\.rows: 0 must/,
    ],
  ])('refuses %s', (_, points, given, message) => {
    expect(() => dbscan(points, given)).toThrow(RangeError)
    expect(() => dbscan(points, given)).toThrow(message)
  })
})

describe.skipIf(!hasShared)(`real customers${needsShared}`, () => {
  interface Answer {
    readonly eps: number
    readonly min_samples: number
    readonly n_clusters: number
    readonly n_noise: number
    readonly n_core: number
    readonly core_sizes_desc: number[]
  }
  const [answers] = hasShared ? (oracle('cluster') as [{ config: { snapshot: string }; dbscan_log: Answer[] }]) : []

  test.each(answers?.dbscan_log ?? [])(
    'ε = $eps, $min_samples points: as many clusters, core points and noise',
    (answer) => {
      const { customers } = rfm(cdnowTransactions(), { asOfDay: dayNumber(answers!.config.snapshot) })
      const raw = matrixOf(customers.map((one) => [one.recency, one.frequency, one.monetary].map(Math.log1p)))
      const result = dbscan(applyScaling(raw, fitScaling(raw)), { eps: answer.eps, minPoints: answer.min_samples })
      const sizes = Array.from({ length: result.clusterCount }, (_, cluster) => {
        return result.labels.filter((label, row) => label === cluster && result.core[row] === 1).length
      })
      expect({
        clusters: result.clusterCount,
        noise: result.labels.filter((label) => label < 0).length,
        core: result.core.filter((one) => one === 1).length,
        sizes: sizes.sort((a, b) => b - a).slice(0, 30),
      }).toEqual({
        clusters: answer.n_clusters,
        noise: answer.n_noise,
        core: answer.n_core,
        sizes: answer.core_sizes_desc,
      })
    },
  )
})

/** The definition, without any index: all pairs, then links between core points until nothing changes. */
function byDefinition(rows: number[][], eps: number, minPoints: number) {
  const near = (i: number, j: number): boolean => squareBetween(rows[i]!, rows[j]!) <= eps * eps
  const all = rows.map((_, i) => i)
  const core = all.map((i) => all.filter((j) => near(i, j)).length >= minPoints)
  const group = all.map((i) => (core[i] ? i : -1))
  for (let changed = true; changed; ) {
    changed = false
    for (const i of all) {
      for (const j of all) {
        if (!core[i] || !core[j] || !near(i, j) || group[j]! <= group[i]!) continue
        group[j] = group[i]!
        changed = true
      }
    }
  }
  const labels = renumbered(group.map((own) => own))
  for (const i of all) {
    if (core[i]) continue
    const reached = all.filter((j) => core[j] && near(i, j))
    reached.sort(
      (a, b) => squareBetween(rows[i]!, rows[a]!) - squareBetween(rows[i]!, rows[b]!) || compare(rows[a]!, rows[b]!),
    )
    labels[i] = reached.length === 0 ? -1 : labels[reached[0]!]!
  }
  return {
    labels: Int32Array.from(labels),
    clusterCount: new Set(labels.filter((label) => label >= 0)).size,
    core: Uint8Array.from(core, Number),
  }
}

/** The same grouping with groups numbered as they come; −1 stays. */
function renumbered(labels: number[]): number[] {
  const numbers = new Map<number, number>()
  return labels.map((label) => {
    if (label < 0) return -1
    if (!numbers.has(label)) numbers.set(label, numbers.size)
    return numbers.get(label)!
  })
}

function compare(a: number[], b: number[]): number {
  const at = a.findIndex((value, t) => value !== b[t])
  return at < 0 ? 0 : a[at]! - b[at]!
}
