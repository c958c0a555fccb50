/** Content, popularity, hybrid and the default recommender. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  contentModel,
  contentProfile,
  contentScorer,
  explainByContent,
  scoreByContent,
} from '../../src/analytics/recommend/content-based.ts'
import { hybridScorer } from '../../src/analytics/recommend/hybrid.ts'
import { fitItemNeighbours, itemScorer } from '../../src/analytics/recommend/item-based.ts'
import { itemPopularity, popularityScorer, segmentPopularity } from '../../src/analytics/recommend/popularity.ts'
import { fitRecommender, recommendItems } from '../../src/analytics/recommend/recommender.ts'
import { cosineSimilarity } from '../../src/analytics/recommend/similarity.ts'
import { sparseFromDense } from '../../src/analytics/recommend/sparse-matrix.ts'
import { matrices, patternOf } from './support/small-matrices.ts'

/** Teas (0–2) and mugs (3–5): customers of the one kind, customers of the other, and one who has both. */
const shop = [
  [1, 1, 0, 0, 0, 0],
  [1, 1, 1, 0, 0, 0],
  [0, 1, 1, 0, 0, 0],
  [0, 0, 0, 1, 1, 0],
  [0, 0, 0, 1, 1, 0],
  [1, 0, 0, 1, 0, 0],
]
/** Is it tea, is it a mug, is it blue. Item 5 is a blue mug that nobody has yet. */
const attributes = sparseFromDense(6, 3, [1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1])

describe('content', () => {
  test('scores are the cosine of the item with the mean of what the customer has', () => {
    const numbers = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(numbers, fc.uniqueArray(fc.integer({ min: 0, max: 3 })), (cells, owned) => {
        const rounded = cells.map((cell) => Math.round(cell * 8) / 8)
        const model = contentModel(sparseFromDense(4, 3, rounded))
        const vector = (item: number): number[] => rounded.slice(3 * item, 3 * item + 3)
        const mean = [0, 1, 2].map((a) => owned.reduce((sum, item) => sum + vector(item)[a]!, 0) / (owned.length || 1))
        const scores = new Float64Array(4)
        scoreByContent(model, contentProfile(model, owned), scores)
        scores.forEach((score, item) => expect(score).toBeCloseTo(cosineSimilarity(mean, vector(item)), 9))
      }),
    )
  })

  test('scores do not change with the unit of the attributes, however large', () => {
    const cells = [1, 2, 3, 0, 4, 1]
    const scoresOf = (unit: number): number[] => {
      const model = contentModel(
        sparseFromDense(
          3,
          2,
          cells.map((cell) => cell * unit),
        ),
      )
      const scores = new Float64Array(3)
      scoreByContent(model, contentProfile(model, [0]), scores)
      return Array.from(scores)
    }
    scoresOf(1e300).forEach((score, item) => expect(score).toBeCloseTo(scoresOf(1)[item]!, 12))
  })

  test('a view may count less than a purchase', () => {
    const model = contentModel(attributes)
    expect(Array.from(contentProfile(model, [0, 4], [3, 1]))).toEqual([0.75, 0.25, 0])
    expect(() => contentProfile(model, [0], [1, 2])).toThrow('weights: 2 must be as many as the items (1)')
    expect(() => contentProfile(model, [0], [-1])).toThrow('weights[0]: -1 must be finite and not negative')
  })

  test('reasons are the attributes in common, by their share', () => {
    const model = contentModel(attributes)
    expect(explainByContent(model, contentProfile(model, [3, 4]), 5, 9)).toEqual([
      { attribute: 1, share: expect.closeTo(2 / 3, 12) },
      { attribute: 2, share: expect.closeTo(1 / 3, 12) },
    ])
  })

  test('attributes for another number of items are refused', () => {
    expect(() => contentScorer(patternOf(shop), contentModel(sparseFromDense(2, 1, [1, 1])))).toThrow(
      'attributes: 2 must',
    )
    expect(() => sparseFromDense(1, 2, [1, Number.NaN])).toThrow('cells[1]: NaN must be a finite number')
    expect(() => sparseFromDense(1, 2, [1])).toThrow('cells: 1 must be 1 × 2 numbers')
  })
})

