/** User-based collaborative filtering: "customers like you have this". */

import { type NeighbourLists, type NeighbourOptions, nearestRows } from './nearest-rows.ts'
import type { Scorer } from './ranking.ts'
import { hasEntry, type SparsePattern } from './sparse-matrix.ts'

/** How the customers who are most like this one speak for an item. */
export interface CustomerReason {
  /** How many of the nearest customers have the item. */
  readonly customers: number
  /** How many nearest customers there are, at most K. */
  readonly of: number
}

/**
 * Finds the nearest customers of every customer.
 *
 * @param interactions Customers × items.
 * @throws RangeError if an option breaks its rule.
 * @see Resnick et al. (1994), "GroupLens"; Breese, Heckerman & Kadie (1998) for cosine and 0/1 votes.
 */
export function fitCustomerNeighbours(interactions: SparsePattern, options: NeighbourOptions): NeighbourLists {
  return nearestRows(interactions, options)
}

/**
 * A scorer for the customers of a matrix: score(u, i) = Σ similarity(u, v) over those of the K nearest customers v that
 * have i, as far as the similarity is positive.
 */
export function customerScorer(interactions: SparsePattern, nearest: NeighbourLists): Scorer {
  const { starts, indices } = interactions
  return (customer, scores) => {
    scores.fill(0)
    for (let e = nearest.starts[customer] as number; e < (nearest.starts[customer + 1] as number); e++) {
      const neighbour = nearest.neighbours[e] as number
      const similarity = nearest.similarities[e] as number
      const end = starts[neighbour + 1] as number
      for (let f = starts[neighbour] as number; f < end; f++) {
        const item = indices[f] as number
        scores[item] = (scores[item] as number) + similarity
      }
    }
  }
}

/** Why the item was recommended: how many of the customers most like this one have it. */
export function explainByCustomers(
  interactions: SparsePattern,
  nearest: NeighbourLists,
  customer: number,
  item: number,
): CustomerReason {
  const alike = nearest.neighbours.subarray(nearest.starts[customer], nearest.starts[customer + 1])
  const having = alike.filter((neighbour) => hasEntry(interactions, neighbour, item))
  return { customers: having.length, of: alike.length }
}
