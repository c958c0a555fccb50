/** From what is known of groups and offers to a plan: whom to give what, what it costs and what it should bring. */

import { type PromotionPlan, planPromotions } from '../promotion-plan.ts'

export interface GroupFacts {
  readonly key: string
  readonly customers: number
  /** By how much an offer in general raises the chance to buy, on average. */
  readonly uplift: number
  /** The same of offers that are known by themselves. */
  readonly byOffer?: Readonly<Record<string, number>>
}

export interface OfferFacts {
  readonly key: string
  /** What a redeemed coupon costs, in cents. */
  readonly costCents: number
  /** Of the issued ones, the share that is redeemed. */
  readonly redeemed: number
  /** What it does beside an offer in general, which is 1, and the ends of the 95 % interval of that. */
  readonly effect: { readonly scale: number; readonly low: number; readonly high: number }
}

export interface ProposalQuestion {
  readonly groups: readonly GroupFacts[]
  readonly offers: readonly OfferFacts[]
  readonly budgetCents: number
  /** What an additional order brings, of which `margin` is the shop's. */
  readonly orderCents: number
  readonly margin: number
  readonly messageCents: number
}

export interface Proposal extends PromotionPlan {
  /** Additional orders, and the net value at both ends of the intervals of what the planned offers do. */
  readonly additionalOrders: number
  readonly netLowCents: number
  readonly netHighCents: number
}

/** @throws RangeError as `planPromotions` does. */
export function proposePromotions(question: ProposalQuestion): Proposal {
  const { groups, offers, budgetCents, orderCents, margin, messageCents } = question
  const choices = groups.flatMap(({ key, customers, uplift, byOffer = {} }) =>
    offers.map((offer) => ({
      segment: key,
      offer: offer.key,
      customers,
      expectedValueCents: Math.max(0, byOffer[offer.key] ?? uplift * offer.effect.scale) * orderCents * margin,
      expectedCostCents: messageCents + offer.redeemed * offer.costCents,
    })),
  )
  const plan = planPromotions(choices, budgetCents)
  const perOrder = orderCents * margin
  // What is not known of an offer holds for all who get it: within a plan it does not even out.
  const valueAt = (end: 'low' | 'high'): number =>
    plan.offers.reduce((sum, { offer, valueCents }) => {
      const { effect } = offers.find(({ key }) => key === offer) as OfferFacts
      return sum + valueCents * (effect[end] / effect.scale)
    }, 0)
  return {
    ...plan,
    additionalOrders: perOrder > 0 ? plan.valueCents / perOrder : 0,
    netLowCents: valueAt('low') - plan.costCents,
    netHighCents: valueAt('high') - plan.costCents,
  }
}
