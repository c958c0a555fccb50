/** The orders of one simulated customer, and what they come to. */

import type { Snapshot } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { SimulatedOrder } from './happenings.ts'

export interface PlacedOrder {
  readonly atMs: EpochMs
  readonly key: string
  readonly revenueCents: number
  refundedCents: number
}

export class SimulatedOrders {
  /** In the order in which they were placed. */
  readonly placed: PlacedOrder[] = []
  #revenueCents = 0
  #refundedCents = 0

  get facts(): Snapshot['orders'] {
    return {
      count: this.placed.length,
      revenueCents: this.#revenueCents,
      refundedCents: this.#refundedCents,
      firstOrderMs: this.placed[0]?.atMs ?? null,
      lastOrderMs: this.lastMs,
    }
  }

  get lastMs(): EpochMs | null {
    return this.placed.at(-1)?.atMs ?? null
  }

  add({ key, revenueCents }: SimulatedOrder, atMs: EpochMs): void {
    this.placed.push({ atMs, key, revenueCents, refundedCents: 0 })
    this.#revenueCents += revenueCents
  }

  /** @returns whether there is such an order. */
  refund(orderKey: string, amountCents: number): boolean {
    const order = this.placed.find(({ key }) => key === orderKey)
    if (order === undefined) return false
    order.refundedCents += amountCents
    this.#refundedCents += amountCents
    return true
  }
}
