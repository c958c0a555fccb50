/** Promotion planning against brute force, and what must hold of every plan. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type PromotionChoice, planPromotions } from '../../src/analytics/promotion-plan.ts'

const choice = (segment: string, offer: string, customers: number, value: number, cost: number): PromotionChoice => ({
  segment,
  offer,
  customers,
  expectedValueCents: value,
  expectedCostCents: cost,
})

describe('a plan', () => {
  test('spends on the best value per cent first, and upgrades where that still pays', () => {
    const choices = [
      choice('loyal', '5 %', 10, 300, 100),
      choice('loyal', '20 %', 10, 900, 400),
      choice('new', '5 %', 10, 150, 100),
    ]
    const plan = planPromotions(choices, 2500)
    // Net per cent: loyal 5 % brings 2, its upgrade to 20 % one more, new 5 % one half.
    expect(plan.offers).toEqual([
      { segment: 'loyal', offer: '5 %', customers: 5, costCents: 500, valueCents: 1500 },
      { segment: 'loyal', offer: '20 %', customers: 5, costCents: 2000, valueCents: 4500 },
    ])
    expect(plan).toMatchObject({ costCents: 2500, netCents: 3500, netPerFurtherCent: 1 })
  })

  test('offers nothing that costs more than it brings, however large the budget', () => {
    const plan = planPromotions([choice('a', 'x', 5, 90, 100), choice('b', 'x', 5, 100, 100)], 1e9)
    expect(plan).toEqual({ offers: [], costCents: 0, valueCents: 0, netCents: 0, netPerFurtherCent: 0 })
  })

  test('gives away what costs nothing even without a budget', () => {
    const plan = planPromotions([choice('a', 'hint', 7, 10, 0), choice('a', 'gift', 7, 500, 100)], 0)
    expect(plan.offers).toEqual([{ segment: 'a', offer: 'hint', customers: 7, costCents: 0, valueCents: 70 }])
    expect(plan.netPerFurtherCent).toBeCloseTo(390 / 100, 12)
  })

  const offers = fc.array(
    fc.record({ value: fc.integer({ min: -5, max: 40 }), cost: fc.integer({ min: 0, max: 12 }) }),
    { minLength: 1, maxLength: 3 },
  )
  const segments = fc.array(fc.record({ customers: fc.integer({ min: 0, max: 3 }), offers }), { maxLength: 3 })
  const choicesOf = (list: { customers: number; offers: { value: number; cost: number }[] }[]): PromotionChoice[] =>
    list.flatMap(({ customers, offers }, s) =>
      offers.map(({ value, cost }, o) => choice(`s${s}`, `o${o}`, customers, value, cost)),
    )

  /** The best net value by trying every offer for every customer. */
  function bestNet(choices: readonly PromotionChoice[], budget: number): number {
    const customers = [...Map.groupBy(choices, ({ segment }) => segment).values()].flatMap((list) =>
      Array.from({ length: list[0]!.customers }, () => list),
    )
    const best = (from: number, left: number): number => {
      const list = customers[from]
      if (!list) return 0
      const takes = list.filter(({ expectedCostCents }) => expectedCostCents <= left)
      const nets = takes.map(
        (one) => one.expectedValueCents - one.expectedCostCents + best(from + 1, left - one.expectedCostCents),
      )
      return Math.max(best(from + 1, left), ...nets)
    }
    return best(0, budget)
  }

  test('misses the best possible by less than one customer’s step, and never the budget', () => {
    fc.assert(
      fc.property(segments, fc.integer({ min: 0, max: 60 }), (list, budget) => {
        const choices = choicesOf(list)
        const plan = planPromotions(choices, budget)
        expect(plan.costCents).toBeLessThanOrEqual(budget)
        const best = bestNet(choices, budget)
        const step = Math.max(0, ...choices.map((one) => one.expectedValueCents - one.expectedCostCents))
        expect(plan.netCents).toBeLessThanOrEqual(best)
        expect(plan.netCents).toBeGreaterThan(best - step - 1e-9)
        expect(plan.netPerFurtherCent === 0 ? plan.netCents : best).toBe(best)
      }),
    )
  })

  test('is never worse with a larger budget in one segment, and gives nobody two offers', () => {
    fc.assert(
      fc.property(offers, fc.integer({ min: 0, max: 30 }), (list, budget) => {
        const choices = choicesOf([{ customers: 4, offers: list }])
        const [less, more] = [planPromotions(choices, budget), planPromotions(choices, budget + 10)]
        expect(more.netCents).toBeGreaterThanOrEqual(less.netCents)
        expect(less.offers.reduce((sum, { customers }) => sum + customers, 0)).toBeLessThanOrEqual(4)
      }),
    )
  })
})

describe('bad input is refused by name', () => {
  test.each<[string, () => unknown, string]>([
    ['a negative budget', () => planPromotions([], -1), 'budgetCents: -1 must not be negative'],
    ['a budget of NaN', () => planPromotions([], Number.NaN), 'budgetCents: NaN must be a finite number'],
    ['a negative cost', () => planPromotions([choice('a', 'x', 1, 1, -1)], 1), 'choices[0].expectedCostCents: -1'],
    ['half a customer', () => planPromotions([choice('a', 'x', 0.5, 1, 1)], 1), 'choices[0].customers: 0.5 must be'],
    [
      'an offer twice',
      () => planPromotions([choice('a', 'x', 1, 1, 1), choice('a', 'x', 1, 2, 1)], 1),
      'choices[1].offer: "x" must not be there twice for segment a',
    ],
    [
      'a segment of two sizes',
      () => planPromotions([choice('a', 'x', 1, 1, 1), choice('a', 'y', 2, 2, 1)], 1),
      "choices[1].customers: 2 must be as in the segment's other offers (1)",
    ],
  ])('%s', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})
