/** What a churn model sees of a customer: purchase behaviour as of one moment, as numbers. */

import type { PurchaseHistories } from '../../domain/purchase-history.ts'

/** Changes whenever the meaning of a feature does: a model scores only with the features it was trained on. */
export const churnFeatureVersion = 'customer-2'

/** Those before it that mean the same by the features they share. */
export const knownFeatureVersions: readonly string[] = [churnFeatureVersion, 'purchases-1']

export const churnFeatureNames = [
  'log_purchases',
  'log_silence_days',
  'log_age_days',
  'silence_ratio',
  'bought_once',
  'log_average_value',
  'log_recent_purchases',
  'log_month_purchases',
  'discount_share',
  'refund_share',
  'log_active_days',
  'log_quiet_days',
] as const

export type ChurnFeature = (typeof churnFeatureNames)[number]

/** A silence longer than this many usual intervals tells nothing more. */
const longestSilenceRatio = 20

/**
 * The features of every history, row-major: n × 12 in the order of `churnFeatureNames`.
 *
 * Logarithms, because the step from one purchase to two says more than that from ten to eleven. `silence_ratio` is the
 * present silence in units of the customer's own usual interval; a one-time buyer has none, which `bought_once` says.
 */
export function churnFeatures(histories: PurchaseHistories): Float64Array {
  const width = churnFeatureNames.length
  const rows = new Float64Array(histories.customerIds.length * width)
  const { behaviour } = histories
  for (let i = 0; i < histories.customerIds.length; i++) {
    const purchases = histories.purchases[i] as number
    const silence = histories.silenceDays[i] as number
    const age = histories.ageDays[i] as number
    const averageCents = (histories.revenueCents[i] as number) / Math.max(1, purchases)
    rows.set(
      [
        purchases < 1 ? -1 : Math.log(purchases), // Who never bought is one step below who bought once.
        Math.log1p(silence),
        Math.log1p(age),
        silenceRatio(purchases, silence, age) ?? 0,
        purchases === 1 ? 1 : 0,
        Math.log1p(Math.max(0, averageCents)),
        Math.log1p(histories.recentPurchases[i] as number),
        Math.log1p(behaviour?.monthPurchases[i] ?? 0),
        behaviour?.discountShare[i] ?? 0,
        behaviour?.refundShare[i] ?? 0,
        Math.log1p(behaviour?.activeDays[i] ?? 0),
        Math.log1p(behaviour === undefined ? silence : (behaviour.quietDays[i] as number)),
      ],
      i * width,
    )
  }
  return rows
}

/** The present silence in units of the customer's usual interval between purchases; undefined with a single purchase. */
export function silenceRatio(purchases: number, silenceDays: number, ageDays: number): number | undefined {
  if (purchases < 2) return undefined
  const usualDays = (ageDays - silenceDays) / (purchases - 1)
  return Math.min(longestSilenceRatio, silenceDays / Math.max(1, usualDays))
}
