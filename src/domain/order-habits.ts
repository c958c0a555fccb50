/** What a customer's sums of orders say about how they buy. */

import type { EpochMs } from './time.ts'

/** The mean time from one order to the next; undefined below two orders. */
export function averageOrderIntervalMs(
  orderCount: number,
  firstOrderMs: EpochMs | null,
  lastOrderMs: EpochMs | null,
): number | undefined {
  if (orderCount < 2 || firstOrderMs === null || lastOrderMs === null) return undefined
  return (lastOrderMs - firstOrderMs) / (orderCount - 1)
}

/** The share of what a customer spent that was spent with a discount, from 0 to 1; undefined if nothing was spent. */
export function priceSensitivity(revenueCents: number, discountedRevenueCents: number): number | undefined {
  return revenueCents > 0 ? discountedRevenueCents / revenueCents : undefined
}
