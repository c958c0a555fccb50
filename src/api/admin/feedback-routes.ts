/** The admin API for what messages did: outcomes, lift against hold-outs, and what to plan next. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { churnFeatureNames, churnFeatures } from '../../analytics/churn/churn-features.ts'
import { type LiftArm, liftOf } from '../../analytics/experiments/lift.ts'
import type { PolicyValue } from '../../analytics/training/policy-value.ts'
import { type GroupFacts, proposePromotions } from '../../analytics/training/promotion-proposal.ts'
import { type AnyUplift, upliftScores } from '../../analytics/training/uplift.ts'
import type { Definitions } from '../../domain/definitions.ts'
import { dayMs } from '../../domain/time.ts'
import { loadCustomerFeatures } from '../../store/customer-features.ts'
import {
  type HoldOutRow,
  holdOutRows,
  messageOutcomes,
  type OutcomesWanted,
  outcomeSums,
} from '../../store/message-outcomes.ts'
import { championModel } from '../../store/models.ts'
import { listOffers } from '../../store/offers/list.ts'
import { plannerGroups } from '../../store/planner-groups.ts'
import { ApiError } from '../api-error.ts'
import { parseJsonBodies } from '../body-parsers.ts'
import type { AdminNeeds } from './admin-routes.ts'
import { limitOf, one, type Query, queryOf } from './query.ts'

const defaultDays = 90
const defaultWithinDays = 7
const sampleSize = 2_000

const planBody = z.strictObject({
  budgetCents: z.int().min(0).max(1e12),
  by: z.enum(['stage', 'cluster', 'tier']).default('stage'),
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
  return { outcomes, lifts: liftsOf(arms, await definitions()) }
}

async function answerMessages({ database }: AdminNeeds, query: Query, wanted: OutcomesWanted): Promise<object> {
  return { messages: await messageOutcomes(database.pool, wanted, limitOf(query)) }
}

interface NamedLift {
  readonly journey: string
  readonly experiment: string | null
  readonly variant: string | null
  readonly customers: number
  readonly heldOut: number
  readonly lift: ReturnType<typeof liftOf>
}

/** Each variant against its experiment's hold-out, each journey against those held out from all marketing. */
function liftsOf(rows: readonly HoldOutRow[], { journeys }: Definitions): NamedLift[] {
  const heldOutOf = new Map<string, Set<string>>()
  for (const journey of journeys.values()) {
    for (const step of journey.steps) {
      if (step.type !== 'experiment') continue
      const names = step.variants.filter(({ isHoldOut }) => isHoldOut).map(({ name }) => name)
      heldOutOf.set(`${journey.key}/${step.id}`, new Set(names))
    }
  }
  const isControl = ({ experiment, variant, heldOut }: HoldOutRow): boolean =>
    experiment === null ? heldOut : heldOutOf.get(experiment)?.has(variant ?? '') === true
  return rows.flatMap((row) => {
    const controls = rows.filter(
      (other) => isControl(other) && other.journey === row.journey && other.experiment === row.experiment,
    )
    if (isControl(row) || controls.length === 0) return []
    const control = sumOf(controls.map(({ arm }) => arm))
    const { journey, experiment, variant, arm } = row
    return [
      {
        journey,
        experiment,
        variant,
        customers: arm.customers,
        heldOut: control.customers,
        lift: liftOf(control, arm),
      },
    ]
  })
}

function sumOf(arms: readonly LiftArm[]): LiftArm {
  const sum = (column: keyof LiftArm): number => arms.reduce((total, arm) => total + arm[column], 0)
  return {
    customers: sum('customers'),
    buyers: sum('buyers'),
    revenueCents: sum('revenueCents'),
    revenueSquares: sum('revenueSquares'),
  }
}

/** What the planner knows of how much offers move people. */
interface Effect {
  readonly source: string
  readonly orderCents: number
  readonly range: readonly [number, number]
  of(customerIds: readonly string[]): Promise<number>
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
    groups.push({ key, customers, uplift: await effect.of(sample) })
  }
  const facts = offers.map(({ key, issued, redeemed, cost }) => ({
    key,
    costCents: redeemed > 0 ? cost.spentCents / redeemed : effect.orderCents * 0.1,
    redeemed: issued >= 50 ? redeemed / issued : 0.2,
  }))
  const question = { groups, offers: facts, budgetCents, margin, messageCents, orderCents: effect.orderCents }
  return {
    effect: effect.source,
    groups,
    offers: facts,
    plan: proposePromotions({ ...question, effectRange: effect.range }),
  }
}

/** By the uplift model in use; else by what the hold-outs have shown, the same for everybody. */
async function effectOf(needs: AdminNeeds): Promise<Effect> {
  const { pool } = needs.database
  const nowMs = needs.clock.nowMs()
  const model = await championModel(needs.database, 'uplift')
  if (model?.method === 'uplift') {
    const uplift = model.parameters['uplift'] as AnyUplift
    const { overNone } = (model.parameters['measured'] as { readonly policy: PolicyValue }).policy
    const share = (end: number): number => (overNone.value > 0 ? end / overNone.value : 0)
    return {
      source: `uplift model, version ${model.version}`,
      orderCents: Number(model.parameters['valueCents']),
      range: [share(overNone.low), share(overNone.high)],
      async of(customerIds) {
        if (customerIds.length === 0) return 0
        const { histories } = await loadCustomerFeatures(pool, { asOfMs: nowMs, customerIds, population: 'known' })
        const rows = histories.customerIds.length
        const features = { rows, columns: churnFeatureNames.length, values: churnFeatures(histories) }
        return upliftScores(uplift, churnFeatureNames, features).reduce((sum, one) => sum + one, 0) / Math.max(1, rows)
      },
    }
  }
  const wanted = { sinceMs: nowMs - 365 * dayMs, nowMs, withinDays: defaultWithinDays }
  const lifts = liftsOf(await holdOutRows(pool, wanted), await needs.definitions())
  const best = lifts.reduce<NamedLift | undefined>(
    (most, next) => (most === undefined || next.customers + next.heldOut > most.customers + most.heldOut ? next : most),
    undefined,
  )
  const rate = best?.lift.rate
  const { rows } = await pool.query<{ cents: number | null }>('SELECT avg(revenue_cents)::float8 AS cents FROM orders')
  if (!best || !rate || !(rate.difference > 0)) {
    throw new ApiError(
      409,
      'Nothing is known yet of what offers bring: let a journey run with an experiment that holds some customers out.',
    )
  }
  return {
    source: `hold-out of ${best.experiment ?? best.journey}, the same effect for everybody`,
    orderCents: rows[0]?.cents ?? 0,
    range: [rate.interval[0] / rate.difference, rate.interval[1] / rate.difference],
    of: async () => rate.difference,
  }
}

function wholeDays(query: Query, name: string, otherwise: number, most: number): number {
  const text = one(query, name)
  if (text === undefined) return otherwise
  const days = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (days >= 1 && days <= most) return days
  throw new ApiError(400, `${name}: must be a whole number from 1 to ${most}`, name)
}
