/** The admin API for what messages did: outcomes, lift against hold-outs, and what to plan next. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type GroupFacts, proposePromotions } from '../../analytics/training/promotion-proposal.ts'
import { dayMs } from '../../domain/time.ts'
import { holdOutRows, messageOutcomes, type OutcomesWanted, outcomeSums } from '../../store/message-outcomes.ts'
import { listOffers } from '../../store/offers/list.ts'
import { plannerGroups } from '../../store/planner-groups.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import type { AdminNeeds } from './admin-routes.ts'
import { liftsOf, offerEffects } from './lifts.ts'
import { effectOf } from './planner-effect.ts'
import { limitOf, one, type Query, queryOf } from './query.ts'

const defaultDays = 90
const defaultWithinDays = 7
const sampleSize = 2_000

const planBody = z.strictObject({
  budgetCents: z.int().min(0).max(1e12),
  by: z.enum(['stage', 'cluster', 'tier', 'offer']).default('stage'),
  segments: z.array(z.string().min(1).max(200)).max(50).default([]),
  offers: z.array(z.string().min(1).max(200)).max(50).default([]),
  /** Of an order's revenue, what is left for the shop. */
  margin: z.number().min(0).max(1).default(0.4),
  messageCents: z.number().min(0).max(10_000).default(1),
})

/** Register beside the other admin routes: it is behind the same check. */
export function feedbackRoutes(needs: AdminNeeds): (app: FastifyInstance) => Promise<void> {
  const { clock } = needs
  const wanted = (query: Query) => ({
    sinceMs: clock.nowMs() - wholeDays(query, 'days', defaultDays, 3_650) * dayMs,
    nowMs: clock.nowMs(),
    withinDays: wholeDays(query, 'within', defaultWithinDays, 90),
    journey: one(query, 'journey'),
  })
  return async (app) => {
    parseJsonBodies(app, 64 * 1024)
    app.get('/feedback', (request) => answerFeedback(needs, wanted(queryOf(request))))
    app.get('/feedback/messages', (request) => answerMessages(needs, queryOf(request), wanted(queryOf(request))))
    app.post('/planner', (request) => answerPlan(needs, request))
  }
}

async function answerFeedback({ database, definitions }: AdminNeeds, wanted: OutcomesWanted): Promise<object> {
  const outcomes = await outcomeSums(database.pool, wanted)
  const arms = await holdOutRows(database.pool, wanted)
  const lifts = liftsOf(arms, await definitions())
  return { outcomes, lifts, offers: offerEffects(lifts) }
}

async function answerMessages({ database }: AdminNeeds, query: Query, wanted: OutcomesWanted): Promise<object> {
  return { messages: await messageOutcomes(database.pool, wanted, limitOf(query)) }
}

async function answerPlan(needs: AdminNeeds, request: FastifyRequest): Promise<object> {
  const read = planBody.safeParse(request.body)
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

function wholeDays(query: Query, name: string, otherwise: number, most: number): number {
  const text = one(query, name)
  if (text === undefined) return otherwise
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (days >= 1 && days <= most) return days
  throw new ApiError(400, `${name}: must be a whole number from 1 to ${most}`, name)
}
