/** What customers are worth: from what they paid and cost, and from what the models expect of them. */

import { checkAllFinite, checkFinite, checkWhole, refuse } from '../core/check.ts'
import { type BgNbdParameters, expectedWhileAlive, probabilityAlive } from './bg-nbd.ts'
import { expectedSpend, type GammaGammaParameters } from './gamma-gamma.ts'
import type { CustomerHistory } from './purchase-history.ts'

/**
 * Plain CLV: the mean margin of a period, Σ (Pₜ − Cₜ)/T.
 *
 * @param revenues P, one amount a period, in any one unit of money.
 * @param costs C, of the same periods.
 * @throws RangeError if there is no period, the lengths differ, or a value is not finite.
 */
export function plainLifetimeValue(revenues: ArrayLike<number>, costs: ArrayLike<number>): number {
  checkAllFinite('revenues', revenues)
  checkAllFinite('costs', costs)
  if (costs.length !== revenues.length)
    refuse('costs.length', costs.length, `must be as of revenues (${revenues.length})`)
  let sum = 0
  for (let t = 0; t < revenues.length; t++) sum += (revenues[t] as number) - (costs[t] as number)
  return sum / revenues.length
}

/**
 * Discounted CLV: Σ Rₜ/(1 + d)ᵗ for t = 1, 2, …, the first period discounted too.
 *
 * @param revenues R, one amount a period, in any one unit of money.
 * @param discount d, a share per period, above −1.
 * @throws RangeError if there is no period, a value is not finite, or d ≤ −1.
 */
export function discountedLifetimeValue(revenues: ArrayLike<number>, discount: number): number {
  checkAllFinite('revenues', revenues)
  checkDiscount('discount', discount)
  let sum = 0
  for (let t = revenues.length - 1; t >= 0; t--) sum = (sum + (revenues[t] as number)) / (1 + discount)
  return sum
}

/**
 * CVS, the customer value score: (R/C)·W, revenue over cost times the weight of the customer's class.
 *
 * @throws RangeError if a value is negative or not finite, or the cost is 0.
 */
export function customerValueScore(revenue: number, cost: number, classWeight: number): number {
  for (const [name, value] of Object.entries({ revenue, cost, classWeight })) {
    if (checkFinite(name, value) < 0) refuse(name, value, 'must not be negative')
  }
  if (cost === 0) refuse('cost', cost, 'must be above 0')
  return (revenue / cost) * classWeight
}

/** What the models expect of a customer within a horizon. */
export interface CustomerForecast {
  readonly customerId: string
  /** From 0 to 1. */
  readonly probabilityAlive: number
  /** Purchases within the horizon. */
  readonly expectedPurchases: number
  /** Money per purchase; null where there is no spend model, or it knows no mean. */
  readonly expectedSpend: number | null
  /** Money within the horizon, discounted; null where `expectedSpend` is. */
  readonly lifetimeValue: number | null
}

export interface ForecastOptions {
  readonly purchases: BgNbdParameters
  /** Null if spend could not be fitted. */
  readonly spend: GammaGammaParameters | null
  /** A whole number of at least 1. */
  readonly horizonWeeks: number
  /** A share per week, above −1; 0 unless given. */
  readonly discountPerWeek?: number
  /** Called now and then with the share, from 0 to 1, that is done. */
  readonly onProgress?: (share: number) => void
}

/**
 * What to expect of each customer: purchases and spend per purchase, and their product week by week, each week's
 * discounted by (1 + d)^week.
 *
 * @throws RangeError if a history or an option is out of its range.
 */
export function forecastCustomers(histories: readonly CustomerHistory[], options: ForecastOptions): CustomerForecast[] {
  const { purchases, spend, horizonWeeks, discountPerWeek = 0, onProgress } = options
  checkWhole('horizonWeeks', horizonWeeks, 1)
  checkDiscount('discountPerWeek', discountPerWeek)
  const countsOf = rememberedCounts(purchases, horizonWeeks, discountPerWeek)
  return histories.map((history, i) => {
    if (i % 256 === 0) onProgress?.(i / histories.length)
    const alive = probabilityAlive(history, purchases)
    const counts = countsOf(history)
    const perPurchase = spend === null ? Number.POSITIVE_INFINITY : expectedSpend(history, spend)
    const known = Number.isFinite(perPurchase)
    return {
      customerId: history.customerId,
      probabilityAlive: alive,
      expectedPurchases: alive * counts.plain,
      expectedSpend: known ? perPurchase : null,
      lifetimeValue: known ? alive * counts.discounted * perPurchase : null,
    }
  })
}

/** Purchases of a customer who has not left: within the horizon, and each week's discounted. */
interface Counts {
  readonly plain: number
  readonly discounted: number
}

/** The counts depend on repeats and age alone, of which thousands of customers share a few hundred pairs. */
function rememberedCounts(model: BgNbdParameters, weeks: number, discount: number) {
  const known = new Map<string, Counts>()
  return (history: CustomerHistory): Counts => {
    const key = `${history.repeatCount} ${history.ageWeeks}`
    const found = known.get(key)
    if (found !== undefined) return found
    const within = (week: number): number => expectedWhileAlive(history, model, week)
    const plain = within(weeks)
    const counts = { plain, discounted: discount === 0 ? plain : discountedCount(within, weeks, discount) }
    known.set(key, counts)
    return counts
  }
}

function discountedCount(within: (week: number) => number, weeks: number, discount: number): number {
  let sum = 0
  let before = 0
  for (let week = 1; week <= weeks; week++) {
    const count = within(week)
    sum += (count - before) / (1 + discount) ** week
    before = count
  }
  return sum
}

function checkDiscount(argument: string, discount: number): void {
  if (checkFinite(argument, discount) <= -1) refuse(argument, discount, 'must be above -1')
}
