/** RFM: how recently, how often and for how much customers buy. */

import { checkBetween, checkFinite, checkWhole, refuse } from './core/check.ts'
import { quantile, sortedNumbers } from './core/quantile.ts'
import { purchasesByCustomer, type Transactions } from './purchases.ts'

/** One number for each of recency, frequency and monetary value. */
export interface RfmTriple {
  readonly recency: number
  readonly frequency: number
  readonly monetary: number
}

/** Recency in days since the last purchase, frequency in different purchase days, monetary value as the sum spent. */
export interface RfmCustomer extends RfmTriple {
  readonly customerId: string
  /** From 1 (worst) to 5 (best). */
  readonly scores: RfmTriple
  /** The weighted sum of the scores, from 1 to 5. */
  readonly value: number
}

export interface RfmOptions {
  /** Only days before this one count; recency is counted to it. A day as `dayNumber` counts them. */
  readonly asOfDay: number
  /** Not negative, together 1; a third each unless given. */
  readonly weights?: RfmTriple
}

export interface Rfm {
  /** By customer id. */
  readonly customers: readonly RfmCustomer[]
  /** The 20, 40, 60 and 80 % quantiles that part the scores. */
  readonly thresholds: { readonly [measure in keyof RfmTriple]: readonly number[] }
}

const shares = [0.2, 0.4, 0.6, 0.8]
const measures = ['recency', 'frequency', 'monetary'] as const

/**
 * Scores customers by quintiles: frequency and monetary value score 1 and one more for each threshold that lies below,
 * recency 5 and one less for each, as few days are good.
 *
 * @throws RangeError if no line lies before the day, the weights do not add up to 1, or the lines are not sound.
 */
export function rfm(transactions: Transactions, { asOfDay, weights = thirds }: RfmOptions): Rfm {
  checkWhole('asOfDay', asOfDay, Number.MIN_SAFE_INTEGER + 1)
  checkWeights(weights)
  const customers = purchasesByCustomer(transactions, asOfDay - 1)
  if (customers.length === 0) refuse('transactions', 'no line', 'lies before asOfDay: at least one must')
  const measured = customers.map(({ customerId, days, total }) => ({
    customerId,
    recency: asOfDay - (days.at(-1) as number),
    frequency: days.length,
    monetary: checkFinite(`monetary of ${customerId}`, total),
  }))
  const [recency, frequency, monetary] = measures.map((measure) => {
    const sorted = sortedNumbers(
      measure,
      measured.map((customer) => customer[measure]),
    )
    return shares.map((share) => quantile(sorted, share))
  }) as [number[], number[], number[]]
  const scored = measured.map((customer) => {
    const scores = {
      recency: 5 - countBelow(recency, customer.recency),
      frequency: 1 + countBelow(frequency, customer.frequency),
      monetary: 1 + countBelow(monetary, customer.monetary),
    }
    return { ...customer, scores, value: weightedSum(scores, weights) }
  })
  return { customers: scored, thresholds: { recency, frequency, monetary } }
}

const thirds: RfmTriple = { recency: 1 / 3, frequency: 1 / 3, monetary: 1 / 3 }

function weightedSum(scores: RfmTriple, weights: RfmTriple): number {
  return measures.reduce((sum, measure) => sum + weights[measure] * scores[measure], 0)
}

function countBelow(thresholds: readonly number[], value: number): number {
  return thresholds.reduce((count, threshold) => (threshold < value ? count + 1 : count), 0)
}

function checkWeights(weights: RfmTriple): void {
  for (const measure of measures) checkBetween(`weights.${measure}`, weights[measure], 0, 1)
  const sum = weightedSum({ recency: 1, frequency: 1, monetary: 1 }, weights)
  if (Math.abs(sum - 1) > 1e-9) refuse('weights', sum, 'must add up to 1')
}
