/** Uplift of several offers: what each does to whom, what choosing is worth, and which tastes are columns at all. */

import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { valueOfBudget, valueOfChoice } from '../../src/analytics/training/choice-value.ts'
import { trainOfferUplift } from '../../src/analytics/training/offer-uplift.ts'
import { chooseTastes, tasteNames, tasteValues } from '../../src/analytics/training/taste-features.ts'
import { trainOneModel } from '../../src/analytics/uplift/one-model.ts'
import { twoModelUplift } from '../../src/analytics/uplift/two-model.ts'
import type { Tastes } from '../../src/domain/tastes.ts'

/** Each of two offers moves its own half of the customers, from 20 to 50 of a hundred. */
function people(n: number, seed: number) {
  const random = seededRandom(seed)
  return Array.from({ length: n }, () => {
    const likes = random() < 0.5 ? 1 : 2
    const given = Math.floor(random() * 3)
    return { likes, given, reacts: random() < (given === likes ? 0.5 : 0.2) ? 1 : 0 }
  })
}

describe('choosing an offer for each', () => {
  const all = people(6_000, 1)
  const question = {
    given: all.map(({ given }) => given),
    gains: all.map(({ reacts }) => reacts * 100),
    costCents: 10,
    offers: 2,
  }

  test('is worth what it would bring, and more than the best offer for all or none', () => {
    const value = valueOfChoice({ ...question, chosen: all.map(({ likes }) => likes) })
    // Chosen: 50 − 10. The same for all: (50 + 20) / 2 − 10. None: 20.
    expect(value.byRule.low).toBeLessThan(40)
    expect(value.byRule.high).toBeGreaterThan(40)
    expect(value.sameForAll[1]?.value).toBeGreaterThan(22)
    expect(value.sameForAll[1]?.value).toBeLessThan(28)
    expect(value.overBest.low).toBeGreaterThan(0)
    expect(value.overNone.low).toBeGreaterThan(0)
    expect(value.shares[0]).toBe(0)
  })

  test('by a rule that knows nothing is worth no more than the best offer for all', () => {
    const value = valueOfChoice({ ...question, chosen: all.map((_, i) => (i % 2) + 1) })
    expect(value.overBest.low).toBeLessThan(0)
    expect(value.overBest.high).toBeLessThan(5)
  })

  test('within a budget goes to those whom it moves most', () => {
    const scores = all.map(({ likes }) => (likes === 1 ? 0.3 : 0.1))
    const reactions = { ...question, gains: all.map(({ reacts }) => reacts), costCents: 0 }
    const budget = valueOfBudget({ ...reactions, chosen: all.map(() => 1) }, scores, 0.25)
    expect(budget.byRule.low).toBeLessThan(0.3)
    expect(budget.byRule.high).toBeGreaterThan(0.3)
    expect(budget.overChance.low).toBeGreaterThan(0)
  })

  test.each([
    ['an offer that nobody was given', { given: all.map(({ given }) => (given === 2 ? 1 : given)) }, /given/],
    ['lists of different lengths', { chosen: [1] }, /chosen\.length/],
  ])('%s is refused', (_, wrong, message) => {
    const chosen = all.map(({ likes }) => likes)
    expect(() => valueOfChoice({ ...question, chosen, ...wrong })).toThrow(message)
  })

  test('is learned: each offer finds its own half', () => {
    const rows = all.length
    const result = trainOfferUplift({
      names: ['likes the first'],
      features: { rows, columns: 1, values: Float64Array.from(all, ({ likes }) => (likes === 1 ? 1 : 0)) },
      treatment: Uint8Array.from(all, ({ given }) => (given === 0 ? 0 : 1)),
      outcome: Uint8Array.from(all, ({ reacts }) => reacts),
      valueCents: 100,
      costCents: 10,
      offers: ['first', 'second'],
      given: Uint8Array.from(all, ({ given }) => given),
      judged: new Uint8Array(rows).fill(1),
    })
    expect(result.byOffer.map(({ offer }) => offer)).toEqual(['first', 'second'])
    for (const { qini } of result.byOffer) expect(qini).toBeGreaterThan(0.01)
    const whole = result.choice?.atMargins.find(({ margin }) => margin === 1)?.value
    expect(whole?.overBest.low).toBeGreaterThan(0)
    expect(whole?.overNone.low).toBeGreaterThan(0)
  })
})

test('one model multiplies odds: who is likelier to react is moved further', () => {
  const random = seededRandom(3)
  const n = 6_000
  const keen = Float64Array.from({ length: n }, () => (random() < 0.5 ? 1 : 0))
  const treated = Array.from(keen, () => (random() < 0.5 ? 1 : 0))
  const outcome = Array.from(keen, (one, i) => {
    const odds = (one === 1 ? 0.4 : 0.05) * (treated[i] === 1 ? 2 : 1)
    return random() < odds / (1 + odds) ? 1 : 0
  })
  const models = trainOneModel(['keen'], { rows: n, columns: 1, values: keen }, treated, outcome)
  const [little, much] = twoModelUplift(models, ['keen'], { rows: 2, columns: 1, values: Float64Array.of(0, 1) })
  // 0.8 / 1.8 − 0.4 / 1.4, and 0.1 / 1.1 − 0.05 / 1.05.
  expect(much).toBeCloseTo(0.159, 1)
  expect(little).toBeCloseTo(0.043, 1)
  expect(much).toBeGreaterThan(little as number)
  expect(() => trainOneModel(['keen'], { rows: n, columns: 1, values: keen }, new Uint8Array(n), outcome)).toThrow(
    /treatment/,
  )
})

describe('tastes as columns', () => {
  const rows = Array.from(
    { length: 400 },
    (_, i): Tastes => ({
      categories: { Vinyl: i % 4, ...(i === 0 ? { Rare: 1 } : {}) },
      traits: {
        channel: ['web', 'shop', 'phone'][i % 3] as string,
        member: `m-${i}`,
        club: i % 5 === 0,
        points: i,
        same: 'for all',
        ...(i < 10 ? { few: 'values' } : {}),
        mixed: i % 2 === 0 ? 'text' : 1,
      },
    }),
  )
  const encoding = chooseTastes(rows)

  test('are what enough customers share: no ids, no constants, nothing that points at a few', () => {
    expect(tasteNames(encoding)).toEqual([
      'category:Vinyl',
      'trait:channel=web',
      'trait:channel=phone',
      'trait:channel=shop',
      'trait:points',
      'trait:club',
    ])
  })

  test('a value that was never seen is none of them, a number that is missing is the mean', () => {
    const [vinyl, ...others] = tasteValues(encoding, { categories: { Vinyl: 2 }, traits: { channel: 'pigeon' } })
    expect(vinyl).toBeCloseTo(Math.log(3))
    expect(others).toEqual([0, 0, 0, encoding.numbers[0]?.mean, 0])
  })
})
