/** What customers are worth: the formulas, the forecast week by week, the tiers. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import { expectedPurchases, probabilityAlive } from '../../src/analytics/value/bg-nbd.ts'
import { expectedSpend } from '../../src/analytics/value/gamma-gamma.ts'
import {
  customerValueScore,
  discountedLifetimeValue,
  forecastCustomers,
  plainLifetimeValue,
} from '../../src/analytics/value/lifetime-value.ts'
import { type CustomerHistory, purchaseHistories } from '../../src/analytics/value/purchase-history.ts'
import { valueTiers } from '../../src/analytics/value/value-tiers.ts'
import { cdnowTransactions } from './support/cdnow.ts'
import { hasShared, needsShared, oracle } from './support/shared.ts'

const purchases = { r: 0.24, alpha: 4.4, a: 0.79, b: 2.4 }
const spend = { p: 6.2, q: 3.7, v: 15.4 }
const customers: CustomerHistory[] = [
  { customerId: 'a', repeatCount: 0, recencyWeeks: 0, ageWeeks: 30, meanSpend: null },
  { customerId: 'b', repeatCount: 4, recencyWeeks: 28, ageWeeks: 30, meanSpend: 50 },
  { customerId: 'c', repeatCount: 4, recencyWeeks: 5, ageWeeks: 30, meanSpend: 0 },
]

describe('the formulas', () => {
  test('give what the textbook gives', () => {
    expect(discountedLifetimeValue([100, 200, 300, 400, 500], 0.1)).toBeCloseTo(1065.2588, 4)
    expect(plainLifetimeValue([100, 200], [60, 100])).toBe(70)
    expect(customerValueScore(300, 200, 1.5)).toBe(2.25)
  })

  test('discounting by 0 is adding up, and discounting more is worth less', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1 }),
        fc.double({ min: 0.001, max: 2, noNaN: true }),
        (revenues, d) => {
          const sum = revenues.reduce((total, revenue) => total + revenue, 0)
          expect(discountedLifetimeValue(revenues, 0)).toBe(sum)
          expect(discountedLifetimeValue(revenues, d)).toBeLessThanOrEqual(sum)
        },
      ),
    )
  })

  test.each<[string, () => number, RegExp]>([
    ['no period', () => discountedLifetimeValue([], 0.1), /^revenues: "nothing" must hold at least one number/],
    ['NaN', () => discountedLifetimeValue([1, Number.NaN], 0.1), /^revenues\[1\]: NaN must be a finite number/],
    ['a discount of −1', () => discountedLifetimeValue([1], -1), /^discount: -1 must be above -1/],
    [
      'more costs than revenues',
      () => plainLifetimeValue([1], [1, 2]),
      /^costs\.length: 2 must be as of revenues \(1\)/,
    ],
    ['no cost', () => customerValueScore(1, 0, 1), /^cost: 0 must be above 0/],
    ['negative money', () => customerValueScore(-1, 2, 1), /^revenue: -1 must not be negative/],
  ])('refuse %s', (_, run, message) => {
    expect(run).toThrow(RangeError)
    expect(run).toThrow(message)
  })
})

describe('forecastCustomers', () => {
  test('discounts the purchases of each week by that week', () => {
    const forecasts = forecastCustomers(customers, { purchases, spend, horizonWeeks: 13, discountPerWeek: 0.01 })
    customers.forEach((history, i) => {
      const within = (weeks: number): number => expectedPurchases(history, purchases, weeks)
      const weeks = Array.from({ length: 13 }, (_, week) => (within(week + 1) - within(week)) / 1.01 ** (week + 1))
      const perPurchase = expectedSpend(history, spend)
      expect(forecasts[i]).toEqual({
        customerId: history.customerId,
        probabilityAlive: probabilityAlive(history, purchases),
        expectedPurchases: expect.closeTo(within(13), 12),
        expectedSpend: perPurchase,
        lifetimeValue: expect.closeTo(perPurchase * weeks.reduce((sum, week) => sum + week, 0), 9),
      })
    })
  })

  test('without a discount is purchases times spend', () => {
    for (const one of forecastCustomers(customers, { purchases, spend, horizonWeeks: 26 })) {
      expect(one.lifetimeValue).toBeCloseTo(one.expectedPurchases * one.expectedSpend!, 9)
    }
  })

  test('leaves open what no model knows', () => {
    const unknown = forecastCustomers(customers, { purchases, spend: null, horizonWeeks: 1 })
    expect(unknown.map(({ expectedSpend: each, lifetimeValue }) => [each, lifetimeValue])).toEqual(
      customers.map(() => [null, null]),
    )
    const heavy = forecastCustomers(customers, { purchases, spend: { p: 2, q: 0.9, v: 1 }, horizonWeeks: 1 })
    expect(heavy.map(({ lifetimeValue }) => lifetimeValue === null)).toEqual([true, false, false])
  })

  test('refuses horizons and discounts out of range', () => {
    const run = (change: object): unknown =>
      forecastCustomers(customers, { purchases, spend, horizonWeeks: 4, ...change })
    expect(() => run({ horizonWeeks: 0 })).toThrow(/^horizonWeeks: 0 must be a whole number of at least 1/)
    expect(() => run({ horizonWeeks: 1.5 })).toThrow(RangeError)
    expect(() => run({ discountPerWeek: -1 })).toThrow(/^discountPerWeek: -1 must be above -1/)
  })
})

describe('valueTiers', () => {
  test('parts customers at the quantiles, a value at a limit going up', () => {
    const { tiers, limits } = valueTiers([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110])
    expect(limits).toEqual({ high: 90, middle: 60 })
    expect(tiers.filter((tier) => tier === 'high')).toHaveLength(3)
    expect(tiers.filter((tier) => tier === 'middle')).toHaveLength(3)
  })

  test('leaves the many who are worth least in the low tier', () => {
    expect(valueTiers([0, 0, 0, 0, 0, 0, 0, 5]).tiers).toEqual([...Array.from({ length: 7 }, () => 'low'), 'high'])
  })

  test('gives a customer of more value no lower tier', () => {
    const rank = { low: 0, middle: 1, high: 2 }
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1 }), (values) => {
        const { tiers } = valueTiers(values)
        const sorted = values.map((value, i) => ({ value, rank: rank[tiers[i]!] })).sort((a, b) => a.value - b.value)
        sorted.forEach((one, i) => expect(one.rank).toBeGreaterThanOrEqual(sorted[i - 1]?.rank ?? 0))
      }),
    )
  })

  test('refuses nothing, NaN and shares out of order', () => {
    expect(() => valueTiers([])).toThrow(/^values: "nothing" must/)
    expect(() => valueTiers([1, Number.NaN])).toThrow(/^values\[1\]: NaN must/)
    expect(() => valueTiers([1], { middle: 0.9 })).toThrow(/^middle: 0\.9 must be at most high \(0\.8\)/)
  })
})

describe.skipIf(!hasShared)(`real customers${needsShared}`, () => {
  interface Answer {
    readonly config: { readonly cal_end: string }
    readonly bgnbd: { readonly params_opt: typeof purchases }
    readonly gamma_gamma: { readonly params_opt: typeof spend }
    readonly customers20: { readonly rows: (string | number | null)[][] }
    readonly deterministic: { readonly rows: [string, number, number, number, number, number, number][] }
  }

  test('have the discounted value of the reference, in periods of 30 days', () => {
    const [answer] = oracle('clv') as [Answer]
    const histories = purchaseHistories(cdnowTransactions(), dayNumber(answer.config.cal_end))
    const byId = new Map(histories.map((one) => [one.customerId, one]))
    for (const [id, , , , , , , , value] of answer.customers20.rows) {
      const history = byId.get(id as string)!
      const within = (periods: number): number =>
        expectedPurchases(history, answer.bgnbd.params_opt, (periods * 30) / 7)
      const counts = Array.from({ length: 12 }, (_, k) => within(k + 1) - within(k))
      const worth = expectedSpend(history, answer.gamma_gamma.params_opt) * discountedLifetimeValue(counts, 0.01)
      expect(worth / (value as number)).toBeCloseTo(1, 6)
    }
  })

  test('have the plain and discounted values and scores of the reference', () => {
    const [answer] = oracle('clv') as [Answer]
    const { customerIds, days, amounts } = cdnowTransactions()
    const calendar = (day: number): number =>
      new Date(day * 86_400_000).getUTCMonth() + 12 * new Date(day * 86_400_000).getUTCFullYear()
    const [end, last] = [dayNumber(answer.config.cal_end), calendar(dayNumber(answer.config.cal_end))]
    for (const [id, months, total, plain, discounted, , score] of answer.deterministic.rows) {
      const lines = customerIds.flatMap((one, i) =>
        one === id && days[i]! <= end ? [{ month: calendar(days[i]!), amount: amounts[i]! }] : [],
      )
      const first = Math.min(...lines.map(({ month }) => month))
      const revenues = Array.from({ length: last - first + 1 }, (_, t) =>
        lines.reduce((sum, { month, amount }) => (month === first + t ? sum + amount : sum), 0),
      )
      const costs = revenues.map((revenue) => 0.6 * revenue)
      expect(revenues).toHaveLength(months)
      expect(plainLifetimeValue(revenues, costs)).toBeCloseTo(plain, 9)
      expect(discountedLifetimeValue(revenues, 0.01)).toBeCloseTo(discounted, 9)
      expect(customerValueScore(total, 0.6 * total, 1.5)).toBeCloseTo(score, 9)
    }
  })
})
