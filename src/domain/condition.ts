/** Conditions on what is known of one customer: a tree of all, any and not over facts. */

import type { DateBound } from './conditions/date-bound.ts'
import type { EventCondition, EventPick, OrderCondition, SequenceCondition } from './conditions/happening.ts'
import type { Channel, ScoreKind, Snapshot, TraitValue } from './snapshot.ts'

/** What conditions look at: a part of the snapshot, and more where a condition needs it. */
export type CustomerView = Pick<Snapshot, 'customer' | 'orders' | 'scores' | 'contact' | 'more'>

export type Condition =
  | { readonly type: 'all'; readonly of: readonly Condition[] }
  | { readonly type: 'any'; readonly of: readonly Condition[] }
  | { readonly type: 'not'; readonly of: Condition }
  | { readonly type: 'value'; readonly fact: ValueFact; readonly test: ValueTest }
  | { readonly type: 'moment'; readonly fact: MomentFact; readonly test: MomentTest }
  | { readonly type: 'listed'; readonly list: ListFact; readonly keys: readonly string[] }
  | EventCondition
  | OrderCondition
  | SequenceCondition

/** Facts that hold until news changes them, or until a date in them comes near. */
export type ValueFact =
  | { readonly of: 'orders'; readonly name: OrderFactName }
  | { readonly of: 'score'; readonly name: ScoreName }
  | { readonly of: 'tier'; readonly name: ScoreKind }
  | { readonly of: 'trait'; readonly name: string }
  /** A trait computed by rule. */
  | { readonly of: 'computed'; readonly name: string }
  | { readonly of: 'profile'; readonly name: ProfileName }
  | { readonly of: 'stage' }
  | { readonly of: 'at-risk' }
  /** `granted`, `withdrawn`, or missing. */
  | { readonly of: 'consent'; readonly channel: Channel; readonly topic: string }
  | { readonly of: 'reachable'; readonly channel: Channel }

/**
 * Sums are in minor units; the average is of an order, the interval between orders in milliseconds, both rounded down. The
 * price sensitivity is the share of the revenue that came with a discount.
 */
export type OrderFactName = 'count' | 'revenue' | 'refunded' | 'discount' | 'average' | 'interval' | 'sensitivity'

/** From 1 to 5, of all customers: how recent, how often, how much. */
type RfmScore = 'rfm_recency' | 'rfm_frequency' | 'rfm_monetary'

export type ScoreName = ScoreKind | RfmScore

export type ProfileName = 'country' | 'locale' | 'timeZone' | 'emailDomain'

/** Sets of keys, of which the customer is in any. */
export type ListFact =
  | { readonly of: 'segment' }
  | { readonly of: 'journey'; readonly state: 'active' | 'entered' | 'completed' }
  | { readonly of: 'match'; readonly kind: MatchKind }

export type MatchKind = 'cluster' | 'rule' | 'sequence' | 'recommendation' | 'send-hour' | 'offer'

/** Facts whose answer changes as time goes by. */
export type MomentFact = 'orders.first' | 'orders.last' | 'seen.first' | 'seen.last' | 'stage.since'

/** `within`: no longer ago than this. `before`: longer ago than this. Neither holds for what never happened. */
export type MomentTest = { readonly is: 'within' | 'before'; readonly lengthMs: number }

/** Tests of a single value; all that are given must hold. A missing value passes only `exists: false` and `notEquals`. */
export interface ValueTest {
  readonly exists?: boolean
  readonly equals?: TraitValue
  readonly notEquals?: TraitValue
  readonly in?: readonly TraitValue[]
  readonly notIn?: readonly TraitValue[]
  readonly contains?: string
  readonly startsWith?: string
  readonly endsWith?: string
  /** A regular expression. @see conditions/pattern.ts */
  readonly matches?: string
  readonly atLeast?: number
  readonly atMost?: number
  readonly moreThan?: number
  readonly lessThan?: number
  /** Of a date, from here on … */
  readonly after?: DateBound
  /** … and before this. */
  readonly before?: DateBound
}

/**
 * The names of all facts that a condition looks at: `orders.count`, `orders.last`, `trait.NAME`, `event.NAME`, `page.NAME`,
 * `consent.email`, `segment.KEY`, … What touches none of them cannot change the answer.
 */
export function factsOf(condition: Condition): readonly string[] {
  switch (condition.type) {
    case 'all':
    case 'any':
      return condition.of.flatMap(factsOf)
    case 'not':
      return factsOf(condition.of)
    case 'moment':
      return [condition.fact]
    case 'value':
      return [valueFactName(condition.fact)]
    case 'listed':
      return condition.keys.map((key) => `${listName(condition.list)}.${key}`)
    case 'event':
      return [eventName(condition.pick)]
    case 'sequence':
      return condition.steps.map(eventName)
    case 'order':
      return ['orders.single']
  }
}

function valueFactName(fact: ValueFact): string {
  if ('name' in fact) return `${fact.of}.${fact.name}`
  return 'channel' in fact ? `${fact.of}.${fact.channel}` : fact.of
}

function listName(list: ListFact): string {
  if (list.of === 'match') return `match.${list.kind}`
  return list.of === 'journey' ? `journey.${list.state}` : list.of
}

function eventName({ kind, name }: EventPick): string {
  return `${kind === 'track' ? 'event' : kind}.${name ?? '*'}`
}
