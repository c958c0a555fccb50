/** Rating prediction against its definition written out plainly. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fitRatingKnn, predictRatings, type RatingKnnOptions } from '../../src/analytics/recommend/rating-knn.ts'
import { sparseMatrix } from '../../src/analytics/recommend/sparse-matrix.ts'
import { runs } from '../support/property-runs.ts'

/** Rows of ratings from 1 to 5; 0 is none. */
const tables = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
  .chain(([rows, columns]) =>
    fc.array(fc.array(fc.constantFrom(0, 0, 1, 2, 3, 4, 5), { minLength: columns, maxLength: columns }), {
      minLength: rows,
      maxLength: rows,
    }),
  )
  .filter((table) => table.flat().some((rating) => rating > 0))

const settings: fc.Arbitrary<RatingKnnOptions> = fc.record({
  by: fc.constantFrom('customers', 'items'),
  similarity: fc.constantFrom('cosine', 'pearson', 'euclidean'),
  neighbours: fc.integer({ min: 1, max: 4 }),
  centred: fc.boolean(),
  range: fc.constant([1, 5] as const),
})

function matrixOf(table: number[][]): ReturnType<typeof sparseMatrix> {
  const cells = table.flatMap((row, r) => row.flatMap((rating, c) => (rating === 0 ? [] : [[r, c, rating]])))
  const part = (i: number): number[] => cells.map((cell) => cell[i]!)
  return sparseMatrix(table.length, table[0]!.length, part(0), part(1), part(2))
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)

function plainSimilarity(kind: RatingKnnOptions['similarity'], a: number[], b: number[]): number {
  const common = a.flatMap((value, i) => (value > 0 && b[i]! > 0 ? [[value, b[i]!] as const] : []))
  const n = common.length
  if (n === 0) return 0
  if (kind === 'euclidean') return 1 / (1 + Math.sqrt(sum(common.map(([x, y]) => (x - y) ** 2)) / n))
  const centre = (side: 0 | 1): number => (kind === 'pearson' ? sum(common.map((pair) => pair[side])) / n : 0)
  const [meanA, meanB] = [centre(0), centre(1)]
  const spreadA = sum(common.map(([x]) => (x - meanA) ** 2))
  const spreadB = sum(common.map(([, y]) => (y - meanB) ** 2))
  if (spreadA < 1e-12 || spreadB < 1e-12) return 0
  return sum(common.map(([x, y]) => (x - meanA) * (y - meanB))) / Math.sqrt(spreadA * spreadB)
}

function plainPrediction(table: number[][], options: RatingKnnOptions, customer: number, item: number): number {
  const rows = options.by === 'customers' ? table : table[0]!.map((_, c) => table.map((row) => row[c]!))
  const [row, column] = options.by === 'customers' ? [customer, item] : [item, customer]
  const given = table.flat().filter((rating) => rating > 0)
  const globalMean = sum(given) / given.length
  const clipped = (rating: number): number => Math.min(5, Math.max(1, rating))
  const meanOf = (values: number[]): number => {
    const own = values.filter((rating) => rating > 0)
    return own.length === 0 ? globalMean : sum(own) / own.length
  }
  if (!rows[row]!.some((rating) => rating > 0) || !rows.some((other) => other[column]! > 0)) return clipped(globalMean)
  const nearest = rows
    .map((other, index) => ({ index, other, similarity: plainSimilarity(options.similarity, rows[row]!, other) }))
    .filter(({ index, other, similarity }) => index !== row && other[column]! > 0 && similarity > 1e-12)
    .sort((a, b) => Math.round(b.similarity * 1e12) - Math.round(a.similarity * 1e12) || a.index - b.index)
    .slice(0, options.neighbours)
  const base = options.centred ? meanOf(rows[row]!) : 0
  if (nearest.length === 0) return clipped(options.centred ? base : globalMean)
  const weights = sum(nearest.map(({ similarity }) => similarity))
  const part = ({ other, similarity }: (typeof nearest)[number]): number =>
    similarity * (other[column]! - (options.centred ? meanOf(other) : 0))
  return clipped(base + sum(nearest.map(part)) / weights)
}

