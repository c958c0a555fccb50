/** The witness's own count of limited offers: every coupon that can still cost something, or has, against its budget. */

import type { PlannedCoupon } from '../domain/decision.ts'
import type { Definitions } from '../domain/definitions.ts'
import type { CouponFacts } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { SimulatedOrder } from './happenings.ts'

interface Given {
  readonly customerId: string
  readonly coupon: PlannedCoupon
  readonly isRedeemed: boolean
  /** What it may cost or, once redeemed, what it did. */
  readonly costCents: number
}

interface BrokenLimit {
  readonly invariant: 'over-budget' | 'offer-limit'
  readonly offer: string
}

export class OfferWatch {
  readonly #definitions: Definitions
  /** By offer, then by coupon. */
  readonly #given = new Map<string, Map<string, Given>>()

  constructor(definitions: Definitions) {
    this.#definitions = definitions
  }

  issued(customerId: string, coupons: readonly PlannedCoupon[], atMs: EpochMs): readonly BrokenLimit[] {
    return coupons.flatMap((coupon) => {
      const offer = this.#definitions.offers.get(coupon.offer)
      if (offer === undefined || (offer.budget === null && offer.perCustomer === null)) return []
      const given = this.#given.get(coupon.offer) ?? new Map<string, Given>()
      this.#given.set(coupon.offer, given)
      given.set(coupon.id, { customerId, coupon, isRedeemed: false, costCents: coupon.costCents ?? 0 })
      const had = [...given.values()].filter((each) => each.customerId === customerId).length
      return [
        ...(this.#isOverBudget(coupon.offer, [...given.values()], atMs)
          ? [{ invariant: 'over-budget' as const, offer: coupon.offer }]
          : []),
        ...(offer.perCustomer !== null && had > offer.perCustomer
          ? [{ invariant: 'offer-limit' as const, offer: coupon.offer }]
          : []),
      ]
    })
  }

  redeemed({ id, offer }: CouponFacts, { revenueCents }: SimulatedOrder): void {
    const given = this.#given.get(offer)
    const before = given?.get(id)
    const discount = this.#definitions.offers.get(offer)?.discount
    if (given === undefined || before === undefined || discount === undefined) return
    const off =
      discount.type === 'amount' ? discount.amountCents : revenueCents / (1 - discount.percent / 100) - revenueCents
    // A cent of rounding is no breach.
    given.set(id, { ...before, isRedeemed: true, costCents: Math.floor(Math.min(before.costCents, off)) })
  }

  #isOverBudget(key: string, given: readonly Given[], atMs: EpochMs): boolean {
    const budget = this.#definitions.offers.get(key)?.budget
    if (budget == null) return false
    const counted = given.filter(
      ({ coupon, isRedeemed }) =>
        isRedeemed || !budget.returns || coupon.expiresAtMs === null || coupon.expiresAtMs > atMs,
    )
    const cents = counted.reduce((sum, { costCents }) => sum + costCents, 0)
    return (
      counted.length > (budget.coupons ?? Number.POSITIVE_INFINITY) ||
      cents > (budget.costCents ?? Number.POSITIVE_INFINITY)
    )
  }
}
