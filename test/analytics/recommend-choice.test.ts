/** How lists are judged, and how K, N and weights are chosen by it. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseHybridWeights, chooseNeighbours } from '../../src/analytics/recommend/cross-validation.ts'
import { evaluateScorer, holdOutEvery } from '../../src/analytics/recommend/hold-out.ts'
import { indexInteractions, repeatedPair } from '../../src/analytics/recommend/interactions.ts'
import { fitItemNeighbours, itemScorer } from '../../src/analytics/recommend/item-based.ts'
import { popularityScorer } from '../../src/analytics/recommend/popularity.ts'
import { averagePrecision, gradedNdcg, rankingMetrics } from '../../src/analytics/recommend/ranking-metrics.ts'
import { cosineSimilarity, pearsonSimilarity } from '../../src/analytics/recommend/similarity.ts'
import { patternOf } from './support/small-matrices.ts'

describe('judging lists', () => {
  const lists = {
    customers: Int32Array.of(0, 1, 2),
    starts: Int32Array.of(0, 3, 5, 8),
    items: Int32Array.of(4, 0, 2, 1, 3, 0, 1, 2),
    scores: new Float64Array(8),
  }
  const relevant = patternOf([
    [1, 0, 1, 0, 0, 0],
    [0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0],
  ])

  test('gives the figures that a person works out by hand', () => {
    // Customer 0: hits at ranks 2 and 3 of 2 relevant. Customer 1: none. Customer 2 has nothing relevant: not counted.
    const dcg = 1 / Math.log2(3) + 1 / Math.log2(4)
    const ideal = 1 + 1 / Math.log2(3)
    expect(rankingMetrics(lists, relevant, 3, 6)).toEqual({
      customers: 2,
      precision: expect.closeTo(1 / 3, 12),
      recall: 0.5,
      f1: expect.closeTo(0.4, 12),
      map: expect.closeTo((1 / 2 + 2 / 3) / 2 / 2, 12),
      ndcg: expect.closeTo(dcg / ideal / 2, 12),
      hitRate: 0.5,
      coverage: expect.closeTo(5 / 6, 12),
    })
  })

  test('gives figures from 0 to 1 for any scorer', () => {
    const pairs = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), {
      minLength: 6,
      maxLength: 30,
      selector: ([customer, item]) => `${customer} ${item}`,
    })
    fc.assert(
      fc.property(pairs, fc.integer({ min: 1, max: 8 }), (some, top) => {
        const interactions = indexInteractions(
          some.map(([customer]) => `c${customer}`),
          some.map(([, item]) => `i${item}`),
        )
        const split = holdOutEvery(interactions, 3, 1)
        fc.pre(split.relevant.indices.length > 0)
        const metrics = evaluateScorer(split, popularityScorer(split.train), top)
        for (const value of Object.values({ ...metrics, customers: 1 })) {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1 + 1e-12)
        }
      }),
    )
  })

  test.each([
    ['nothing relevant', () => rankingMetrics(lists, patternOf([[0], [0], [0]]), 3, 6), 'relevant: '],
    ['N of 0', () => rankingMetrics(lists, relevant, 0, 6), 'top: 0 must'],
    ['no candidates', () => rankingMetrics(lists, relevant, 1, 0), 'candidates: 0 must'],
    ['a negative grade', () => gradedNdcg([1, -1], 2), 'relevance[1]: -1 must not be negative'],
    ['a NaN grade', () => averagePrecision([Number.NaN]), 'relevance[0]: NaN must be a finite number'],
    ['vectors of unequal length', () => cosineSimilarity([1], [1, 2]), 'b: 2 must be as long as a (1)'],
    ['a vector with NaN', () => pearsonSimilarity([1, Number.NaN], [1, 2]), 'a[1]: NaN must be a finite number'],
  ])('%s is refused by name', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})

describe('choosing', () => {
  // Two tribes of twelve, each of them buying from its own ten items in turn; the content tells the tribes apart.
  const pairs = Array.from({ length: 24 }, (_, c) =>
    Array.from({ length: 6 }, (_, i) => [`c${c}`, `${c < 12 ? 'tea' : 'mug'}${(c * 3 + i) % 10}`] as const),
  ).flat()
  const interactions = indexInteractions(
    pairs.map(([customer]) => customer),
    pairs.map(([, item]) => item),
  )

  test('of K and N tries every pair of them and takes the best mean', () => {
    const options = { by: 'customers', similarity: 'cosine', neighbours: [1, 4], tops: [1, 3], measure: 'f1' } as const
    const { best, tried } = chooseNeighbours(interactions, options)
    expect(tried.map(({ setting }) => setting)).toHaveLength(4)
    const means = tried.map(({ mean }) => mean)
    expect(tried.find(({ setting }) => setting === best)!.mean).toBe(Math.max(...means))
    for (const { mean, folds } of tried) expect(mean).toBeCloseTo((folds[0]! + folds[1]! + folds[2]!) / 3, 12)
  })

  test('of weights finds that a method which knows the tribes beats one which knows nothing', () => {
    const { best, tried } = chooseHybridWeights(interactions, {
      top: 3,
      steps: 4,
      scorers: (train) => [
        (_, scores) => void scores.fill(0),
        itemScorer(train, fitItemNeighbours(train, { similarity: 'cosine', neighbours: 5 })),
      ],
    })
    expect(tried.map(({ setting }) => setting)).toEqual([
      [1, 0],
      [0.75, 0.25],
      [0.5, 0.5],
      [0.25, 0.75],
      [0, 1],
    ])
    expect(best[1]).toBeGreaterThan(0)
  })

  test.each([
    [
      'no K',
      () => chooseNeighbours(interactions, { by: 'items', similarity: 'cosine', neighbours: [], tops: [1] }),
      'neighbours, tops: ',
    ],
    [
      'one fold',
      () => chooseNeighbours(interactions, { by: 'items', similarity: 'cosine', neighbours: [1], tops: [1], folds: 1 }),
      'folds: 1 must',
    ],
    [
      'a single method',
      () => chooseHybridWeights(interactions, { top: 1, scorers: (train) => [popularityScorer(train)] }),
      'scorers: 1 must',
    ],
    ['a remainder that never comes', () => holdOutEvery(interactions, 3, 3), 'remainder: 3 must'],
    ['every row held out', () => holdOutEvery(interactions, 1, 0), 'every: 1 must'],
    ['no interactions', () => indexInteractions([], []), 'customers: '],
    ['customers without items', () => indexInteractions(['a'], []), 'items: 0 must be as many as customers (1)'],
  ])('%s is refused by name', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })

  test('ids are numbered by code point, and a repeated pair is found', () => {
    const found = indexInteractions(['b', '\u{1F600}', 'b', '\uFF5E'], ['2', '10', '2', '00017'])
    expect(found.customerIds).toEqual(['b', '\uFF5E', '\u{1F600}'])
    expect(found.itemIds).toEqual(['00017', '10', '2'])
    expect(repeatedPair(found)).toEqual({ pair: 2, earlier: 0 })
    expect(repeatedPair(interactions)).toBeUndefined()
  })
})
