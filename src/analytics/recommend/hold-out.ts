/** Judging a scorer on held-out interactions: what it was not shown, it should have recommended. */

import { checkWhole } from '../core/check.ts'
import { type Interactions, interactionMatrix, selectInteractions } from './interactions.ts'
import { itemsWithInteractions, rankForCustomers, type Scorer } from './ranking.ts'
import { type RankingMetrics, rankingMetrics } from './ranking-metrics.ts'
import { rowSize, type SparsePattern } from './sparse-matrix.ts'

/** Interactions to learn from, and what a recommender that learnt from them could get right. */
export interface HoldOut {
  /** Customers × items. */
  readonly train: SparsePattern
  /** Held-out interactions of customers and items that both occur in `train`; the others nobody could recommend. */
  readonly relevant: SparsePattern
}

/**
 * Splits interactions in two. Ids keep their index, so a customer or an item may be left without an interaction.
 *
 * @param isHeldOut Whether the pair at this place is held out.
 * @throws RangeError if a pair is there twice within a part.
 */
export function holdOut(interactions: Interactions, isHeldOut: (pair: number) => boolean): HoldOut {
  const train = interactionMatrix(selectInteractions(interactions, (pair) => !isHeldOut(pair)))
  const available = itemsWithInteractions(train)
  const relevant = selectInteractions(interactions, (pair) => {
    const known = available[interactions.itemOf[pair] as number] === 1
    return known && rowSize(train, interactions.customerOf[pair] as number) > 0 && isHeldOut(pair)
  })
  return { train, relevant: interactionMatrix(relevant) }
}

/**
 * Splits every k-th interaction off.
 *
 * @param every k, at least 2. @param remainder The pairs whose place leaves this remainder are held out.
 * @throws RangeError if k or the remainder breaks its rule, or a pair is there twice within a part.
 */
export function holdOutEvery(interactions: Interactions, every: number, remainder: number): HoldOut {
  checkWhole('every', every, 2)
  checkWhole('remainder', remainder, 0, every - 1)
  return holdOut(interactions, (pair) => pair % every === remainder)
}

/**
 * Ranks for the customers who have something relevant, and judges the lists.
 *
 * @param scorer Has learnt from `train` only.
 * @throws RangeError if N is below 1, or no customer has anything relevant.
 */
export function evaluateScorer({ train, relevant }: HoldOut, scorer: Scorer, top: number): RankingMetrics {
  const lists = rankForCustomers(train, scorer, top, countedCustomers(relevant))
  return rankingMetrics(lists, relevant, top, candidateCount(train))
}

/** The customers who have something relevant. */
export function countedCustomers(relevant: SparsePattern): Int32Array {
  const all = Int32Array.from({ length: relevant.rows }, (_, customer) => customer)
  return all.filter((customer) => rowSize(relevant, customer) > 0)
}

/** The number of items that could be recommended. */
export function candidateCount(train: SparsePattern): number {
  return itemsWithInteractions(train).reduce((sum, one) => sum + one, 0)
}
