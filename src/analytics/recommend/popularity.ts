/** Popularity: what most customers have, over all of them or within a segment. The first answer to a new customer. */

import { checkBetween, refuse } from '../core/check.ts'
import { checkIndices } from './indices.ts'
import type { Scorer } from './ranking.ts'
import { columnSizes, type SparsePattern } from './sparse-matrix.ts'

/** How many customers have each item. */
export function itemPopularity(interactions: SparsePattern): Float64Array {
  return Float64Array.from(columnSizes(interactions))
}

/** Scores every customer's items by popularity. */
export function popularityScorer(interactions: SparsePattern): Scorer {
  const counts = itemPopularity(interactions)
  return (_customer, scores) => scores.set(counts)
}

/**
 * The share of a segment's customers who have each item, drawn towards the share among all customers: a segment of three
 * has no taste of its own yet.
 *
 * @param interactions Customers × items.
 * @param segmentOf For each customer the number of a segment from 0, or −1 for none.
 * @param segments How many segments there are.
 * @param prior How many customers of the average taste are added to every segment; 10 by default.
 * @returns `segments × items`, row-major, each from 0 to 1. An empty segment has the shares of all customers.
 * @throws RangeError if `segmentOf` does not match the customers or holds another number, or the prior is not above 0.
 */
export function segmentPopularity(
  interactions: SparsePattern,
  segmentOf: ArrayLike<number>,
  segments: number,
  prior = 10,
): Float64Array {
  const { rows, columns, starts, indices } = interactions
  if (segmentOf.length !== rows) refuse('segmentOf', segmentOf.length, `must be as many as customers (${rows})`)
  checkIndices('segmentOf', segmentOf, segments, -1)
  checkBetween('prior', prior, Number.MIN_VALUE, Number.MAX_VALUE)
  const shares = new Float64Array(segments * columns)
  const members = new Float64Array(segments)
  for (let customer = 0; customer < rows; customer++) {
    const segment = segmentOf[customer] as number
    if (segment === -1) continue
    members[segment] = (members[segment] as number) + 1
    for (let e = starts[customer] as number; e < (starts[customer + 1] as number); e++) {
      const cell = segment * columns + (indices[e] as number)
      shares[cell] = (shares[cell] as number) + 1
    }
  }
  const overall = itemPopularity(interactions).map((count) => count / rows)
  return shares.map((count, cell) => {
    const segment = Math.floor(cell / columns)
    return (count + prior * (overall[cell % columns] as number)) / ((members[segment] as number) + prior)
  })
}
