/** Whether a condition holds for a customer at a moment, and when that could next change by itself. */

import type { Condition, CustomerView, MomentFact, ValueFact } from './condition.ts'
import { consentTo } from './contact-policy.ts'
import type { EpochMs } from './time.ts'
import { passes } from './value-test.ts'

/** Never throws: what is not known passes no test, except those for its absence. */
export function holds(condition: Condition, view: CustomerView, nowMs: EpochMs): boolean {
  switch (condition.type) {
    case 'all':
      for (const each of condition.of) if (!holds(each, view, nowMs)) return false
      return true
    case 'any':
      for (const each of condition.of) if (holds(each, view, nowMs)) return true
      return false
    case 'not':
      return !holds(condition.of, view, nowMs)
    case 'value':
      return passes(condition.test, valueOf(condition.fact, view))
    case 'moment': {
      const momentMs = momentOf(condition.fact, view)
      if (momentMs === null) return false
      const isWithin = nowMs - momentMs <= condition.test.lengthMs
      return condition.test.is === 'within' ? isWithin : !isWithin
    }
  }
}

/**
 * The earliest moment after now at which the condition could change without news; null if time alone never changes it.
 * It may be too early (where another part outweighs the one that changes), never too late.
 */
export function nextFlip(condition: Condition, view: CustomerView, nowMs: EpochMs): EpochMs | null {
  switch (condition.type) {
    case 'all':
    case 'any': {
      let next: EpochMs | null = null
      for (const each of condition.of) next = earliest(next, nextFlip(each, view, nowMs))
      return next
    }
    case 'not':
      return nextFlip(condition.of, view, nowMs)
    case 'value':
      return null
    case 'moment': {
      const momentMs = momentOf(condition.fact, view)
      if (momentMs === null) return null
      // "Within" still holds at the last millisecond, so the change is one later.
      const flipMs = momentMs + condition.test.lengthMs + 1
      return flipMs > nowMs ? flipMs : null
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
