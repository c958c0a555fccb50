/** What BG/NBD says of a customer, given its parameters. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type BgNbdParameters,
  expectedFromNewCustomer,
  expectedPurchases,
  probabilityAlive,
} from '../../src/analytics/value/bg-nbd.ts'
import { expectedCount } from '../../src/analytics/value/expected-count.ts'
import type { PurchaseHistory } from '../../src/analytics/value/purchase-history.ts'
import { runs } from '../support/property-runs.ts'
import { simulate } from './support/bg-nbd-crowd.ts'

const positive = (most: number): fc.Arbitrary<number> =>
  fc.double({ min: -6, max: Math.log10(most), noNaN: true }).map((log) => 10 ** log)

const models: fc.Arbitrary<BgNbdParameters> = fc.record({
  r: positive(100),
  alpha: positive(1000),
  a: fc.oneof(fc.constant(0), fc.constant(1), positive(1000)),
  b: positive(1000),
})

const histories: fc.Arbitrary<PurchaseHistory> = fc
  .record({
    repeatCount: fc.integer({ min: 0, max: 3000 }),
    ageWeeks: fc.double({ min: 0.01, max: 1000, noNaN: true }),
    part: fc.double({ min: 0.001, max: 1, noNaN: true }),
  })
  .map(({ repeatCount, ageWeeks, part }) => ({
    repeatCount,
    ageWeeks,
    recencyWeeks: repeatCount === 0 ? 0 : ageWeeks * part,
  }))

describe('probabilityAlive', () => {
  test('is a probability, 1 without a repeat, and falls with every quiet week', () => {
    fc.assert(
      fc.property(histories, models, (history, model) => {
        const alive = probabilityAlive(history, model)
        expect(alive).toBeGreaterThanOrEqual(0)
        expect(alive).toBeLessThanOrEqual(1)
        const later = probabilityAlive({ ...history, ageWeeks: history.ageWeeks + 1 }, model)
        expect(later).toBeLessThanOrEqual(alive)
      }),
    )
    expect(probabilityAlive({ repeatCount: 0, recencyWeeks: 0, ageWeeks: 500 }, { r: 1, alpha: 1, a: 9, b: 1 })).toBe(1)
  })

  test('does not overflow for a frequent buyer who has been silent for long', () => {
    const alive = probabilityAlive(
      { repeatCount: 5000, recencyWeeks: 10, ageWeeks: 500 },
      { r: 1, alpha: 1, a: 1, b: 1 },
    )
    expect(alive).toBe(0)
  })

  test.each<[string, Partial<PurchaseHistory>, Partial<BgNbdParameters>, RegExp]>([
    ['a negative count', { repeatCount: -1 }, {}, /^repeatCount: -1 must be a whole number of at least 0/],
    ['half a purchase', { repeatCount: 1.5 }, {}, /^repeatCount: 1\.5 must be a whole number/],
    ['NaN', { ageWeeks: Number.NaN }, {}, /^ageWeeks: NaN must be a finite number/],
    ['a last purchase after the end', { recencyWeeks: 11 }, {}, /^ageWeeks: 10 must be at least recencyWeeks \(11\)/],
    [
      'a repeat at the first purchase',
      { recencyWeeks: 0 },
      {},
      /^recencyWeeks: 0 must be 0 exactly where repeatCount is/,
    ],
    [
      'a last purchase without a repeat',
      { repeatCount: 0 },
      {},
      /^recencyWeeks: 5 must be 0 exactly where repeatCount is/,
    ],
    ['a negative recency', { recencyWeeks: -1 }, {}, /^recencyWeeks: -1 must not be negative/],
    ['r of 0', {}, { r: 0 }, /^model\.r: 0 must be above 0/],
    ['an infinite alpha', {}, { alpha: Number.POSITIVE_INFINITY }, /^model\.alpha: Infinity must be a finite number/],
    ['a negative a', {}, { a: -1 }, /^model\.a: -1 must not be negative/],
  ])('refuses %s', (_, history, model, message) => {
    const run = (): number =>
      probabilityAlive(
        { repeatCount: 2, recencyWeeks: 5, ageWeeks: 10, ...history },
        { r: 1, alpha: 1, a: 1, b: 1, ...model },
      )
    expect(run).toThrow(RangeError)
    expect(run).toThrow(message)
  })
})

describe('expectedPurchases', () => {
  test('is finite, grows with the time, and stays below what NBD expects', () => {
    fc.assert(
      fc.property(histories, models, positive(500), (history, model, weeks) => {
        const count = expectedPurchases(history, model, weeks)
        expect(count).toBeGreaterThanOrEqual(0)
        expect(count).toBeLessThanOrEqual(expectedPurchases(history, { ...model, a: 0 }, weeks) * (1 + 1e-9))
        expect(expectedPurchases(history, model, 2 * weeks)).toBeGreaterThanOrEqual(count * (1 - 1e-9))
      }),
    )
  })

  test('is the NBD mean where nobody leaves', () => {
    const history = { repeatCount: 4, recencyWeeks: 3, ageWeeks: 10 }
    expect(expectedPurchases(history, { r: 2, alpha: 5, a: 0, b: 1 }, 30)).toBe((30 * 6) / 15)
    expect(expectedPurchases(history, { r: 2, alpha: 5, a: 1e-13, b: 1 }, 30)).toBeCloseTo(12, 9)
  })

  // (a + b − 1)/(a − 1) · (1 − (1 + t)^−s · 2F1(s, b; a + b − 1; t/(1 + t))), to 60 digits, by mpmath.
  test.each([
    [0.24, 1, 2.4, 5, 0.7354439146842029],
    [0.24, 1.000000001, 2.4, 5, 0.7354439144488989],
    [0.2425945, 0.792922, 2.425907, 8.83, 1.1944343188484572],
    [29.24, 0.79, 31.4, 0.9, 20.35561092108837],
    [5000.25, 0.75, 5002.5, 0.25, 1147.5186426547778],
    [0.001, 0.5, 0.25, 150, 0.01579763712271076],
    [3, 0.001, 0.5, 20, 59.69049922418562],
    [7.5, 0.25, 1.5, 1000, 1099.757716098771],
    [0.125, 2, 0.0625, 50_000, 0.7840017932533686],
  ])('of shape %d, a = %d, b = %d, time %d is exact', (shape, a, b, time, expected) => {
    expect(expectedCount({ shape, a, b }, time) / expected).toBeCloseTo(1, 12)
  })

  test('joins the sum of terms and the sum of tails without a step', () => {
    const belief = fc.record({ shape: positive(50).map((shape) => shape + 0.01), a: positive(100), b: positive(100) })
    fc.assert(
      fc.property(belief, (one) => {
        const [below, above] = [expectedCount(one, 1000), expectedCount(one, 1000 * (1 + 1e-12))]
        expect(above / below).toBeCloseTo(1, 9)
      }),
      { numRuns: runs(50) },
    )
  })

  test('is what a simulated crowd does', () => {
    const model = { r: 0.8, alpha: 4, a: 0.9, b: 2.5 }
    const crowd = simulate(20_000, 40, model, 5)
    const mean = crowd.reduce((sum, { repeatCount }) => sum + repeatCount, 0) / crowd.length
    expect(expectedFromNewCustomer(model, 40) / mean).toBeCloseTo(1, 1)
  })

  test('refuses a negative or infinite time', () => {
    const history = { repeatCount: 0, recencyWeeks: 0, ageWeeks: 1 }
    const model = { r: 1, alpha: 1, a: 1, b: 1 }
    expect(() => expectedPurchases(history, model, -1)).toThrow(/^weeks: -1 must not be negative/)
    expect(() => expectedPurchases(history, model, Number.POSITIVE_INFINITY)).toThrow(
      /^weeks: Infinity must be a finite/,
    )
  })
})
