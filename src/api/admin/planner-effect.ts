/** What the planner goes by: how much more often customers of a group buy with an offer than without. */

import type { NamedLift, OfferEffects } from '../../analytics/experiments/measured-effects.ts'
import type { OfferUplift } from '../../analytics/training/offer-uplift.ts'
import type { PolicyValue } from '../../analytics/training/policy-value.ts'
import type { GroupFacts, OfferFacts } from '../../analytics/training/promotion-proposal.ts'
import type { TasteEncoding } from '../../analytics/training/taste-features.ts'
import { type AnyUplift, upliftScores } from '../../analytics/training/uplift.ts'
import { upliftFeatures } from '../../analytics/training/uplift-features.ts'
import { dayMs } from '../../domain/time.ts'
import { loadCustomerFeatures } from '../../store/customer-features.ts'
import { loadCustomerTastes } from '../../store/customer-tastes.ts'
import { holdOutRows } from '../../store/message-outcomes.ts'
import { championModel } from '../../store/models.ts'
import { ApiError } from '../api-error.ts'
import type { AdminNeeds } from './admin-needs.ts'
import { liftsOf, offerEffects } from './lifts.ts'

/** Within so many days an order is counted as an effect. */
const withinDays = 7

/** What the planner knows of how much offers move people. */
export interface Effect {
  readonly source: string
  readonly orderCents: number
  readonly measured: OfferEffects
  /** Beside what offers do in general, which is 1; with the ends of its 95 % interval. */
  ofOffer(offer: string): OfferFacts['effect']
  /** What an offer in general adds to the chance of these to buy, and what each does that is known by itself. */
  of(customerIds: readonly string[]): Promise<Pick<GroupFacts, 'uplift' | 'byOffer'>>
}

/** By the uplift model in use; else by what the hold-outs have shown, the same for everybody. */
export async function effectOf(needs: Pick<AdminNeeds, 'database' | 'clock' | 'definitions'>): Promise<Effect> {
  const { pool } = needs.database
  const nowMs = needs.clock.nowMs()
  const wanted = { sinceMs: nowMs - 365 * dayMs, nowMs, withinDays }
  const lifts = liftsOf(await holdOutRows(pool, wanted), await needs.definitions())
  const measured = offerEffects(lifts)
  const model = await championModel(needs.database, 'uplift')
  if (model?.method === 'uplift') {
    const uplift = model.parameters['uplift'] as AnyUplift
    const { overNone } = (model.parameters['measured'] as { readonly policy: PolicyValue }).policy
    const share = (end: number): number => (overNone.value > 0 ? end / overNone.value : 0)
    return {
      source: `uplift model, version ${model.version}`,
      orderCents: Number(model.parameters['valueCents']),
      measured,
      ofOffer: (offer) => relativeTo(measured, offer, [share(overNone.low), share(overNone.high)]),
      async of(customerIds) {
        if (customerIds.length === 0) return { uplift: 0 }
        const { histories } = await loadCustomerFeatures(pool, { asOfMs: nowMs, customerIds, population: 'known' })
        const tastes = await loadCustomerTastes(pool, nowMs, histories.customerIds)
        const { names, matrix } = upliftFeatures(histories, tastes, model.parameters['tastes'] as TasteEncoding)
        const mean = (one: AnyUplift): number =>
          upliftScores(one, names, matrix).reduce((sum, score) => sum + score, 0) / Math.max(1, matrix.rows)
        const byOffer = (model.parameters['byOffer'] ?? []) as readonly OfferUplift[]
        return {
          uplift: mean(uplift),
          byOffer: Object.fromEntries(byOffer.map((one) => [one.offer, mean(one.uplift)])),
        }
      },
    }
  }
  const best = lifts.reduce<NamedLift | undefined>(
    (most, next) => (most === undefined || next.customers + next.heldOut > most.customers + most.heldOut ? next : most),
    undefined,
  )
  const rate = best?.lift.rate
  const { common } = measured
  const { rows } = await pool.query<{ cents: number | null }>('SELECT avg(revenue_cents)::float8 AS cents FROM orders')
  if (common !== null && common.effect > 0) {
    return {
      source: `hold-outs of ${measured.offers.length === 1 ? 'one offer' : `${measured.offers.length} offers`}, the same for every group`,
      orderCents: rows[0]?.cents ?? 0,
      measured,
      ofOffer: (offer) => relativeTo(measured, offer, [1, 1]),
      of: async () => ({ uplift: common.effect }),
    }
  }
  if (!best || !rate || !(rate.difference > 0)) {
    throw new ApiError(
      409,
      'Nothing is known yet of what offers bring: let a journey run with an experiment that holds some customers out.',
    )
  }
  return {
    source: `hold-out of ${best.experiment ?? best.journey}, the same effect for everybody`,
    orderCents: rows[0]?.cents ?? 0,
    measured,
    ofOffer: () => ({ scale: 1, low: rate.interval[0] / rate.difference, high: rate.interval[1] / rate.difference }),
    of: async () => ({ uplift: rate.difference }),
  }
}

/** An offer's effect beside that of offers in general; both doubts, about the general one and about its own, add up. */
function relativeTo(
  { offers, common }: OfferEffects,
  offer: string,
  [low, high]: readonly [number, number],
): OfferFacts['effect'] {
  const own = offers.find((one) => one.offer === offer)?.drawn
  if (common === null || !(common.effect > 0)) return { scale: 1, low, high }
  const { effect, error } = own ?? common
  const scale = effect / common.effect
  const spread = 1.96 * (error / common.effect)
  return {
    scale,
    low: scale - Math.hypot(spread, scale * (1 - low)),
    high: scale + Math.hypot(spread, scale * (high - 1)),
  }
}
