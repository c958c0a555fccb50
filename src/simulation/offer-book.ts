/**
 * What limited offers have given away in a simulation, as the store keeps it. Budgets, limits and pools hold as they would;
 * a pool of which nobody has said how many codes it holds never runs dry.
 */

import type { PlannedCoupon } from '../domain/decision.ts'
import type { Definitions, OfferDefinition } from '../domain/definitions.ts'
import { costOfOrder, expiryGraceMs } from '../domain/offer-cost.ts'
import type { CouponFacts, OfferFacts } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { SimulatedOrder } from './happenings.ts'

/** How many codes there are, by offer. */
export type Pools = Readonly<Record<string, number>>

interface Account {
  readonly offer: OfferDefinition
  /** Codes that nobody has got yet. A code is never given twice. */
  codesLeft: number
  readonly hadBy: Map<string, number>
  /** Neither redeemed nor expired, by id, the first to expire first. */
  readonly open: Map<string, PlannedCoupon>
  issued: number
  costCents: number
}

export class OfferBook {
  readonly #accounts = new Map<string, Account>()

  constructor({ offers }: Definitions, pools: Pools = {}) {
    for (const offer of offers.values()) {
      const codesLeft =
        offer.codes.from === 'pool' ? (pools[offer.key] ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY
      if (offer.budget === null && offer.perCustomer === null && codesLeft === Number.POSITIVE_INFINITY) continue
      this.#accounts.set(offer.key, { offer, codesLeft, hadBy: new Map(), open: new Map(), issued: 0, costCents: 0 })
    }
  }

  /** What a snapshot says of them. */
  factsFor(customerId: string, nowMs: EpochMs): Readonly<Record<string, OfferFacts>> {
    const facts: Record<string, OfferFacts> = {}
    for (const [key, account] of this.#accounts) {
      this.#expire(account, nowMs)
      const { budget } = account.offer
      const isSpent = budget !== null && budget.coupons !== null && account.issued >= budget.coupons
      facts[key] = {
        had: account.hadBy.get(customerId) ?? 0,
        exhausted: isSpent ? 'offer-budget' : account.codesLeft === 0 ? 'offer-pool-empty' : null,
        centsLeft: budget?.costCents == null ? null : budget.costCents - account.costCents,
      }
    }
    return facts
  }

  issue(customerId: string, coupons: readonly PlannedCoupon[]): void {
    for (const coupon of coupons) {
      const account = this.#accounts.get(coupon.offer)
      if (account === undefined) continue
      account.issued++
      account.codesLeft--
      account.costCents += coupon.costCents ?? 0
      account.hadBy.set(customerId, (account.hadBy.get(customerId) ?? 0) + 1)
      account.open.set(coupon.id, coupon)
    }
  }

  /** From now on it costs what it did, not what it could. */
  redeem({ id, offer }: CouponFacts, { revenueCents }: SimulatedOrder): void {
    const account = this.#accounts.get(offer)
    const coupon = account?.open.get(id)
    if (account === undefined || coupon === undefined) return
    account.open.delete(id)
    if (coupon.costCents !== null)
      account.costCents -=
        coupon.costCents - Math.min(coupon.costCents, costOfOrder(account.offer.discount, revenueCents))
  }

  #expire(account: Account, nowMs: EpochMs): void {
    for (const [id, { expiresAtMs, costCents }] of account.open) {
      if (expiresAtMs === null || expiresAtMs + expiryGraceMs >= nowMs) return
      account.open.delete(id)
      if (account.offer.budget?.returns !== true) continue
      account.issued--
      account.costCents -= costCents ?? 0
    }
  }
}
