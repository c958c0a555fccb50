/** What may happen to a simulated customer, whoever made it up: a generated year, a scenario, or a shop's own past. */

import type { Channel, ScoreFacts, TraitValue } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'

export type Happening =
  /** The shop can name or reach the customer from now on. */
  | { readonly type: 'arrives' }
  | { readonly type: 'event'; readonly name: string; readonly properties: Readonly<Record<string, TraitValue>> }
  | { readonly type: 'order'; readonly order: SimulatedOrder }
  | { readonly type: 'refund'; readonly orderKey: string; readonly amountCents: number }
  | { readonly type: 'trait'; readonly name: string; readonly value: TraitValue }
  /** Somebody in the shop finished a task for this customer. */
  | { readonly type: 'task'; readonly taskId: string; readonly outcome: string }
  /** Somebody in the shop puts the customer into a journey. */
  | { readonly type: 'entry'; readonly journey: string }
  | {
      readonly type: 'consent'
      readonly channel: Channel
      readonly topic: string
      readonly status: 'granted' | 'withdrawn'
      /** A yes that was confirmed already, where that is needed. */
      readonly isConfirmed?: boolean
    }
  /** Somebody followed the link of a message that asked to confirm these. */
  | { readonly type: 'confirmation'; readonly channel: Channel; readonly consents: readonly number[] }
  /** The address is dead, or its owner said STOP; null: START. */
  | { readonly type: 'suppression'; readonly channel: Channel; readonly reason: string | null }
  /** A model has another opinion of the customer, and keeps it. */
  | { readonly type: 'score'; readonly scores: GivenScores }

/** Scores that are said instead of computed. */
export interface GivenScores {
  readonly churn?: number
  readonly clv?: number
  readonly clvTier?: NonNullable<ScoreFacts['tier']>
}

export interface SimulatedOrder {
  readonly key: string
  readonly revenueCents: number
  readonly currency: string
  readonly products: readonly string[]
  /** The code that was redeemed. */
  readonly coupon: string | null
}

export interface TimedHappening {
  readonly atMs: EpochMs
  /** A function where it is only known when it happens: an answer to a message, the end of a task. */
  readonly happening: Happening | (() => readonly Happening[])
}

/** What was before a simulation began: nobody hears of it as news. */
export interface SimulatedPast {
  readonly firstSeenMs: EpochMs
  readonly orders: readonly { readonly atMs: EpochMs; readonly order: SimulatedOrder }[]
  readonly scores: GivenScores
  readonly traits: Readonly<Record<string, TraitValue>>
  readonly words: readonly Extract<Happening, { type: 'consent' | 'suppression' }>[]
  /** Variants that the customer was given, by `experimentKey`. */
  readonly variants: Readonly<Record<string, string>>
}
