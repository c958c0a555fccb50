/** Frequent item sets and association rules. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareText } from '../../src/analytics/core/text-order.ts'
import {
  type AssociationRule,
  type AssociationRules,
  associationRules,
  describeRule,
} from '../../src/analytics/rules/association-rules.ts'
import { encodeBaskets } from '../../src/analytics/rules/baskets.ts'
import { condensedSets } from '../../src/analytics/rules/condensed-sets.ts'
import { frequentItemSets, type ItemSetAlgorithm } from '../../src/analytics/rules/frequent-item-sets.ts'
import { type ItemSets, namesOfSet } from '../../src/analytics/rules/item-sets.ts'
import { runs } from '../support/property-runs.ts'

const algorithms: ItemSetAlgorithm[] = ['fp-growth', 'apriori']

interface CountedSet {
  readonly items: string[]
  readonly count: number
}

function listSets(sets: ItemSets): CountedSet[] {
  return Array.from(sets.counts, (count, set) => ({ items: namesOfSet(sets, set), count }))
}

function listRules(rules: AssociationRules): AssociationRule[] {
  return Array.from(rules.wholes, (_, rule) => describeRule(rules, rule))
}

function find(baskets: string[][], minSupport: number, algorithm: ItemSetAlgorithm = 'fp-growth'): ItemSets {
  return frequentItemSets(encodeBaskets(baskets), { minSupport, algorithm })
}

/** Baskets of up to six different items, among them two that UTF-16 would sort the other way round. */
const names = ['a', 'b', 'zz', 'ä', '\uFB01', '\u{1F600}']
const someBaskets = fc.array(fc.array(fc.constantFrom(...names), { maxLength: 8 }), { minLength: 1, maxLength: 14 })

/** Every set of the names, ascending, with its count: by looking into every basket. */
function allSets(baskets: string[][]): CountedSet[] {
  return Array.from({ length: 2 ** names.length - 1 }, (_, bits) => {
    const items = names.filter((_, i) => ((bits + 1) >> i) & 1)
    return { items, count: baskets.filter((basket) => items.every((item) => basket.includes(item))).length }
  })
}

function compareItems(a: string[], b: string[]): number {
  const differing = a.findIndex((item, i) => item !== b[i])
  if (differing < 0) return a.length - b.length
  return differing >= b.length ? 1 : compareText(a[differing]!, b[differing]!)
}

function frequentByBruteForce(baskets: string[][], least: number): CountedSet[] {
  return allSets(baskets)
    .filter(({ count }) => count >= least)
    .sort((a, b) => b.count - a.count || compareItems(a.items, b.items))
}

const isPart = (part: string[], whole: string[]): boolean => part.every((item) => whole.includes(item))

describe('frequent item sets', () => {
  test.each(algorithms)('by %s are those of brute force, in their order', (algorithm) => {
    fc.assert(
      fc.property(someBaskets, fc.nat(), (baskets, chosen) => {
        const least = 1 + (chosen % baskets.length)
        const found = listSets(find(baskets, least / baskets.length, algorithm))
        expect(found).toEqual(frequentByBruteForce(baskets, least))
      }),
      { numRuns: runs(300) },
    )
  })

  test('do not depend on the order of baskets and of items in them', () => {
    const permuted = someBaskets.chain((baskets) =>
      fc.tuple(
        fc.constant(baskets),
        fc
          .shuffledSubarray(baskets, { minLength: baskets.length })
          .map((all) => all.map((basket) => basket.toReversed())),
      ),
    )
    fc.assert(
      fc.property(permuted, fc.constantFrom(...algorithms), ([baskets, others], algorithm) => {
        const sets = find(baskets, 0.2, algorithm)
        const otherSets = find(others, 0.2, algorithm)
        expect(otherSets).toEqual(sets)
        expect(listRules(associationRules(otherSets, 0.3))).toEqual(listRules(associationRules(sets, 0.3)))
      }),
    )
  })

  test.each(algorithms)('by %s are the same where groups are large enough for a radix sort', (algorithm) => {
    // All 2,047 sets of eleven items have one count.
    const eleven = 'kjihgfedcba'.split('')
    const found = listSets(find([eleven, eleven], 1, algorithm))
    expect(found).toHaveLength(2047)
    expect(found).toEqual(found.toSorted((a, b) => compareItems(a.items, b.items)))
  })

  test.each([
    [0.1, 30, 3],
    [0.3, 10, 3],
    [1 / 3, 9, 3],
    [0.301, 10, 4],
    [1, 7, 7],
    [1e-12, 7, 1],
  ])('with support %f of %i baskets are in at least %i', (minSupport, baskets, least) => {
    // Item i is in the first i baskets.
    const stairs = Array.from({ length: baskets }, (_, b) =>
      Array.from({ length: baskets - b }, (_, i) => String(b + i + 1)),
    )
    const singles = listSets(
      find(
        stairs.map((basket) => basket.slice(0, 12)),
        minSupport,
      ),
    ).filter((s) => s.items.length === 1)
    expect(Math.min(...singles.map(({ count }) => count))).toBe(least)
  })

  test('count an item once that a basket names twice, and empty baskets as baskets', () => {
    const sets = find([['a', 'a'], [], ['a', 'b'], []], 0.5)
    expect(listSets(sets)).toEqual([{ items: ['a'], count: 2 }])
    expect(sets.basketCount).toBe(4)
  })

  test.each([
    ['closed', (count: number, larger: CountedSet) => larger.count === count],
    ['maximal', () => true],
  ] as const)('that are %s have no larger set that says the same', (selection, saysTheSame) => {
    fc.assert(
      fc.property(someBaskets, (baskets) => {
        const sets = find(baskets, 0.25)
        const all = listSets(sets)
        const wanted = all.filter(
          ({ items, count }) =>
            !all.some(
              (other) => other.items.length > items.length && isPart(items, other.items) && saysTheSame(count, other),
            ),
        )
        expect(listSets(condensedSets(sets, selection))).toEqual(wanted)
      }),
    )
  })

  test.each([0, -0.1, 1.5, Number.NaN, Infinity])('refuse a support of %f', (minSupport) => {
    expect(() => find([['a']], minSupport)).toThrow(/^minSupport: .*(above 0|between 0 and 1)/)
  })

  test.each(algorithms)('by %s are refused where there are too many', (algorithm) => {
    const baskets = encodeBaskets([['a', 'b', 'c']])
    const options = { minSupport: 1, algorithm }
    expect(frequentItemSets(baskets, { ...options, most: 7 }).size).toBe(7)
    expect(() => frequentItemSets(baskets, { ...options, most: 6 })).toThrow(/^minSupport: gives more than 6 item sets/)
  })
})

