/** Differential privacy and k-anonymity. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { anonymise, type QuasiIdentifier, smallestGroup } from '../../src/analytics/privacy/k-anonymity.ts'
import {
  laplaceNoise,
  laplaceQuantile,
  type PrivacyBudget,
  privateCount,
  privateSum,
  spendBudget,
} from '../../src/analytics/privacy/laplace.ts'
import { hasShared, needsShared, oracle } from './support/shared.ts'

const fresh = (epsilon: number): PrivacyBudget => ({ epsilon, spent: 0 })

describe('Laplace noise', () => {
  test.skipIf(!hasShared)(`has the quantiles of the reference${needsShared}`, () => {
    const { laplace } = oracle('metrics') as { laplace: { rows: [number, number, number][] } }
    for (const [epsilon, p, expected] of laplace.rows) {
      expect(Math.abs(laplaceQuantile(p, 1 / epsilon) - expected)).toBeLessThanOrEqual(1e-12 * Math.abs(expected))
    }
  })

  test('is distributed as it should be: 10,000 draws against the distribution function', () => {
    const random = seededRandom(42)
    const draws = Float64Array.from({ length: 10_000 }, () => laplaceNoise(2, random)).sort()
    const cdf = (x: number): number => (x < 0 ? 0.5 * Math.exp(x / 2) : 1 - 0.5 * Math.exp(-x / 2))
    const gap = Math.max(...draws.map((x, i) => Math.abs(cdf(x) - (i + 0.5) / draws.length)))
    expect(gap).toBeLessThan(1.95 / Math.sqrt(draws.length)) // Kolmogorov and Smirnov at p = 0.001.
    const mean = draws.reduce((sum, x) => sum + Math.abs(x), 0) / draws.length
    expect(Math.abs(mean - 2)).toBeLessThan(0.08)
  })

  test('makes neighbouring counts hard to tell apart: no answer is e^ε times likelier for one of them', () => {
    const epsilon = 0.5
    const answers = (count: number, seed: number): number[] => {
      const random = seededRandom(seed)
      return Array.from({ length: 40_000 }, () => privateCount(fresh(1), count, epsilon, random).value)
    }
    const [a, b] = [answers(100, 1), answers(101, 2)]
    const inBin = (list: number[], low: number): number => list.filter((x) => x >= low && x < low + 1).length
    for (let low = 92; low < 109; low++) {
      const [x, y] = [inBin(a, low), inBin(b, low)]
      const sigma = Math.sqrt(1 / x + 1 / y)
      expect(Math.abs(Math.log(x / y))).toBeLessThan(epsilon + 4 * sigma)
    }
  })

  test('is the same for the same seed, and centred on the truth', () => {
    const twice = [1, 2].map(() => privateCount(fresh(1), 1000, 0.1, seededRandom(9)).value)
    expect(twice[0]).toBe(twice[1])
    const random = seededRandom(10)
    const answers = Array.from({ length: 4000 }, () => privateCount(fresh(1), 1000, 0.1, random))
    const near = answers.filter(({ value, medianError }) => Math.abs(value - 1000) < medianError).length
    expect(Math.abs(near / 4000 - 0.5)).toBeLessThan(0.04)
  })

  test('leaves no low bits that would betray the truth', () => {
    const random = seededRandom(11)
    for (let i = 0; i < 100; i++) {
      const { value } = privateCount(fresh(1), 7, 0.5, random)
      expect(Number.isInteger(value * 512)).toBe(true) // The grid for a scale of 2 is 2 / 1024.
    }
  })

  test('is added to a sum of amounts held within bounds', () => {
    const random = seededRandom(12)
    const bounds = { low: 0, high: 100 }
    const answers = Array.from({ length: 2000 }, () => privateSum(fresh(50), [10, 20, 1e9, -5], bounds, 10, random))
    const mean = answers.reduce((sum, { value }) => sum + value, 0) / answers.length
    expect(mean).toBeCloseTo(130, -1)
    expect(answers[0]!.medianError).toBeCloseTo(10 * Math.LN2, 12)
  })
})

describe('the privacy budget', () => {
  test('runs out exactly when it is spent, however it was divided', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0.01, max: 10, noNaN: true }), (parts, epsilon) => {
        let budget = fresh(epsilon)
        for (let i = 0; i < parts; i++) budget = spendBudget(budget, epsilon / parts)
        expect(budget.spent).toBeLessThanOrEqual(epsilon)
        expect(() => spendBudget(budget, epsilon / 1000)).toThrow('privacy budget')
      }),
    )
  })

  test('is spent by every answer, and an answer that it does not reach for is refused with what is left', () => {
    const { budget } = privateCount(fresh(1), 10, 0.75, seededRandom(1))
    expect(budget).toEqual({ epsilon: 1, spent: 0.75 })
    expect(() => privateCount(budget, 10, 0.5, seededRandom(1))).toThrow(
      'epsilon: 0.5 must be within what is left of the privacy budget (0.25 of 1)',
    )
  })

  test.each<[string, () => unknown, string]>([
    ['an ε of 0', () => spendBudget(fresh(1), 0), 'epsilon: 0 must be positive'],
    ['an ε of NaN', () => spendBudget(fresh(1), Number.NaN), 'epsilon: NaN must be a finite number'],
    ['an endless budget', () => spendBudget(fresh(Infinity), 1), 'budget.epsilon: Infinity must be'],
    ['a spent of NaN', () => spendBudget({ epsilon: 1, spent: Number.NaN }, 1), 'privacy budget'],
    ['bounds upside down', () => privateSum(fresh(1), [1], { low: 2, high: 1 }, 1, seededRandom(1)), 'bounds.low: 2'],
    [
      'an amount of NaN',
      () => privateSum(fresh(1), [1, Number.NaN], { low: 0, high: 1 }, 1, seededRandom(1)),
      'amounts[1]: NaN must be a finite number',
    ],
    ['a quantile of 1', () => laplaceQuantile(1, 1), 'p: 1 must lie between'],
    ['a scale of 0', () => laplaceQuantile(0.5, 0), 'scale: 0 must be positive'],
  ])('refuses %s', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})

describe('k-anonymity', () => {
  const numeric = (name: string, ...values: number[]): QuasiIdentifier => ({ name, kind: 'numeric', values })
  const text = (name: string, ...values: string[]): QuasiIdentifier => ({ name, kind: 'text', values })
  const cities = ['Graz', 'Linz', 'Wels', 'Enns', 'Steyr', 'Wien']
  const person = fc.tuple(fc.integer({ min: 18, max: 90 }), fc.constantFrom(...cities))
  const people = fc.array(person, { minLength: 1, maxLength: 60 })
  const identifiersOf = (list: [number, string][]): QuasiIdentifier[] => [
    numeric('age', ...list.map(([age]) => age)),
    text('city', ...list.map(([, city]) => city)),
  ]

  test('leaves nobody in a group of fewer than k, and every entry holds the person it stands for', () => {
    fc.assert(
      fc.property(people, fc.integer({ min: 1, max: 10 }), (list, wanted) => {
        const k = Math.min(wanted, list.length)
        const { columns, groupOfRow, groupSizes, loss } = anonymise(identifiersOf(list), k)
        expect(smallestGroup(columns)).toBeGreaterThanOrEqual(k)
        expect(Math.min(...groupSizes)).toBeGreaterThanOrEqual(k)
        expect(groupSizes.reduce((sum, size) => sum + size, 0)).toBe(list.length)
        expect(loss >= 0 && loss <= 1).toBe(true)
        list.forEach(([age, city], row) => {
          const [from, to] = columns[0]![row]!.split('–').map(Number)
          expect(age >= from! && age <= (to ?? from!)).toBe(true)
          expect(columns[1]![row] === '*' || columns[1]![row]!.split('|').includes(city)).toBe(true)
          expect(groupSizes[groupOfRow[row]!]).toBeGreaterThanOrEqual(k)
        })
      }),
    )
  })

  test('with k = 1 keeps everything, and with k = everybody says the same of all', () => {
    const list: [number, string][] = [
      [20, 'Graz'],
      [30, 'Linz'],
      [40, 'Graz'],
    ]
    expect(anonymise(identifiersOf(list), 1)).toMatchObject({
      columns: [
        ['20', '30', '40'],
        ['Graz', 'Linz', 'Graz'],
      ],
      loss: 0,
    })
    const all = anonymise(identifiersOf(list), 3)
    expect(all.columns).toEqual([
      ['20–40', '20–40', '20–40'],
      ['Graz|Linz', 'Graz|Linz', 'Graz|Linz'],
    ])
    expect(all.loss).toBe(1)
  })

  test('loses less than one group for all where people are alike in two ways', () => {
    const list = Array.from({ length: 40 }, (_, i): [number, string] => (i % 2 === 0 ? [20, 'Graz'] : [70, 'Wien']))
    const { columns, loss } = anonymise(identifiersOf(list), 10)
    expect(new Set(columns[0])).toEqual(new Set(['20', '70']))
    expect(loss).toBe(0)
  })

  test('does not depend on the order of the people', () => {
    fc.assert(
      fc.property(people, (list) => {
        const k = Math.min(3, list.length)
        const rows = (from: [number, string][]): string[] => {
          const { columns } = anonymise(identifiersOf(from), k)
          return from.map((each, i) => JSON.stringify([each, columns[0]![i], columns[1]![i]])).sort()
        }
        expect(rows(list.toReversed())).toEqual(rows(list))
      }),
    )
  })

  test.each<[string, () => unknown, string]>([
    ['k above the people', () => anonymise([numeric('age', 1, 2)], 3), 'k: 3 must be a whole number of at least 1'],
    ['k of 0', () => anonymise([numeric('age', 1, 2)], 0), 'k: 0 must be a whole number'],
    ['no traits', () => anonymise([], 1), 'identifiers: "nothing" must hold'],
    ['nobody', () => anonymise([text('city')], 1), 'city.length: 0 must be at least 1'],
    ['lengths that differ', () => anonymise([numeric('age', 1), text('city')], 1), 'city.length: 0 must be as of age'],
    ['an age of NaN', () => anonymise([numeric('age', 1, Number.NaN)], 1), 'age[1]: NaN must be a finite number'],
    ['an empty table', () => smallestGroup([]), 'columns: "nothing" must hold'],
  ])('refuses %s', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})
