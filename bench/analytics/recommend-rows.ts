/** Recommenders: implicit for lists, surprise for ratings. */

import { holdOutEvery } from '../../src/analytics/recommend/hold-out.ts'
import { indexInteractions } from '../../src/analytics/recommend/interactions.ts'
import { fitItemNeighbours, itemScorer } from '../../src/analytics/recommend/item-based.ts'
import { rankForCustomers } from '../../src/analytics/recommend/ranking.ts'
import { fitRatingKnn, predictRatings } from '../../src/analytics/recommend/rating-knn.ts'
import { rowIndices, type SparsePattern, sparseMatrix } from '../../src/analytics/recommend/sparse-matrix.ts'
import { retailPurchases } from './retail.ts'
import { difference, once, type Row } from './row.ts'

const NEIGHBOURS = 50
const TOP = 10
const RATING_CUSTOMERS = 1000

/** Customers with at least 5 items, items with at least 20 customers, a fifth held out. */
const trainingMatrix = once((): SparsePattern => {
  const purchases = retailPurchases('United Kingdom')
  const pairs = [...new Map(purchases.map((line) => [`${line.customer}|${line.item}`, line])).values()]
  const popular = havingAtLeast(pairs, ({ item }) => item, 20)
  const kept = havingAtLeast(popular, ({ customer }) => customer, 5)
  const interactions = indexInteractions(
    kept.map(({ customer }) => customer),
    kept.map(({ item }) => item),
  )
  return holdOutEvery(interactions, 5, 0).train
})

/** How often (1 to 5 and more invoices) each of the first thousand customers bought an item: [customer, item, rating]. */
const ratings = once(() => {
  const invoices = new Map<string, Set<string>>()
  const customers = new Map<string, number>()
  const items = new Map<string, number>()
  for (const { customer, item, invoice } of retailPurchases('United Kingdom')) {
    if (!customers.has(customer) && customers.size === RATING_CUSTOMERS) continue
    const cell = `${numberOf(customers, customer)} ${numberOf(items, item)}`
    const seen = invoices.get(cell)
    if (seen === undefined) invoices.set(cell, new Set([invoice]))
    else seen.add(invoice)
  }
  const all = [...invoices].map(([cell, { size }]): [number, number, number] => {
    const [customer, item] = cell.split(' ').map(Number) as [number, number]
    return [customer, item, Math.min(5, size)]
  })
  return {
    customers: customers.size,
    items: items.size,
    train: all.filter((_, i) => i % 5 !== 0),
    test: all.filter((_, i) => i % 5 === 0),
  }
})

/** All rows of this part. */
export const recommendRows: readonly Row[] = [
  listRow('fit', 'K = 50 neighbours of every item'),
  listRow('recommend', 'ten items to every customer'),
  { ...listRow('both', 'neighbours and recommending to all'), target: 1.5 },
  {
    name: 'user-kNN Pearson, K = 40, ratings of Online Retail: fit and predict a fifth',
    tool: 'scikit-surprise KNNBasic',
    target: 0.5,
    home: 'science',
    task: 'rating_knn',
    data: ['online_retail.csv.gz'],
    prepare(inputs) {
      const { customers, items, train, test } = ratings()
      const part = (cells: readonly number[][], i: number): number[] => cells.map((cell) => cell[i] as number)
      const seen = { customers: new Set(part(train, 0)), items: new Set(part(train, 1)) }
      const asked = {
        customers: part(test, 0).map((customer) => (seen.customers.has(customer) ? customer : -1)),
        items: part(test, 1).map((item) => (seen.items.has(item) ? item : -1)),
      }
      return {
        input: { file: inputs.write('ratings', () => ({ train, test })), neighbours: 40, similarity: 'pearson' },
        ours: () => {
          const matrix = sparseMatrix(customers, items, part(train, 0), part(train, 1), part(train, 2))
          const model = fitRatingKnn(matrix, { by: 'customers', similarity: 'pearson', neighbours: 40, range: [1, 5] })
          return predictRatings(model, asked.customers, asked.items)
        },
        agreement: (predicted: Float64Array, theirs: { rmse: number }) => {
          const squares = predicted.reduce((sum, rating, i) => sum + (rating - (test[i] as number[])[2]!) ** 2, 0)
          return difference('RMSE', Math.sqrt(squares / predicted.length), theirs.rmse)
        },
      }
    },
  },
]

function listRow(part: 'fit' | 'recommend' | 'both', what: string): Row {
  return {
    name: `item cosine on Online Retail: ${what}`,
    tool: 'implicit CosineRecommender',
    home: 'science',
    task: 'item_cosine',
    data: ['online_retail.csv.gz'],
    prepare(inputs) {
      const train = trainingMatrix()
      const fit = (): ReturnType<typeof fitItemNeighbours> =>
        fitItemNeighbours(train, { similarity: 'cosine', neighbours: NEIGHBOURS })
      const fitted = fit()
      const recommend = (model: typeof fitted): object => rankForCustomers(train, itemScorer(train, model), TOP)
      const work = { fit, recommend: () => recommend(fitted), both: () => recommend(fit()) }
      const file = inputs.write('interactions', () => ({
        customers: Array.from({ length: train.rows }, (_, row) => Array.from(rowIndices(train, row), () => row)).flat(),
        items: Array.from(train.indices),
        shape: [train.rows, train.columns],
      }))
      return {
        input: { file, part, neighbours: NEIGHBOURS, top: TOP },
        ours: work[part],
        // Implicit takes the K nearest of the owned item, not of the candidate: its lists differ (and rank worse).
        agreement: () => `${train.rows} × ${train.columns}, ${train.indices.length} entries`,
      }
    },
  }
}

function havingAtLeast<T>(lines: readonly T[], keyOf: (line: T) => string, least: number): T[] {
  const counts = new Map<string, number>()
  for (const line of lines) counts.set(keyOf(line), (counts.get(keyOf(line)) ?? 0) + 1)
  return lines.filter((line) => (counts.get(keyOf(line)) as number) >= least)
}

function numberOf(numbers: Map<string, number>, text: string): number {
  const known = numbers.get(text)
  if (known !== undefined) return known
  numbers.set(text, numbers.size)
  return numbers.size - 1
}
