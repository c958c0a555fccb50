/** When is a quiet customer gone? The horizon of the churn label, chosen by the shop's own rhythm. */

import { checkBetween, checkFinite, refuse } from '../core/check.ts'

export interface ChurnWindow {
  /** A customer who does not buy within so many days has churned. */
  readonly horizonDays: number
  /** Days before the end of the data at which the training snapshot is taken: twice the horizon. */
  readonly trainAgoDays: number
  /** Days before the end of the data at which the evaluation snapshot is taken: the horizon. */
  readonly evaluateAgoDays: number
}

export const shortestHorizonDays = 14
export const longestHorizonDays = 180

/** Fewer customers than this at the training snapshot, or fewer than `fewestOfAClass` of either kind, teach nothing. */
export const fewestCustomers = 200
export const fewestOfAClass = 20

/**
 * The horizon is the time within which most returning customers have returned (`usualReturnDays`: the 90 % quantile of
 * the days between two purchases), in whole weeks. The data must hold a past to learn from, a horizon to label it and
 * a later one to judge by, so it takes at most a third of the span.
 *
 * @returns null if the data spans too little time for even the shortest horizon.
 * @throws RangeError if an argument is negative or not finite.
 */
export function churnWindow(spanDays: number, usualReturnDays: number): ChurnWindow | null {
  checkFinite('spanDays', spanDays)
  checkBetween('usualReturnDays', checkFinite('usualReturnDays', usualReturnDays), 0, Number.MAX_VALUE)
  if (spanDays < 0) refuse('spanDays', spanDays, 'must not be negative')
  const most = Math.min(longestHorizonDays, Math.floor(spanDays / 3))
  if (most < shortestHorizonDays) return null
  const wanted = Math.ceil(usualReturnDays / 7) * 7
  const horizonDays = Math.max(shortestHorizonDays, Math.min(most, wanted))
  return { horizonDays, trainAgoDays: 2 * horizonDays, evaluateAgoDays: horizonDays }
}
