/** The witness's own count of limited offers: every coupon that can still cost something, or has, against its budget. */

import type { PlannedCoupon } from '../domain/decision.ts'
import type { Definitions } from '../domain/definitions.ts'
import type { CouponFacts } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { SimulatedOrder } from './happenings.ts'
import type { Pools } from './offer-book.ts'

interface Given {
  readonly customerId: string
  readonly coupon: PlannedCoupon
  readonly isRedeemed: boolean
  /** What it may cost or, once redeemed, what it did. */
  readonly costCents: number
}

interface BrokenLimit {
  readonly invariant: 'over-budget' | 'over-pool' | 'offer-limit'
  readonly offer: string
}

export class OfferWatch {
  readonly #definitions: Definitions
  readonly #pools: Pools
  /** By offer, then by coupon. */
  readonly #given = new Map<string, Map<string, Given>>()
  /** How many coupons of an offer a customer has had: `OFFER CUSTOMER`. */
  readonly #had = new Map<string, number>()

  constructor(definitions: Definitions, pools: Pools) {
    this.#definitions = definitions
    this.#pools = pools
  }

  issued(customerId: string, coupons: readonly PlannedCoupon[], atMs: EpochMs): readonly BrokenLimit[] {
    return coupons.flatMap((coupon) => {
      const offer = this.#definitions.offers.get(coupon.offer)
      const codes = this.#pools[coupon.offer] ?? Number.POSITIVE_INFINITY
      const isLimited = offer?.budget != null || offer?.perCustomer != null || codes !== Number.POSITIVE_INFINITY
      if (offer === undefined || !isLimited) return []
      const given = this.#given.get(coupon.offer) ?? new Map<string, Given>()
      this.#given.set(coupon.offer, given)
      given.set(coupon.id, { customerId, coupon, isRedeemed: false, costCents: coupon.costCents ?? 0 })
      const had = (this.#had.get(`${coupon.offer} ${customerId}`) ?? 0) + 1
      this.#had.set(`${coupon.offer} ${customerId}`, had)
      return [
        ...(this.#isOverBudget(coupon.offer, given, atMs)
          ? [{ invariant: 'over-budget' as const, offer: coupon.offer }]
          : []),
        ...(offer.codes.from === 'pool' && given.size > codes
          ? [{ invariant: 'over-pool' as const, offer: coupon.offer }]
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

  #isOverBudget(key: string, given: ReadonlyMap<string, Given>, atMs: EpochMs): boolean {
    const budget = this.#definitions.offers.get(key)?.budget
    if (budget == null) return false
    let coupons = 0
    let cents = 0
    for (const { coupon, isRedeemed, costCents } of given.values()) {
      const counts = isRedeemed || !budget.returns || coupon.expiresAtMs === null || coupon.expiresAtMs > atMs
      if (!counts) continue
      coupons++
      cents += costCents
    }
    return (
      coupons > (budget.coupons ?? Number.POSITIVE_INFINITY) || cents > (budget.costCents ?? Number.POSITIVE_INFINITY)
    )
  }
}
