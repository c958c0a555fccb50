/** Churn risk without a model: the stated rule for shops with too little data to learn from. */

import type { PurchaseHistories } from '../../domain/purchase-history.ts'
import { silenceRatio } from './churn-features.ts'

/** The rule in a sentence, shown wherever its scores are. */
export const ruleOfThumb =
  'Risk is 0.5 after a silence of twice the usual interval between purchases (the shop’s usual one for a single purchase), and rises by a logistic curve with the silence.'

const halfwayRatio = 2
const steepness = 1.5

/**
 * The risk of every customer, from 0 to 1: 1 / (1 + exp(−1.5·(ratio − 2))), with the ratio of the present silence to
 * the usual interval: the customer's own, or `shopIntervalDays` for somebody who bought once.
 */
export function riskByRule(histories: PurchaseHistories, shopIntervalDays: number): Float64Array {
  return Float64Array.from(histories.customerIds, (_, i) => {
    const silence = histories.silenceDays[i] as number
    const own = silenceRatio(histories.purchases[i] as number, silence, histories.ageDays[i] as number)
    const ratio = own ?? silence / Math.max(1, shopIntervalDays)
    return 1 / (1 + Math.exp(-steepness * (ratio - halfwayRatio)))
  })
}
