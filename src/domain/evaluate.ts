/** Whether a condition holds for a customer at a moment, and when that could next change by itself. */

import type { Condition, CustomerView, MomentFact, ValueFact } from './condition.ts'
import { consentTo } from './contact-policy.ts'
import { fixed, longerAgo, type Standing, within } from './standing.ts'
import type { EpochMs } from './time.ts'
import { passes } from './value-test.ts'

/** Never throws: what is not known passes no test, except those for its absence. */
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
      return fixed(passes(condition.test, valueOf(condition.fact, view)))
    case 'moment': {
      const { is, lengthMs } = condition.test
      const momentMs = momentOf(condition.fact, view)
      return is === 'within' ? within(momentMs, lengthMs, nowMs) : longerAgo(momentMs, lengthMs, nowMs)
    }
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
      return view.scores[fact.name]?.value
    case 'tier':
      return view.scores[fact.name]?.tier
    case 'trait':
      return Object.hasOwn(view.customer.traits, fact.name) ? view.customer.traits[fact.name] : undefined
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

function orderValue(name: 'count' | 'revenue' | 'refunded', { orders }: CustomerView): number {
  if (name === 'count') return orders.count
  return name === 'revenue' ? orders.revenueCents : orders.refundedCents
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
