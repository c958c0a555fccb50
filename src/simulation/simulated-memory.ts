/**
 * What a simulated customer keeps for conditions that look further than the snapshot: single events, orders, journeys. In a
 * simulation there are no findings of models and no countries.
 */

import type { EventFacts, MoreFacts, SingleOrderFacts } from '../domain/conditions/more-facts.ts'
import { eventKey } from '../domain/event-key.ts'
import type { RunFacts } from '../domain/snapshot.ts'
import { dayMs, type EpochMs } from '../domain/time.ts'
import type { Happening } from './happenings.ts'
import { SimulatedGroups } from './simulated-groups.ts'

type Mutable<Facts> = { -readonly [Name in keyof Facts]: Facts[Name] }

export class SimulatedMemory {
  readonly groups = new SimulatedGroups()
  readonly #events: EventFacts[] = []
  readonly #days = new Map<string, Mutable<MoreFacts['eventDays'][number]>>()
  readonly #orders: SingleOrderFacts[] = []
  readonly #ended: MoreFacts['journeys'][number][] = []

  note(happening: Happening, atMs: EpochMs): void {
    if (happening.type === 'event') this.#noteEvent(happening.name, happening.properties, atMs)
    if (happening.type === 'order')
      this.#noteEvent('Order Completed', { total: happening.order.revenueCents / 100 }, atMs)
    if (happening.type === 'refund') this.#noteEvent('Order Refunded', { total: happening.amountCents / 100 }, atMs)
  }

  #noteEvent(name: string, properties: EventFacts['properties'], atMs: EpochMs): void {
    this.#events.push({ kind: 'track', name, atMs, properties })
    const key = eventKey('track', name)
    if (key === undefined) return
    const startMs = Math.floor(atMs / dayMs) * dayMs
    const day = this.#days.get(`${startMs} ${key}`)
    if (day === undefined)
      this.#days.set(`${startMs} ${key}`, { key, dayMs: startMs, count: 1, firstMs: atMs, lastMs: atMs })
    else Object.assign(day, { count: day.count + 1, lastMs: atMs })
  }

  noteOrder(revenueCents: number, products: readonly string[], atMs: EpochMs): void {
    this.#orders.push({ atMs, revenueCents, products, categories: [] })
  }

  noteEnd(journey: string, status: string): void {
    this.#ended.push({ journey, status })
  }

  facts(timeZone: string | null, runs: readonly RunFacts[]): MoreFacts {
    return {
      events: this.#events,
      eventDays: [...this.#days.values()],
      orders: this.#orders,
      profile: {
        country: null,
        locale: null,
        emailDomain: null,
        timeZone,
        discountCents: 0,
        discountedRevenueCents: 0,
      },
      segments: this.groups.segments,
      journeys: [...runs.map(({ journey }) => ({ journey, status: 'active' })), ...this.#ended],
      matches: [],
      computed: this.groups.computed,
    }
  }
}
