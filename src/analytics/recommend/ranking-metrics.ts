/** How good ranked lists are: precision, recall, F1, MAP, NDCG, hit rate and coverage at N. */

import { checkFinite, checkWhole, refuse } from '../core/check.ts'
import type { RankedLists } from './ranking.ts'
import { rowIndices, type SparsePattern } from './sparse-matrix.ts'

/** Means over the customers who have something relevant; each from 0 to 1. */
export interface RankingMetrics {
  /** How many customers were counted. */
  readonly customers: number
  /** Hits / N. */
  readonly precision: number
  /** Hits / relevant items. */
  readonly recall: number
  /** Harmonic mean of the two means above. */
  readonly f1: number
  /** Mean of (sum of the precision at each hit) / min(N, relevant items). */
  readonly map: number
  /** Binary relevance, discount 1 / log2(rank + 1), ideal of min(N, relevant items) hits. */
  readonly ndcg: number
  /** Share of the customers with a hit. */
  readonly hitRate: number
  /** Different items recommended / items that could be. */
  readonly coverage: number
}

/**
 * Judges lists by what customers took up later.
 *
 * @param relevant Customers × items; a customer's row is what was relevant. Lists of customers without any do not count.
 * @param top N: only the first N of each list count, and a shorter list is not excused.
 * @param candidates The number of items that could be recommended, for the coverage.
 * @throws RangeError if N or `candidates` is below 1, or no customer is left to count.
 */
export function rankingMetrics(
  lists: RankedLists,
  relevant: SparsePattern,
  top: number,
  candidates: number,
): RankingMetrics {
  checkWhole('top', top, 1)
  checkWhole('candidates', candidates, 1)
  const sums = { customers: 0, precision: 0, recall: 0, map: 0, ndcg: 0, hitRate: 0 }
  const recommended = new Set<number>()
  const gains = cumulativeGains(Math.min(top, relevant.columns))
  lists.customers.forEach((customer, list) => {
    const wanted = rowIndices(relevant, customer)
    if (wanted.length === 0) return
    const start = lists.starts[list] as number
    const shown = lists.items.subarray(start, Math.min(start + top, lists.starts[list + 1] as number))
    const { hits, gain, precisions } = judge(shown, new Set(wanted))
    const most = Math.min(top, wanted.length)
    sums.customers++
    sums.precision += hits / top
    sums.recall += hits / wanted.length
    sums.map += precisions / most
    sums.ndcg += gain / (gains[most] as number)
    sums.hitRate += hits > 0 ? 1 : 0
    for (const item of shown) recommended.add(item)
  })
  const { customers } = sums
  if (customers === 0) refuse('relevant', 'nothing', 'must hold an item for at least one customer with a list')
  const precision = sums.precision / customers
  const recall = sums.recall / customers
  return {
    customers,
    precision,
    recall,
    f1: precision > 0 ? (2 * precision * recall) / (precision + recall) : 0,
    map: sums.map / customers,
    ndcg: sums.ndcg / customers,
    hitRate: sums.hitRate / customers,
    coverage: recommended.size / candidates,
  }
}

/**
 * NDCG of graded relevance: Σ gain / log2(rank + 1) over the first `top`, over the same for the best order; 0 if nothing
 * is relevant.
 *
 * @param relevance In the order of the list; each finite and not negative.
 * @param gain `exponential` (the default): 2^relevance − 1. `linear`: the relevance itself.
 * @throws RangeError if a relevance breaks its rule or N is below 1.
 * @see Järvelin & Kekäläinen (2002); Burges et al. (2005) for the exponential gain.
 */
export function gradedNdcg(
  relevance: ArrayLike<number>,
  top: number,
  gain: 'exponential' | 'linear' = 'exponential',
): number {
  checkRelevance(relevance)
  checkWhole('top', top, 1)
  const gains = Float64Array.from(relevance, (grade) => (gain === 'linear' ? grade : 2 ** grade - 1))
  const ideal = discounted(gains.toSorted().reverse(), top)
  return ideal === 0 ? 0 : discounted(gains, top) / ideal
}

/**
 * The average precision of one whole list: the mean, over the relevant places, of the precision up to there; 0 if
 * nothing is relevant.
 *
 * @param relevance In the order of the list; above 0 is relevant.
 * @throws RangeError if a relevance is negative or not finite.
 */
export function averagePrecision(relevance: ArrayLike<number>): number {
  checkRelevance(relevance)
  let hits = 0
  let precisions = 0
  for (let i = 0; i < relevance.length; i++) if ((relevance[i] as number) > 0) precisions += ++hits / (i + 1)
  return hits === 0 ? 0 : precisions / hits
}

function judge(shown: Int32Array, wanted: ReadonlySet<number>): { hits: number; gain: number; precisions: number } {
  let hits = 0
  let gain = 0
  let precisions = 0
  for (let i = 0; i < shown.length; i++) {
    if (!wanted.has(shown[i] as number)) continue
    gain += 1 / Math.log2(i + 2)
    precisions += ++hits / (i + 1)
  }
  return { hits, gain, precisions }
}

/** `gains[n]`: the discounted gain of n hits at the first n ranks. */
function cumulativeGains(most: number): Float64Array {
  const gains = new Float64Array(most + 1)
  for (let n = 1; n <= most; n++) gains[n] = (gains[n - 1] as number) + 1 / Math.log2(n + 1)
  return gains
}

function discounted(gains: Float64Array, top: number): number {
  let sum = 0
  for (let i = 0; i < Math.min(top, gains.length); i++) sum += (gains[i] as number) / Math.log2(i + 2)
  return sum
}

function checkRelevance(relevance: ArrayLike<number>): void {
  for (let i = 0; i < relevance.length; i++) {
    const grade = checkFinite(`relevance[${i}]`, relevance[i] as number)
    if (grade < 0) refuse(`relevance[${i}]`, grade, 'must not be negative')
  }
}
