/** Purchase histories of many customers, column by column: what models of churn and value learn from. */

import type { EpochMs } from './time.ts'

/**
 * Histories as of one moment; row i of every column is one customer with at least one purchase. A UTC day with orders
 * is one purchase, however many orders it has. Nothing in here was unknown at `asOfMs`.
 */
export interface PurchaseHistories {
  readonly asOfMs: EpochMs
  readonly customerIds: readonly string[]
  /** Days with a purchase, at least 1. */
  readonly purchases: Float64Array
  /** Whole days from the first purchase to `asOfMs`. */
  readonly ageDays: Float64Array
  /** Whole days from the latest purchase to `asOfMs`. */
  readonly silenceDays: Float64Array
  /** All purchases together, in minor units. */
  readonly revenueCents: Float64Array
  /** The purchases after the first day, in minor units. */
  readonly repeatRevenueCents: Float64Array
  /** Purchases in the 90 days before `asOfMs`. */
  readonly recentPurchases: Float64Array
  /** Left out where only purchases are known. */
  readonly behaviour?: Behaviour
}

/** What customers do besides buying, and how they buy. */
export interface Behaviour {
  /** Purchases in the 30 days before. */
  readonly monthPurchases: Float64Array
  /** Discounts as a share of what the purchases would have cost without, from 0 to 1. */
  readonly discountShare: Float64Array
  /** Refunds as a share of the revenue, from 0 to 1. */
  readonly refundShare: Float64Array
  /** Of the 30 whole days before, those on which they did anything. */
  readonly activeDays: Float64Array
  /** Whole days since they last did anything; at most the silence. */
  readonly quietDays: Float64Array
}

/** What the same customers did afterwards, row by row: the truth that a model is trained on or judged by. */
export interface LaterPurchases {
  readonly purchases: Float64Array
  readonly revenueCents: Float64Array
}