describe('popularity', () => {
  test('counts the customers who have an item', () => {
    expect(Array.from(itemPopularity(patternOf(shop)))).toEqual([3, 3, 2, 3, 2, 0])
  })

  test('within a segment is drawn towards everyone’s by the prior', () => {
    const shares = segmentPopularity(patternOf(shop), [0, 0, 0, 1, 1, -1], 3, 6)
    expect(shares[0]).toBeCloseTo((2 + 6 * (3 / 6)) / (3 + 6), 12) // Two of three in segment 0 have item 0.
    expect(shares[6 + 3]).toBeCloseTo((2 + 6 * (3 / 6)) / (2 + 6), 12)
    expect(shares[12 + 3]).toBeCloseTo(3 / 6, 12) // Nobody is in segment 2: everyone's taste.
  })

  test.each([
    ['too few segments', () => segmentPopularity(patternOf(shop), [0], 1), 'segmentOf: 1 must be as many'],
    [
      'a segment that is not there',
      () => segmentPopularity(patternOf(shop), [0, 0, 0, 0, 0, 2], 2),
      'segmentOf[5]: 2 must',
    ],
    ['no prior', () => segmentPopularity(patternOf(shop), [0, 0, 0, 0, 0, 0], 1, 0), 'prior: 0 must'],
  ])('%s is refused by name', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})

describe('hybrid', () => {
  test('with all the weight on one method ranks as that method', () => {
    fc.assert(
      fc.property(matrices(), (cells) => {
        const pattern = patternOf(cells)
        const items = itemScorer(pattern, fitItemNeighbours(pattern, { similarity: 'cosine', neighbours: 3 }))
        const popular = popularityScorer(pattern)
        const hybrid = hybridScorer(pattern, [
          { scorer: items, weight: 2 },
          { scorer: popular, weight: 0 },
        ])
        const [own, mixed] = [new Float64Array(pattern.columns), new Float64Array(pattern.columns)]
        cells.forEach((row, customer) => {
          items(customer, own)
          hybrid(customer, mixed)
          const candidates = row.flatMap((value, i) =>
            value === 0 && cells.some((other) => other[i] === 1) ? [i] : [],
          )
          for (const a of candidates) {
            for (const b of candidates) {
              const order = (scores: Float64Array): boolean[] => {
                const rise = Math.round((scores[a]! - scores[b]!) * 1e9)
                return [rise < 0, rise > 0] // No sign: a zero has two.
              }
              expect(order(mixed)).toEqual(order(own))
            }
          }
        })
      }),
    )
  })

  test.each([
    ['no method', [], 'parts: '],
    ['a negative weight', [{ scorer: () => {}, weight: -1 }], 'parts[0].weight: -1 must be finite, not negative'],
    ['a NaN weight', [{ scorer: () => {}, weight: Number.NaN }], 'parts[0].weight: NaN must'],
    ['only zero weights', [{ scorer: () => {}, weight: 0 }], 'must have a weight above 0'],
  ])('%s is refused', (_, parts, message) => {
    expect(() => hybridScorer(patternOf(shop), parts)).toThrow(RangeError)
    expect(() => hybridScorer(patternOf(shop), parts)).toThrow(message)
  })
})

describe('the default recommender', () => {
  const model = fitRecommender(patternOf(shop), {
    neighbours: 3,
    attributes,
    segmentOf: [0, 0, 0, 1, 1, 1],
    segments: 2,
  })

  test('finds what like customers have, and says because of which item', () => {
    const [first] = recommendItems(model, { owned: [0, 1] }, 1)
    expect(first).toMatchObject({ item: 2, basis: 'history' })
    expect(first!.becauseOfItems[0]!.item).toBe(1)
    expect(first!.becauseOfAttributes[0]!.attribute).toBe(0)
  })

  test('finds a new item by its attributes', () => {
    const items = recommendItems(model, { owned: [3, 4] }, 2).map(({ item, basis }) => [item, basis])
    expect(items).toContainEqual([5, 'history'])
  })

  test('never finds a new item without attributes', () => {
    const plain = fitRecommender(patternOf(shop), { neighbours: 3 })
    expect(recommendItems(plain, { owned: [3, 4] }, 6).map(({ item }) => item)).not.toContain(5)
  })

  test('gives a new customer what is popular in their segment, or with everyone without one', () => {
    expect(recommendItems(model, { owned: [], segment: 0 }, 1)).toMatchObject([{ item: 1, basis: 'segment' }])
    expect(recommendItems(model, { owned: [], segment: 1 }, 1)).toMatchObject([{ item: 3, basis: 'segment' }])
    expect(recommendItems(model, { owned: [] }, 3)).toMatchObject([
      { item: 0, basis: 'everyone', becauseOfItems: [] },
      { item: 1, basis: 'everyone' },
      { item: 3, basis: 'everyone' },
    ])
  })

  test('never recommends what the customer has or what is excluded, and no item twice', () => {
    const item = fc.integer({ min: 0, max: 5 })
    const some = fc.uniqueArray(item, { maxLength: 4 })
    fc.assert(
      fc.property(some, some, fc.integer({ min: 1, max: 8 }), (owned, exclude, top) => {
        const items = recommendItems(model, { owned, exclude, segment: 0 }, top).map((one) => one.item)
        expect(new Set([...items, ...owned, ...exclude]).size).toBe(items.length + new Set([...owned, ...exclude]).size)
        expect(items).toHaveLength(Math.min(top, 6 - new Set([...owned, ...exclude]).size))
      }),
    )
  })

  test.each([
    ['an item that is not there', () => recommendItems(model, { owned: [6] }, 1), 'owned[0]: 6 must'],
    [
      'an exclusion that is not there',
      () => recommendItems(model, { owned: [], exclude: [-1] }, 1),
      'exclude[0]: -1 must',
    ],
    ['a segment that is not there', () => recommendItems(model, { owned: [], segment: 2 }, 1), 'segment: 2 must'],
    ['an empty list', () => recommendItems(model, { owned: [] }, 0), 'top: 0 must'],
    [
      'a weight above 1',
      () => fitRecommender(patternOf(shop), { neighbours: 1, contentWeight: 2 }),
      'contentWeight: 2 must',
    ],
    [
      'attributes of other items',
      () => fitRecommender(patternOf(shop), { neighbours: 1, attributes: sparseFromDense(1, 1, [1]) }),
      'attributes: 1 must',
    ],
  ])('%s is refused by name', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})
