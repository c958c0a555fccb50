/** What a customer did, as far as the shop knows: for living it through once more. */

import type { Channel, TraitValue } from './snapshot.ts'
import type { EpochMs } from './time.ts'

/** What the shop knows of a customer. */
export interface PastCustomer {
  readonly id: string
  readonly timeZone: string | null
  readonly reachable: Readonly<Record<Channel, boolean>>
  readonly firstSeenMs: EpochMs
  /** As they are today: when they became so is not kept. */
  readonly traits: Readonly<Record<string, TraitValue>>
  readonly orders: readonly {
    readonly atMs: EpochMs
    readonly key: string
    readonly revenueCents: number
    readonly currency: string
  }[]
  readonly refunds: readonly { readonly atMs: EpochMs; readonly orderKey: string; readonly amountCents: number }[]
  /** `pending`: a yes that waits to be confirmed. */
  readonly words: readonly {
    readonly atMs: EpochMs
    readonly channel: Channel
    readonly topic: string
    readonly status: 'granted' | 'withdrawn' | 'pending'
  }[]
  readonly suppressions: readonly { readonly atMs: EpochMs; readonly channel: Channel; readonly reason: string }[]
  /** Other than orders and refunds, of the names that were asked for. */
  readonly events: readonly {
    readonly atMs: EpochMs
    readonly name: string
    readonly properties: Readonly<Record<string, TraitValue>>
  }[]
}
