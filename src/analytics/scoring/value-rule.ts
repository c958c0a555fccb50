/** Lifetime value without a model: the customer's own revenue a month goes on, discounted. */

import type { PurchaseHistories } from '../../domain/purchase-history.ts'
import type { ValueRule } from './scoring-model.ts'

const daysPerMonth = 365.25 / 12

/** Of somebody who came yesterday nobody knows a revenue a month yet: it is spread over a quarter at least. */
const fewestMonths = 3

/** Revenue a month of every customer so far, in minor units. */
export function monthlyRevenueCents(histories: PurchaseHistories): Float64Array {
  return Float64Array.from(histories.customerIds, (_, i) => {
    const months = Math.max(fewestMonths, (histories.ageDays[i] as number) / daysPerMonth)
    return (histories.revenueCents[i] as number) / months
  })
}

/** Σ_{t=1..T} R/(1+d)^t in minor units, with R the customer's revenue a month so far. */
export function valuesByRule(
  histories: PurchaseHistories,
  { horizonMonths, discountPerMonth }: Pick<ValueRule, 'horizonMonths' | 'discountPerMonth'>,
): Float64Array {
  let annuity = 0
  for (let month = 1; month <= horizonMonths; month++) annuity += (1 + discountPerMonth) ** -month
  return monthlyRevenueCents(histories).map((cents) => cents * annuity)
}
