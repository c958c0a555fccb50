/** A customer's purchases as the value models see them: how many repeats, how long ago the last, how long ago the first. */

import { checkFinite, checkWhole, refuse } from '../core/check.ts'
import { exactSum } from '../core/exact-sum.ts'
import { type CustomerPurchases, purchasesByCustomer, type Transactions } from '../purchases.ts'

/** What BG/NBD knows of a customer at the end of the calibration. Times are in weeks from the first purchase. */
export interface PurchaseHistory {
  /** x: purchases after the first; 0 or a whole number. */
  readonly repeatCount: number
  /** t_x: when the last purchase was; 0 exactly where there is no repeat. */
  readonly recencyWeeks: number
  /** T: when the calibration ended; at least `recencyWeeks`. */
  readonly ageWeeks: number
}

/** A customer's history with the spend that goes with it. */
export interface CustomerHistory extends PurchaseHistory {
  readonly customerId: string
  /** The mean amount of a repeat purchase (a day's sum), null without one. */
  readonly meanSpend: number | null
}

/**
 * The histories at the end of a day, by customer id. Customers without a purchase by then have none.
 *
 * @param lastDay The last day that counts, as `dayNumber` counts them; later lines are ignored.
 * @throws RangeError if the lines are not sound; see `purchasesByCustomer`.
 */
export function purchaseHistories(transactions: Transactions, lastDay: number): CustomerHistory[] {
  checkWhole('lastDay', lastDay, Number.MIN_SAFE_INTEGER)
  return purchasesByCustomer(transactions, lastDay).map((customer) => historyOf(customer, lastDay))
}

function historyOf({ customerId, days, amounts }: CustomerPurchases, lastDay: number): CustomerHistory {
  const first = days[0] as number
  const repeatCount = days.length - 1
  const spent = exactSum(amounts.slice(1))
  return {
    customerId,
    repeatCount,
    recencyWeeks: ((days.at(-1) as number) - first) / 7,
    ageWeeks: (lastDay - first) / 7,
    meanSpend: repeatCount === 0 ? null : checkFinite(`meanSpend of ${customerId}`, spent / repeatCount),
  }
}

/** @throws RangeError if the history contradicts itself or holds a value that is not finite. */
export function checkedHistory(history: PurchaseHistory): PurchaseHistory {
  const { repeatCount, recencyWeeks, ageWeeks } = history
  checkWhole('repeatCount', repeatCount, 0)
  checkFinite('recencyWeeks', recencyWeeks)
  checkFinite('ageWeeks', ageWeeks)
  if (recencyWeeks < 0) refuse('recencyWeeks', recencyWeeks, 'must not be negative')
  if (ageWeeks < recencyWeeks) refuse('ageWeeks', ageWeeks, `must be at least recencyWeeks (${recencyWeeks})`)
  if ((repeatCount === 0) !== (recencyWeeks === 0)) {
    refuse('recencyWeeks', recencyWeeks, `must be 0 exactly where repeatCount is, which is ${repeatCount}`)
  }
  return history
}
