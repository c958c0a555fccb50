/** Conditions on what is known of one customer: a tree of all, any and not over facts. */

import type { Channel, ScoreKind, Snapshot, TraitValue } from './snapshot.ts'

/** The part of a snapshot that conditions look at. */
export type CustomerView = Pick<Snapshot, 'customer' | 'orders' | 'scores' | 'contact'>

export type Condition =
  | { readonly type: 'all'; readonly of: readonly Condition[] }
  | { readonly type: 'any'; readonly of: readonly Condition[] }
  | { readonly type: 'not'; readonly of: Condition }
  | { readonly type: 'value'; readonly fact: ValueFact; readonly test: ValueTest }
  | { readonly type: 'moment'; readonly fact: MomentFact; readonly test: MomentTest }

/** Facts that hold until news changes them. */
export type ValueFact =
  | { readonly of: 'orders'; readonly name: 'count' | 'revenue' | 'refunded' }
  | { readonly of: 'score'; readonly name: ScoreKind }
  | { readonly of: 'tier'; readonly name: ScoreKind }
  | { readonly of: 'trait'; readonly name: string }
  | { readonly of: 'stage' }
  | { readonly of: 'at-risk' }
  /** `granted`, `withdrawn`, or missing. */
  | { readonly of: 'consent'; readonly channel: Channel; readonly topic: string }
  | { readonly of: 'reachable'; readonly channel: Channel }

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
  readonly atLeast?: number
  readonly atMost?: number
  readonly moreThan?: number
  readonly lessThan?: number
}

/** The names of all facts that a condition looks at; a trait appears as `trait.NAME`. */
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
      return ['name' in condition.fact ? `${condition.fact.of}.${condition.fact.name}` : condition.fact.of]
  }
}