describe('association rules', () => {
  test('are all splits of frequent sets that are confident enough, by falling lift', () => {
    fc.assert(
      fc.property(someBaskets, fc.constantFrom(0, 0.25, 0.5, 2 / 3, 1), (baskets, minConfidence) => {
        const n = baskets.length
        const frequent = frequentByBruteForce(baskets, Math.ceil(n * 0.2))
        const countOf = (items: string[]): number => frequent.find((s) => compareItems(s.items, items) === 0)!.count
        const wanted = frequent.flatMap(({ items: whole, count }) =>
          frequent
            .filter(({ items }) => items.length < whole.length && isPart(items, whole))
            .map(({ items: antecedent, count: times }) => {
              const consequent = whole.filter((item) => !antecedent.includes(item))
              return {
                antecedent,
                consequent,
                confidence: count / times,
                lift: (count * n) / (times * countOf(consequent)),
              }
            })
            .filter(({ confidence }) => confidence >= minConfidence),
        )
        wanted.sort(
          (a, b) =>
            b.lift - a.lift || compareItems(a.antecedent, b.antecedent) || compareItems(a.consequent, b.consequent),
        )
        const found = listRules(associationRules(find(baskets, Math.ceil(n * 0.2) / n), minConfidence))
        expect(
          found.map(({ antecedent, consequent, confidence, lift }) => ({ antecedent, consequent, confidence, lift })),
        ).toEqual(wanted)
      }),
      { numRuns: runs(200) },
    )
  })

  test('have the measures that were worked out by hand', () => {
    // tea in 3 of 5 baskets, milk in 4, both in 2.
    const baskets = [['tea', 'milk'], ['tea', 'milk'], ['tea'], ['milk'], ['milk']]
    expect(listRules(associationRules(find(baskets, 0.4), 0))).toEqual([
      {
        antecedent: ['milk'],
        consequent: ['tea'],
        support: 0.4,
        confidence: 0.5,
        lift: expect.closeTo(5 / 6, 15),
        leverage: expect.closeTo(-0.08, 15),
        conviction: expect.closeTo(0.8, 15),
      },
      {
        antecedent: ['tea'],
        consequent: ['milk'],
        support: 0.4,
        confidence: 2 / 3,
        lift: expect.closeTo(5 / 6, 15),
        leverage: expect.closeTo(-0.08, 15),
        conviction: expect.closeTo(0.6, 15),
      },
    ])
  })

  test('that never fail have no conviction', () => {
    const [rule] = listRules(associationRules(find([['a', 'b'], ['b'], []], 0.3), 1))
    expect(rule).toMatchObject({ antecedent: ['a'], consequent: ['b'], confidence: 1, conviction: null })
  })

  test.each([-0.1, 1.1, Number.NaN])('refuse a confidence of %f', (minConfidence) => {
    expect(() => associationRules(find([['a', 'b']], 1), minConfidence)).toThrow(/^minConfidence: .* between 0 and 1/)
  })

  test('are refused where there are too many', () => {
    const sets = find([['a', 'b', 'c']], 1)
    expect(associationRules(sets, 0.5, 12).size).toBe(12)
    expect(() => associationRules(sets, 0.5, 11)).toThrow(/more than 11 rules/)
  })
})
