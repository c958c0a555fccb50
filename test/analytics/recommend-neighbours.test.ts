/** Neighbours, scores and lists on small matrices, against definitions written out plainly. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BestList } from '../../src/analytics/recommend/best-list.ts'
import { customerScorer, explainByCustomers } from '../../src/analytics/recommend/customer-based.ts'
import { explainByItems, fitItemNeighbours, itemScorer } from '../../src/analytics/recommend/item-based.ts'
import { nearestOf, nearestRows, neighbourOf } from '../../src/analytics/recommend/nearest-rows.ts'
import { minMaxScale, rankForCustomers, topItems, WITHHELD } from '../../src/analytics/recommend/ranking.ts'
import { pearsonSimilarity } from '../../src/analytics/recommend/similarity.ts'
import { sparsePattern, transposedPattern } from '../../src/analytics/recommend/sparse-matrix.ts'
import { denseOf, matrices, patternOf } from './support/small-matrices.ts'

const kinds = ['cosine', 'pearson', 'euclidean'] as const

/** The similarity of two 0/1 rows, from the rows themselves. */
function plainSimilarity(kind: (typeof kinds)[number], a: readonly number[], b: readonly number[]): number {
  const shared = a.filter((value, i) => value === 1 && b[i] === 1).length
  const different = a.filter((value, i) => value !== b[i]).length
  const size = (row: readonly number[]): number => row.reduce((sum, value) => sum + value, 0)
  if (kind === 'pearson') return pearsonSimilarity(a, b)
  if (shared === 0) return 0
  return kind === 'cosine' ? shared / Math.sqrt(size(a) * size(b)) : 1 / (1 + Math.sqrt(different))
}

/** For each row the K nearest others: [row, similarity], nearest first, ties by index, only positive similarities. */
function plainNeighbours(cells: number[][], kind: (typeof kinds)[number], k: number): [number, number][][] {
  const used = cells[0]!.map((_, column) => cells.some((row) => row[column] === 1))
  const rows = cells.map((row) => row.filter((_, column) => used[column]))
  return rows.map((row, i) =>
    rows
      .map((other, j): [number, number] => [j, row.length === 0 ? 0 : plainSimilarity(kind, row, other)])
      .filter(([j]) => j !== i)
      .sort(([j, a], [l, b]) => Math.round(b * 1e12) - Math.round(a * 1e12) || j - l)
      .slice(0, k)
      .filter(([, similarity]) => similarity > 1e-12),
  )
}

describe('neighbours', () => {
  test('are those of a search through all rows, for every similarity and K', () => {
    fc.assert(
      fc.property(matrices(), fc.constantFrom(...kinds), fc.integer({ min: 1, max: 9 }), (cells, kind, k) => {
        const lists = nearestRows(patternOf(cells), { similarity: kind, neighbours: k })
        plainNeighbours(cells, kind, k).forEach((expected, row) => {
          const found = lists.neighbours.slice(lists.starts[row], lists.starts[row + 1])
          const similarities = lists.similarities.slice(lists.starts[row], lists.starts[row + 1])
          expect(Array.from(found)).toEqual(expected.map(([other]) => other))
          expected.forEach(([, similarity], i) => expect(similarities[i]).toBeCloseTo(similarity, 12))
        })
      }),
    )
  })

  test('are the same whether K is asked for at once or cut afterwards', () => {
    fc.assert(
      fc.property(matrices(), fc.integer({ min: 1, max: 5 }), (cells, k) => {
        const pattern = patternOf(cells)
        const all = nearestRows(pattern, { similarity: 'cosine', neighbours: 100 })
        expect(nearestOf(all, k)).toEqual(nearestRows(pattern, { similarity: 'cosine', neighbours: k }))
      }),
    )
  })

  test('turned round twice are the same pairs', () => {
    fc.assert(
      fc.property(matrices(), (cells) => {
        const lists = nearestRows(patternOf(cells), { similarity: 'cosine', neighbours: 3 })
        const pairs = ({ rows, starts, neighbours, similarities }: typeof lists, turned: boolean): string[] => {
          const texts: string[] = []
          for (let row = 0; row < rows; row++) {
            for (let e = starts[row]!; e < starts[row + 1]!; e++) {
              const [from, to] = turned ? [neighbours[e]!, row] : [row, neighbours[e]!]
              texts.push(`${from} ${to} ${similarities[e]}`)
            }
          }
          return texts.sort()
        }
        expect(pairs(neighbourOf(lists), true)).toEqual(pairs(lists, false))
      }),
    )
  })

  test('with shrinkage rest on co-ratings: many beat few', () => {
    // Rows 0 and 1 share all of their one column, rows 0 and 2 three of four.
    const cells = [
      [1, 1, 1, 1],
      [1, 0, 0, 0],
      [0, 1, 1, 1],
    ]
    const plain = nearestRows(patternOf(cells), { similarity: 'cosine', neighbours: 2 })
    const shrunk = nearestRows(patternOf(cells), { similarity: 'cosine', neighbours: 2, shrinkage: 5 })
    expect(Array.from(plain.similarities.slice(0, 2))).toEqual([expect.closeTo(Math.sqrt(3) / 2, 12), 0.5])
    expect(Array.from(shrunk.similarities.slice(0, 2))).toEqual([
      expect.closeTo(((Math.sqrt(3) / 2) * 3) / 8, 12),
      expect.closeTo(0.5 / 6, 12),
    ])
  })
})

