/** Scores in a simulation: by the product's stated rules, for one customer after an order and for everybody now and then. */

import { churnScores } from '../analytics/scoring/churn-scores.ts'
import { firstRules } from '../analytics/scoring/first-rules.ts'
import { valueScores } from '../analytics/scoring/value-scores.ts'
import type { LifecycleDefinition } from '../domain/definitions.ts'
import type { PurchaseHistories } from '../domain/purchase-history.ts'
import type { ScoreFacts } from '../domain/snapshot.ts'
import { dayMs, type EpochMs } from '../domain/time.ts'
import type { SimulatedCustomer } from './simulated-customer.ts'

const recentDays = 90

/** Scores these customers; whoever never bought is only noted as asked about. */
export function scoreCustomers(customers: readonly SimulatedCustomer[], nowMs: EpochMs): void {
  const buyers = customers.filter((customer) => customer.orders.length > 0)
  for (const customer of customers) if (customer.orders.length === 0) customer.noteScoring(nowMs)
  for (const customer of customers) customer.keepGivenScores(nowMs)
  const histories = historiesOf(buyers, nowMs)
  const risks = churnScores(firstRules.churn, histories)
  const values = valueScores(firstRules.clv, histories)
  for (const [i, customer] of buyers.entries()) {
    customer.setScore('churn', { value: risks[i]?.value ?? 0, tier: null, scoredAtMs: nowMs }, nowMs)
    const { value = 0, tier = null } = values[i] ?? {}
    customer.setScore('clv', { value, tier, scoredAtMs: nowMs }, nowMs)
    customer.keepGivenScores(nowMs)
  }
}

/**
 * Scores everybody anew; what crossed a threshold is news, as the stores announce it. Somebody's first score is none.
 *
 * @returns who has news.
 */
export function rescore(
  customers: readonly SimulatedCustomer[],
  lifecycle: LifecycleDefinition,
  nowMs: EpochMs,
): readonly SimulatedCustomer[] {
  const scored = customers.filter((customer) => customer.scoreOf('churn') !== undefined)
  const tiersBefore = scored.map((customer) => customer.scoreOf('clv')?.tier)
  scoreCustomers(scored, nowMs)
  return scored.filter((customer, i) => announceCrossings(customer, tiersBefore[i], lifecycle, nowMs))
}

/** @returns whether there was anything to announce. */
export function announceCrossings(
  customer: SimulatedCustomer,
  tierBefore: ScoreFacts['tier'] | undefined,
  { churn }: LifecycleDefinition,
  nowMs: EpochMs,
): boolean {
  const tell = (score: 'churn' | 'clv', crossed: 'up' | 'down'): void => {
    customer.hear({ kind: 'score', score, crossed }, nowMs)
  }
  const risk = customer.scoreOf('churn')?.value ?? 0
  const isMoreAtRisk = !customer.atRisk && risk >= churn.enter
  const isLessAtRisk = customer.atRisk && risk < churn.leave
  const isHigh = customer.scoreOf('clv')?.tier === 'high'
  const hasOtherTier = isHigh !== (tierBefore === 'high')
  if (isMoreAtRisk) tell('churn', 'up')
  if (isLessAtRisk) tell('churn', 'down')
  if (hasOtherTier) tell('clv', isHigh ? 'up' : 'down')
  return isMoreAtRisk || isLessAtRisk || hasOtherTier
}

function historiesOf(customers: readonly SimulatedCustomer[], asOfMs: EpochMs): PurchaseHistories {
  const column = (of: (customer: SimulatedCustomer) => number): Float64Array => Float64Array.from(customers, of)
  const today = dayOf(asOfMs)
  const firstDay = ({ orders }: SimulatedCustomer): number => dayOf(orders[0]?.atMs ?? asOfMs)
  const days = new Map(customers.map((customer) => [customer, new Set(customer.orders.map(({ atMs }) => dayOf(atMs)))]))
  const sum = (customer: SimulatedCustomer, from: number): number =>
    customer.orders.reduce((total, { atMs, revenueCents }) => total + (dayOf(atMs) >= from ? revenueCents : 0), 0)
  return {
    asOfMs,
    customerIds: customers.map(({ id }) => id),
    purchases: column((customer) => days.get(customer)?.size ?? 0),
    ageDays: column((customer) => today - firstDay(customer)),
    silenceDays: column(({ orders }) => today - dayOf(orders.at(-1)?.atMs ?? asOfMs)),
    revenueCents: column((customer) => sum(customer, 0)),
    repeatRevenueCents: column((customer) => sum(customer, firstDay(customer) + 1)),
    recentPurchases: column(
      (customer) => [...(days.get(customer) ?? [])].filter((day) => day > today - recentDays).length,
    ),
  }
}

function dayOf(momentMs: EpochMs): number {
  return Math.floor(momentMs / dayMs)
}