describe('predicted ratings', () => {
  test('are those of the definition, for every similarity, by customers and by items, centred and not', () => {
    fc.assert(
      fc.property(tables, settings, (table, options) => {
        const cells = table.flatMap((row, customer) => row.map((_, item) => [customer, item] as const))
        const ratings = predictRatings(
          fitRatingKnn(matrixOf(table), options),
          cells.map(([customer]) => customer),
          cells.map(([, item]) => item),
        )
        cells.forEach(([customer, item], i) => {
          expect(ratings[i]).toBeCloseTo(plainPrediction(table, options, customer, item), 9)
        })
      }),
      { numRuns: runs(500) },
    )
  })

  test('do not depend on the order in which they are asked for', () => {
    const model = fitRatingKnn(
      matrixOf([
        [5, 3, 0],
        [4, 0, 2],
        [1, 1, 5],
      ]),
      { by: 'customers', similarity: 'cosine', neighbours: 2 },
    )
    const forward = predictRatings(model, [0, 1, 2], [2, 1, 0])
    const backward = predictRatings(model, [2, 1, 0], [0, 1, 2])
    expect(Array.from(backward).reverse()).toEqual(Array.from(forward))
  })

  test('of an unknown customer or item are the mean of all ratings', () => {
    const model = fitRatingKnn(
      matrixOf([
        [5, 3],
        [4, 0],
      ]),
      { by: 'items', similarity: 'pearson', neighbours: 2 },
    )
    expect(Array.from(predictRatings(model, [-1, 0], [0, -1]))).toEqual([4, 4])
  })

  test('lie within the range, by default that of the ratings', () => {
    const model = fitRatingKnn(
      matrixOf([
        [5, 5, 4],
        [2, 2, 0],
        [5, 4, 5],
      ]),
      { by: 'customers', similarity: 'euclidean', neighbours: 9, centred: true },
    )
    for (const rating of predictRatings(model, [0, 1, 1, 2], [0, 1, 2, 2])) {
      expect(rating).toBeGreaterThanOrEqual(2)
      expect(rating).toBeLessThanOrEqual(5)
    }
  })

  test('with shrinkage follow the neighbour with more in common', () => {
    const table = [
      [5, 1, 4, 2, 0],
      [5, 1, 4, 2, 1],
      [0, 1, 0, 2, 5],
    ]
    const options = { by: 'customers', similarity: 'pearson', neighbours: 2 } as const
    const ask = (shrinkage: number): number => {
      return predictRatings(fitRatingKnn(matrixOf(table), { ...options, shrinkage }), [0], [4])[0]!
    }
    expect(ask(0)).toBeCloseTo(3, 12) // Both correlate at 1.
    expect(ask(4)).toBeCloseTo((1 * (4 / 8) + 5 * (2 / 6)) / (4 / 8 + 2 / 6), 12)
  })
})

describe('bad input', () => {
  const ratings = matrixOf([
    [5, 3],
    [4, 0],
  ])
  const options = { by: 'customers', similarity: 'pearson', neighbours: 1 } as const
  test.each([
    ['no ratings', () => fitRatingKnn(sparseMatrix(1, 1, [], [], []), options), 'ratings: '],
    ['K of 0', () => fitRatingKnn(ratings, { ...options, neighbours: 0 }), 'neighbours: 0 must'],
    ['a range upside down', () => fitRatingKnn(ratings, { ...options, range: [5, 1] }), 'range: '],
    ['NaN in the range', () => fitRatingKnn(ratings, { ...options, range: [Number.NaN, 1] }), 'range: '],
    ['a NaN rating', () => sparseMatrix(1, 1, [0], [0], [Number.NaN]), 'values[0]: NaN must be a finite number'],
    ['too few values', () => sparseMatrix(1, 1, [0], [0], []), 'values: 0 must be as many as rowOf (1)'],
    ['unequal lists', () => predictRatings(fitRatingKnn(ratings, options), [0, 1], [0]), 'items: 1 must be as many'],
    ['a customer outside', () => predictRatings(fitRatingKnn(ratings, options), [2], [0]), 'customers[0]: 2 must'],
    ['an item outside', () => predictRatings(fitRatingKnn(ratings, options), [0], [-2]), 'items[0]: -2 must'],
  ])('%s is refused by name', (_, act, message) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(message)
  })
})
