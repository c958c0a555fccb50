/** What coupons cost the shop, in minor units, and until when they count. */

import type { Discount } from './definitions.ts'
import { dayMs } from './time.ts'

/** An order may be told late. A coupon of which none was told by then counts as never redeemed, for good. */
export const expiryGraceMs = 2 * dayMs

/** The most that one coupon can cost; null where only the order can tell. */
export function mostCostOf(discount: Discount): number | null {
  return discount.type === 'amount' ? discount.amountCents : (discount.atMost?.amountCents ?? null)
}

/** In which currency that is; null where only the order can tell. */
export function currencyOf(discount: Discount): string | null {
  return discount.type === 'amount' ? discount.currency : (discount.atMost?.currency ?? null)
}

/** What a coupon has taken off an order. @param revenueCents What was paid: what is left after the discount. */
export function costOfOrder(discount: Discount, revenueCents: number): number {
  if (discount.type === 'amount') return discount.amountCents
  const { percent, atMost } = discount
  const off = percent >= 100 ? 0 : Math.round((revenueCents * percent) / (100 - percent))
  return Math.min(off, atMost?.amountCents ?? off)
}