describe('scores', () => {
  test('of items add up the similarities of the candidate’s nearest items that the customer has', () => {
    fc.assert(
      fc.property(matrices(), fc.integer({ min: 1, max: 4 }), (cells, k) => {
        const pattern = patternOf(cells)
        const nearest = plainNeighbours(denseOf(transposedPattern(pattern)), 'cosine', k)
        const scorer = itemScorer(pattern, fitItemNeighbours(pattern, { similarity: 'cosine', neighbours: k }))
        const scores = new Float64Array(pattern.columns)
        cells.forEach((row, customer) => {
          scorer(customer, scores)
          scores.forEach((score, item) => {
            const expected = nearest[item]!.reduce((sum, [other, value]) => sum + (row[other] === 1 ? value : 0), 0)
            expect(score).toBeCloseTo(expected, 12)
          })
        })
      }),
    )
  })

  test('of customers add up the similarities of the nearest customers who have the item', () => {
    fc.assert(
      fc.property(matrices(), fc.constantFrom(...kinds), fc.integer({ min: 1, max: 4 }), (cells, kind, k) => {
        const pattern = patternOf(cells)
        const nearest = plainNeighbours(cells, kind, k)
        const lists = nearestRows(pattern, { similarity: kind, neighbours: k })
        const scores = new Float64Array(pattern.columns)
        cells.forEach((_, customer) => {
          customerScorer(pattern, lists)(customer, scores)
          scores.forEach((score, item) => {
            const having = nearest[customer]!.filter(([other]) => cells[other]![item] === 1)
            expect(score).toBeCloseTo(
              having.reduce((sum, [, value]) => sum + value, 0),
              12,
            )
            expect(explainByCustomers(pattern, lists, customer, item).customers).toBe(having.length)
          })
        })
      }),
    )
  })

  test('are explained by owned items whose shares add up to 1, largest first', () => {
    fc.assert(
      fc.property(matrices(), (cells) => {
        const pattern = patternOf(cells)
        const model = fitItemNeighbours(pattern, { similarity: 'cosine', neighbours: 4 })
        cells.forEach((row) => {
          const owned = row.flatMap((value, item) => (value === 1 ? [item] : []))
          for (let item = 0; item < pattern.columns; item++) {
            const reasons = explainByItems(model, owned, item, 100)
            const shares = reasons.map(({ share }) => share)
            expect(owned).toEqual(expect.arrayContaining(reasons.map((reason) => reason.item)))
            expect(shares).toEqual(shares.toSorted((a, b) => b - a))
            expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(shares.length === 0 ? 0 : 1, 12)
          }
        })
      }),
    )
  })
})

