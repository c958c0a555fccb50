/** What messages did, what that was worth beside hold-outs, and which offers to plan next. By API and console alike. */

import { z } from 'zod'
import type { NamedLift, OfferEffects } from '../../analytics/experiments/measured-effects.ts'
import { type GroupFacts, type Proposal, proposePromotions } from '../../analytics/training/promotion-proposal.ts'
import { holdOutRows, type OutcomeSum, type OutcomesWanted, outcomeSums } from '../../store/message-outcomes.ts'
import { listOffers } from '../../store/offers/list.ts'
import { plannerGroups } from '../../store/planner-groups.ts'
import { ApiError } from '../api-error.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { liftsOf, offerEffects } from './lifts.ts'
import { effectOf } from './planner-effect.ts'

const sampleSize = 2_000

export type FeedbackNeeds = Pick<AdminNeeds, 'database' | 'clock' | 'definitions'>

export interface Feedback {
  readonly outcomes: readonly OutcomeSum[]
  readonly lifts: readonly NamedLift[]
  readonly offers: OfferEffects
}

const planBody = z.strictObject({
  budgetCents: z.int().min(0).max(1e12),
  by: z.enum(['stage', 'cluster', 'tier', 'offer']).default('stage'),
  segments: z.array(z.string().min(1).max(200)).max(50).default([]),
  offers: z.array(z.string().min(1).max(200)).max(50).default([]),
  /** Of an order's revenue, what is left for the shop. */
  margin: z.number().min(0).max(1).default(0.4),
  messageCents: z.number().min(0).max(10_000).default(1),
})

export async function feedbackOf({ database, definitions }: FeedbackNeeds, wanted: OutcomesWanted): Promise<Feedback> {
  const outcomes = await outcomeSums(database.pool, wanted)
  const arms = await holdOutRows(database.pool, wanted)
  const lifts = liftsOf(arms, await definitions())
  return { outcomes, lifts, offers: offerEffects(lifts) }
}

/** Which offers for whom, what the proposal is made of, and by what it goes. */
export interface ProposedPlan {
  readonly effect: string
  readonly groups: readonly GroupFacts[]
  readonly offers: readonly object[]
  readonly measured: OfferEffects
  readonly plan: Proposal
}

/** @throws ApiError 400 of what was asked for wrongly. */
export async function planOffers(needs: FeedbackNeeds, asked: unknown): Promise<ProposedPlan> {
  const read = planBody.safeParse(asked)
  if (!read.success) {
    const [issue] = read.error.issues
    const field = issue?.path.join('.') || 'body'
    throw new ApiError(400, `${field}: ${issue?.message ?? 'is not valid'}`, field)
  }
  const { budgetCents, by, segments, offers: named, margin, messageCents } = read.data
  const { pool } = needs.database
  const effect = await effectOf(needs)
  const offers = (await listOffers(pool)).filter(({ key }) => named.length === 0 || named.includes(key))
  const unknown = named.find((key) => !offers.some((offer) => offer.key === key))
  if (unknown !== undefined) throw new ApiError(400, `offers: there is no live offer ${unknown}`, 'offers')
  const groups: GroupFacts[] = []
  for (const { key, customers, sample } of await plannerGroups(pool, by, segments, sampleSize)) {
    groups.push({ key, customers, ...(await effect.of(sample)) })
  }
  const facts = offers.map(({ key, issued, redeemed, cost }) => ({
    key,
    effect: effect.ofOffer(key),
    costCents: redeemed > 0 ? cost.spentCents / redeemed : effect.orderCents * 0.1,
    redeemed: issued >= 50 ? redeemed / issued : 0.2,
  }))
  const question = { groups, offers: facts, budgetCents, margin, messageCents, orderCents: effect.orderCents }
  return { effect: effect.source, groups, offers: facts, measured: effect.measured, plan: proposePromotions(question) }
}
