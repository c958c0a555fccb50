/** What may happen to a simulated customer, whoever made it up: a generated year, a scenario, or a shop's own past. */

import type { Channel, TraitValue } from '../domain/snapshot.ts'
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
    }
  /** The address is dead, or its owner said STOP; null: START. */
  | { readonly type: 'suppression'; readonly channel: Channel; readonly reason: string | null }

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
  readonly happening: Happening
}
