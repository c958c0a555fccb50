/** From what is known of groups and offers to a plan: whom to give what, what it costs and what it should bring. */

import { type PromotionPlan, planPromotions } from '../promotion-plan.ts'

export interface GroupFacts {
  readonly key: string
  readonly customers: number
  /** By how much an offer raises the chance to buy, on average. */
  readonly uplift: number
}

export interface OfferFacts {
  readonly key: string
  /** What a redeemed coupon costs, in cents. */
  readonly costCents: number
  /** Of the issued ones, the share that is redeemed. */
  readonly redeemed: number
}

export interface ProposalQuestion {
  readonly groups: readonly GroupFacts[]
  readonly offers: readonly OfferFacts[]
  readonly budgetCents: number
  /** What an additional order brings, of which `margin` is the shop's. */
  readonly orderCents: number
  readonly margin: number
  readonly messageCents: number
  /** The effect as a share of its estimate at both ends of its 95 % interval. */
  readonly effectRange: readonly [low: number, high: number]
}

export interface Proposal extends PromotionPlan {
  /** Additional orders, and the net value at both ends of the effect's interval. */
  readonly additionalOrders: number
  readonly netLowCents: number
  readonly netHighCents: number
}

/** @throws RangeError as `planPromotions` does. */
export function proposePromotions(question: ProposalQuestion): Proposal {
  const { groups, offers, budgetCents, orderCents, margin, messageCents, effectRange } = question
  const choices = groups.flatMap(({ key, customers, uplift }) =>
    offers.map((offer) => ({
      segment: key,
      offer: offer.key,
      customers,
      expectedValueCents: Math.max(0, uplift) * orderCents * margin,
      expectedCostCents: messageCents + offer.redeemed * offer.costCents,
    })),
  )
  const plan = planPromotions(choices, budgetCents)
  const perOrder = orderCents * margin
  const [low, high] = effectRange
  return {
    ...plan,
    additionalOrders: perOrder > 0 ? plan.valueCents / perOrder : 0,
    netLowCents: plan.valueCents * low - plan.costCents,
    netHighCents: plan.valueCents * high - plan.costCents,
  }
}
