/** RFM, quantiles and the purchases behind them. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import { quantile, sortedNumbers } from '../../src/analytics/core/quantile.ts'
import { purchasesByCustomer, type Transactions } from '../../src/analytics/purchases.ts'
import { type Rfm, rfm } from '../../src/analytics/rfm.ts'
import { fitScaling } from '../../src/analytics/scaling.ts'
import { cdnowTransactions } from './support/cdnow.ts'
import { matrixOf } from './support/points.ts'
import { hasShared, needsShared, oracle } from './support/shared.ts'

type Line = readonly [customerId: string, day: number, amount: number]

function columnsOf(lines: readonly Line[]): Transactions {
  return {
    customerIds: lines.map(([customerId]) => customerId),
    days: lines.map(([, day]) => day),
    amounts: lines.map(([, , amount]) => amount),
  }
}

const lines: fc.Arbitrary<Line[]> = fc.array(
  fc.tuple(
    fc.constantFrom('a', 'b', '007', '7', '😀', '\uffee'),
    fc.integer({ min: 0, max: 9 }),
    fc.integer({ min: 0, max: 99_999 }).map((cents) => cents / 100),
  ),
  { minLength: 1, maxLength: 40 },
)

describe('purchasesByCustomer', () => {
  test('adds up the lines of a day, even to 0, and leaves out later days', () => {
    const bought = purchasesByCustomer(
      columnsOf([
        ['b', 3, 0],
        ['a', 5, 2],
        ['b', 1, 4],
        ['b', 3, 0],
        ['b', 9, 7],
        ['c', 9, 1],
      ]),
      8,
    )
    expect(bought).toEqual([
      { customerId: 'a', days: [5], amounts: [2], total: 2 },
      { customerId: 'b', days: [1, 3], amounts: [4, 0], total: 4 },
    ])
  })

  test('adds cents up to the cent: a total at a threshold is not a hair above it', () => {
    const [bought] = purchasesByCustomer(
      columnsOf([
        ['a', 1, 13.97],
        ['a', 2, 11.77],
        ['a', 3, 22.74],
        ['a', 4, 11.49],
      ]),
      9,
    )
    expect(bought!.total).toBe(59.97) // Added up one after the other, smallest first, they make 59.970000000000006.
  })

  test('does not depend on the order of the lines, not even in the last digit', () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 9 }), (given, turn) => {
        const shuffled = given.map((_, i) => given[(i * 7 + turn) % given.length]!)
        fc.pre(new Set(given.map((_, i) => (i * 7 + turn) % given.length)).size === given.length)
        expect(purchasesByCustomer(columnsOf(shuffled), 9)).toEqual(purchasesByCustomer(columnsOf(given), 9))
      }),
    )
  })

  test.each<[string, Transactions, RegExp]>([
    [
      'a negative amount',
      columnsOf([
        ['a', 1, 2],
        ['a', 2, -0.01],
      ]),
      /^transactions\.amounts\[1\]: -0\.01 must not be negative/,
    ],
    ['an amount that is NaN', columnsOf([['a', 1, Number.NaN]]), /^transactions\.amounts\[0\]: NaN must be a finite/],
    ['half a day', columnsOf([['a', 1.5, 2]]), /^transactions\.days\[0\]: 1\.5 must be a whole number/],
    [
      'columns of different lengths',
      { customerIds: ['a'], days: [1, 2], amounts: [1] },
      /^transactions: "1, 2 and 1" must be/,
    ],
  ])('refuses %s', (_, transactions, message) => {
    expect(() => purchasesByCustomer(transactions, 9)).toThrow(RangeError)
    expect(() => purchasesByCustomer(transactions, 9)).toThrow(message)
  })
})

describe('rfm', () => {
  test('scores by thresholds strictly below, recency the other way round', () => {
    const five: Line[] = ['a', 'b', 'c', 'd', 'e'].map((id, i) => [id, i, 10 * (i + 1)])
    const { customers, thresholds } = rfm(columnsOf([...five, ['e', 0, 5]]), {
      asOfDay: 10,
      weights: { recency: 0.2, frequency: 0.3, monetary: 0.5 },
    })
    expect(thresholds.recency.map((value) => Number(value.toFixed(9)))).toEqual([6.8, 7.6, 8.4, 9.2])
    expect(thresholds.frequency.map((value) => Number(value.toFixed(9)))).toEqual([1, 1, 1, 1.2])
    expect(
      customers.map(({ customerId, recency, frequency, monetary }) => [customerId, recency, frequency, monetary]),
    ).toEqual([
      ['a', 10, 1, 10],
      ['b', 9, 1, 20],
      ['c', 8, 1, 30],
      ['d', 7, 1, 40],
      ['e', 6, 2, 55],
    ])
    expect(customers.map(({ scores }) => Object.values(scores))).toEqual([
      [1, 1, 1],
      [2, 1, 2],
      [3, 1, 3],
      [4, 1, 4],
      [5, 5, 5],
    ])
    expect(customers[1]!.value).toBeCloseTo(0.2 * 2 + 0.3 * 1 + 0.5 * 2, 12)
  })

  test('keeps every score from 1 to 5 and V between them', () => {
    fc.assert(
      fc.property(lines, (given) => {
        for (const { scores, value, recency, frequency } of rfm(columnsOf(given), { asOfDay: 10 }).customers) {
          for (const score of Object.values(scores)) expect([1, 2, 3, 4, 5]).toContain(score)
          expect(value).toBeGreaterThanOrEqual(1 - 1e-12)
          expect(value).toBeLessThanOrEqual(5 + 1e-12)
          expect(recency).toBeGreaterThanOrEqual(1)
          expect(frequency).toBeGreaterThanOrEqual(1)
        }
      }),
    )
  })

  test('counts only days before the date, and lists customers by code point', () => {
    const { customers } = rfm(
      columnsOf([
        ['\uffee', 1, 1],
        ['😀', 2, 1],
        ['7', 3, 1],
        ['007', 4, 1],
        ['z', 5, 1],
      ]),
      { asOfDay: 5 },
    )
    expect(customers.map(({ customerId }) => customerId)).toEqual(['007', '7', '\uffee', '😀'])
  })

  const oneLine = columnsOf([['a', 1, 2]])
  test.each<[string, () => Rfm, RegExp]>([
    ['no line before the date', () => rfm(oneLine, { asOfDay: 1 }), /^transactions: "no line" lies before asOfDay/],
    ['weights that do not add up', () => rfm(oneLine, weighted(0.5, 0.5, 0.1)), /^weights: 1\.1 must add up to 1/],
    [
      'a negative weight',
      () => rfm(oneLine, weighted(-0.5, 1, 0.5)),
      /^weights\.recency: -0\.5 must lie between 0 and 1/,
    ],
    ['a weight that is NaN', () => rfm(oneLine, weighted(0.5, Number.NaN, 0.5)), /^weights\.frequency: NaN must lie/],
    ['half a day', () => rfm(oneLine, { asOfDay: 2.5 }), /^asOfDay: 2\.5 must be a whole number/],
  ])('refuses %s', (_, run, message) => {
    expect(run).toThrow(RangeError)
    expect(run).toThrow(message)
  })
})

describe('quantile', () => {
  test('interpolates as type 7', () => {
    expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75)
    expect(quantile([1, 2, 3, 4], 1)).toBe(4)
    expect(quantile([5], 0.3)).toBe(5)
    expect(quantile([0.1, 0.1, 0.1], 0.4)).toBe(0.1)
  })

  test('refuses nothing, NaN and shares outside 0 to 1', () => {
    expect(() => sortedNumbers('x', [])).toThrow(/^x: "nothing" must hold at least one number/)
    expect(() => sortedNumbers('x', [1, Number.NaN])).toThrow(/^x\[1\]: NaN must be a finite number/)
    expect(() => quantile([1], 1.1)).toThrow(/^share: 1\.1 must lie between 0 and 1/)
  })
})

test('dayNumber counts days, and refuses what is no day', () => {
  expect(dayNumber('1970-01-02')).toBe(1)
  expect(dayNumber('2024-03-01') - dayNumber('2024-02-28')).toBe(2)
  for (const text of ['2023-02-29', '2023-13-01', '23-01-01', '2023-1-1', '2023-01-01T00:00', '']) {
    expect(() => dayNumber(text)).toThrow(RangeError)
  }
})

describe.skipIf(!hasShared)(`real customers${needsShared}`, () => {
  interface Answer {
    readonly config: { readonly snapshot: string; readonly weights: [number, number, number] }
    readonly n: number
    readonly sum_R: number
    readonly sum_F: number
    readonly sum_M: number
    readonly thresholds_RFM: number[][]
    readonly score_hist: Record<'R' | 'F' | 'M', number[]>
    readonly mean_V: number
    readonly customers20: [string, number, number, number, number, number, number, number][]
    readonly scaler_raw: { mean: number[]; sd: number[] }
  }

  test('have the recency, frequency, value, thresholds and scores of the reference', () => {
    const [answer] = oracle('cluster') as [Answer]
    const [recency, frequency, monetary] = answer.config.weights
    const weights = { recency, frequency, monetary }
    const { customers, thresholds } = rfm(cdnowTransactions(), { asOfDay: dayNumber(answer.config.snapshot), weights })
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)

    expect(customers).toHaveLength(answer.n)
    expect(sum(customers.map((one) => one.recency))).toBe(answer.sum_R)
    expect(sum(customers.map((one) => one.frequency))).toBe(answer.sum_F)
    expect(sum(customers.map((one) => one.monetary))).toBeCloseTo(answer.sum_M, 6)
    Object.values(thresholds).forEach((values, measure) => {
      values.forEach((value, i) => expect(value).toBeCloseTo(answer.thresholds_RFM[measure]![i]!, 9))
    })
    const histogram = (measure: 'recency' | 'frequency' | 'monetary'): number[] =>
      [1, 2, 3, 4, 5].map((score) => customers.filter(({ scores }) => scores[measure] === score).length)
    expect({ R: histogram('recency'), F: histogram('frequency'), M: histogram('monetary') }).toEqual(answer.score_hist)
    expect(sum(customers.map(({ value }) => value)) / answer.n).toBeCloseTo(answer.mean_V, 9)
    const byId = new Map(customers.map((one) => [one.customerId, one]))
    for (const [id, r, f, m, scoreR, scoreF, scoreM, value] of answer.customers20) {
      expect(byId.get(id)).toEqual({
        customerId: id,
        recency: r,
        frequency: f,
        monetary: expect.closeTo(m, 9),
        scores: { recency: scoreR, frequency: scoreF, monetary: scoreM },
        value: expect.closeTo(value, 9),
      })
    }
    const { mean, deviation } = fitScaling(matrixOf(customers.map((one) => [one.recency, one.frequency, one.monetary])))
    mean.forEach((value, i) => expect(value).toBeCloseTo(answer.scaler_raw.mean[i]!, 9))
    deviation.forEach((value, i) => expect(value).toBeCloseTo(answer.scaler_raw.sd[i]!, 9))
  })
})

function weighted(recency: number, frequency: number, monetary: number) {
  return { asOfDay: 5, weights: { recency, frequency, monetary } }
}
