/** Whether a condition holds for a customer at a moment, and when that could next change by itself. */

import type { Condition, CustomerView, ListFact, MomentFact, OrderFactName, ScoreName, ValueFact } from './condition.ts'
import { eventStanding, orderStanding, sequenceStanding } from './conditions/happening-standing.ts'
import type { MoreFacts } from './conditions/more-facts.ts'
import { consentTo } from './contact-policy.ts'
import { averageOrderIntervalMs, priceSensitivity } from './order-habits.ts'
import type { ScoreFacts } from './snapshot.ts'
import { fixed, longerAgo, type Standing, within } from './standing.ts'
import type { EpochMs } from './time.ts'
import { valueStanding } from './value-test.ts'

/**
 * What is not known passes no test, except those for its absence.
 *
 * @throws RangeError if the condition needs more facts than were loaded. @see needsOf
 */
export function holds(condition: Condition, view: CustomerView, nowMs: EpochMs): boolean {
  return standingOf(condition, view, nowMs) > 0
}

/**
 * The earliest moment after now at which the condition could change without news; null if time alone never changes it.
 * It may be too early (where another part outweighs the one that changes), never too late.
 */
export function nextFlip(condition: Condition, view: CustomerView, nowMs: EpochMs): EpochMs | null {
  const untilMs = Math.abs(standingOf(condition, view, nowMs))
  return untilMs === Infinity ? null : untilMs
}

/** The earliest moment at which any of them could change without news. */
export function earliestFlip(conditions: readonly Condition[], view: CustomerView, nowMs: EpochMs): EpochMs | null {
  let next: EpochMs | null = null
  for (const condition of conditions) next = earliest(next, nextFlip(condition, view, nowMs))
  return next
}

/** Both answers at once. @see standing.ts */
export function standingOf(condition: Condition, view: CustomerView, nowMs: EpochMs): Standing {
  switch (condition.type) {
    case 'all': {
      let least: Standing = Infinity
      for (const each of condition.of) {
        least = Math.min(least, standingOf(each, view, nowMs))
        if (least === -Infinity) break
      }
      return least
    }
    case 'any': {
      let greatest: Standing = -Infinity
      for (const each of condition.of) {
        greatest = Math.max(greatest, standingOf(each, view, nowMs))
        if (greatest === Infinity) break
      }
      return greatest
    }
    case 'not':
      return -standingOf(condition.of, view, nowMs)
    case 'value':
      return valueStanding(condition.test, valueOf(condition.fact, view), nowMs)
    case 'moment': {
      const { is, lengthMs } = condition.test
      const momentMs = momentOf(condition.fact, view)
      return is === 'within' ? within(momentMs, lengthMs, nowMs) : longerAgo(momentMs, lengthMs, nowMs)
    }
    case 'listed':
      return fixed(isListed(condition.list, condition.keys, moreOf(view)))
    case 'event':
      return eventStanding(condition, moreOf(view), nowMs)
    case 'order':
      return orderStanding(condition, moreOf(view), nowMs)
    case 'sequence':
      return sequenceStanding(condition, moreOf(view), nowMs)
  }
}

/** @throws RangeError where they were not loaded: "not known" would be taken for "never happened". */
function moreOf({ more }: CustomerView): MoreFacts {
  if (more === undefined) throw new RangeError('a condition asks for facts that were not loaded with the customer')
  return more
}

function isListed(list: ListFact, keys: readonly string[], more: MoreFacts): boolean {
  switch (list.of) {
    case 'segment':
      return keys.some((key) => more.segments.has(key))
    case 'journey':
      return more.journeys.some(
        ({ journey, status }) => keys.includes(journey) && (list.state === 'entered' || status === list.state),
      )
    case 'match':
      return more.matches.some(({ kind, key }) => kind === list.kind && keys.includes(key))
  }
}

/** The earlier of two moments, of which either may never come. */
export function earliest(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  if (a === null) return b
  return b === null || a <= b ? a : b
}

function valueOf(fact: ValueFact, view: CustomerView): unknown {
  switch (fact.of) {
    case 'orders':
      return orderValue(fact.name, view)
    case 'score':
      return scoreOf(fact.name, view)?.value
    case 'tier':
      return scoreOf(fact.name, view)?.tier
    case 'trait':
      return Object.hasOwn(view.customer.traits, fact.name) ? view.customer.traits[fact.name] : undefined
    case 'computed': {
      const { computed } = moreOf(view)
      return Object.hasOwn(computed, fact.name) ? computed[fact.name] : undefined
    }
    case 'profile':
      return moreOf(view).profile[fact.name]
    case 'stage':
      return view.customer.stage
    case 'at-risk':
      return view.customer.atRisk
    case 'consent':
      return consentTo(fact.topic, view.contact[fact.channel])
    case 'reachable':
      return view.contact[fact.channel].reachable
  }
}

function scoreOf(name: ScoreName, { scores }: CustomerView): ScoreFacts | undefined {
  return (scores as Readonly<Partial<Record<ScoreName, ScoreFacts>>>)[name]
}

function orderValue(name: OrderFactName, view: CustomerView): number | undefined {
  const { count, revenueCents, refundedCents, firstOrderMs, lastOrderMs } = view.orders
  switch (name) {
    case 'count':
      return count
    case 'revenue':
      return revenueCents
    case 'refunded':
      return refundedCents
    case 'discount':
      return moreOf(view).profile.discountCents
    case 'average':
      return count === 0 ? undefined : Math.floor(revenueCents / count)
    case 'interval': {
      const intervalMs = averageOrderIntervalMs(count, firstOrderMs, lastOrderMs)
      return intervalMs === undefined ? undefined : Math.floor(intervalMs)
    }
    case 'sensitivity':
      return priceSensitivity(revenueCents, moreOf(view).profile.discountedRevenueCents)
  }
}

function momentOf(fact: MomentFact, { customer, orders }: CustomerView): EpochMs | null {
  switch (fact) {
    case 'orders.first':
      return orders.firstOrderMs
    case 'orders.last':
      return orders.lastOrderMs
    case 'seen.first':
      return customer.firstSeenMs
    case 'seen.last':
      return customer.lastSeenMs
    case 'stage.since':
      return customer.stageSinceMs
  }
}