describe('lists', () => {
  test('hold no item that the customer has or nobody has, each item once, best first', () => {
    fc.assert(
      fc.property(matrices(), fc.integer({ min: 1, max: 9 }), (cells, top) => {
        const pattern = patternOf(cells)
        const scorer = itemScorer(pattern, fitItemNeighbours(pattern, { similarity: 'cosine', neighbours: 3 }))
        const lists = rankForCustomers(pattern, scorer, top)
        lists.customers.forEach((customer, list) => {
          const items = Array.from(lists.items.slice(lists.starts[list], lists.starts[list + 1]))
          const candidates = cells[customer]!.flatMap((value, item) =>
            value === 0 && cells.some((row) => row[item] === 1) ? [item] : [],
          )
          expect(items).toHaveLength(Math.min(top, candidates.length))
          expect(new Set(items).size).toBe(items.length)
          expect(candidates).toEqual(expect.arrayContaining(items))
        })
      }),
    )
  })

  test('are the head of a sort by score and, within ten decimals, by index', () => {
    const scores = fc.array(
      fc.oneof(fc.constantFrom(0, 0.1, 0.3, 0.1 + 1e-12, WITHHELD), fc.double({ min: -5, max: 5, noNaN: true })),
      { minLength: 1, maxLength: 40 },
    )
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 12 }), (values, top) => {
        const key = (item: number): number => Math.round(values[item]! * 1e10)
        const expected = values
          .map((_, item) => item)
          .filter((item) => values[item] !== WITHHELD)
          .sort((a, b) => key(b) - key(a) || a - b)
        expect(Array.from(topItems(Float64Array.from(values), top).items)).toEqual(expected.slice(0, top))
      }),
    )
  })

  test('a list that was drained is empty again', () => {
    const best = new BestList(2, 10)
    for (const [index, score] of [3, 1, 2].entries()) best.offer(score, index)
    const indices = new Int32Array(2)
    expect(best.drainInto(indices, new Float64Array(2))).toBe(2)
    expect(Array.from(indices)).toEqual([0, 2])
    expect(best.size).toBe(0)
    expect(best.floor).toBe(Number.NEGATIVE_INFINITY)
  })

  test('scaling leaves withheld items withheld and makes constant scores 0, rounding noise included', () => {
    const scores = Float64Array.of(2, WITHHELD, 4, 3)
    minMaxScale(scores)
    expect(Array.from(scores)).toEqual([0, WITHHELD, 1, 0.5])
    const constant = Float64Array.of(0.3, 0.1 + 0.2, WITHHELD)
    minMaxScale(constant)
    expect(Array.from(constant)).toEqual([0, 0, WITHHELD])
  })
})

describe('bad input', () => {
  const pattern = patternOf([
    [1, 0],
    [1, 1],
  ])
  test.each([
    ['K of 0', () => nearestRows(pattern, { similarity: 'cosine', neighbours: 0 }), 'neighbours: 0 must be'],
    ['a broken K', () => nearestRows(pattern, { similarity: 'cosine', neighbours: 1.5 }), 'neighbours: 1.5 must be'],
    [
      'shrinkage below 0',
      () => nearestRows(pattern, { similarity: 'cosine', neighbours: 1, shrinkage: -1 }),
      'shrinkage: -1 must',
    ],
    ['N of 0', () => topItems(Float64Array.of(1), 0), 'top: 0 must be'],
    [
      'a repeated cell',
      () => sparsePattern(2, 2, [0, 0], [1, 1]),
      'rowOf[1], columnOf[1]: "row 0, column 1" must not repeat entry 0',
    ],
    ['a row outside', () => sparsePattern(2, 2, [2], [1]), 'rowOf[0]: 2 must be a whole number from 0 to 1'],
    ['a NaN index', () => sparsePattern(2, 2, [0], [Number.NaN]), 'columnOf[0]: NaN must be'],
    ['unequal lists', () => sparsePattern(2, 2, [0, 1], [1]), 'columnOf: 1 must be as many'],
    ['no rows', () => sparsePattern(0, 2, [], []), 'rows: 0 must be'],
    [
      'no such item',
      () => explainByItems(fitItemNeighbours(pattern, { similarity: 'cosine', neighbours: 1 }), [0], 2, 1),
      'item: 2 must be',
    ],
  ])('%s is refused by name', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})
