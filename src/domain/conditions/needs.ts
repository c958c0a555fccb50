/** What has to be loaded with a customer before conditions can be asked: nothing that no condition looks at. */

import type { Condition, ValueFact } from '../condition.ts'
import { eventKey } from '../event-key.ts'
import { type EventKind, type EventPick, readsSingleEvents } from './happening.ts'

export interface Needs {
  /** Single events by kind and name (null: any), at most that long ago. */
  readonly events: readonly { readonly kind: EventKind; readonly name: string | null; readonly withinMs: number }[]
  /** Keys of daily counts. */
  readonly eventDays: readonly string[]
  readonly orders: boolean
  readonly profile: boolean
  readonly segments: boolean
  readonly journeys: boolean
  readonly matches: boolean
  readonly computed: boolean
}

/** @returns undefined if the snapshot is enough. */
export function needsOf(conditions: readonly Condition[]): Needs | undefined {
  const found = new Found()
  for (const condition of conditions) found.add(condition)
  return found.isEmpty ? undefined : found.result()
}

class Found {
  readonly #events = new Map<string, Needs['events'][number]>()
  readonly #eventDays = new Set<string>()
  readonly #facts = new Set<Exclude<keyof Needs, 'events' | 'eventDays'>>()

  get isEmpty(): boolean {
    return this.#events.size + this.#eventDays.size + this.#facts.size === 0
  }

  result(): Needs {
    const has = (fact: Exclude<keyof Needs, 'events' | 'eventDays'>): boolean => this.#facts.has(fact)
    return {
      events: [...this.#events.values()],
      eventDays: [...this.#eventDays],
      orders: has('orders'),
      profile: has('profile'),
      segments: has('segments'),
      journeys: has('journeys'),
      matches: has('matches'),
      computed: has('computed'),
    }
  }

  add(condition: Condition): void {
    switch (condition.type) {
      case 'all':
      case 'any':
        for (const each of condition.of) this.add(each)
        return
      case 'not':
        this.add(condition.of)
        return
      case 'moment':
        return
      case 'value':
        this.#addValue(condition.fact)
        return
      case 'listed':
        this.#facts.add(listNeeds[condition.list.of])
        return
      case 'order':
        this.#facts.add('orders')
        return
      case 'event':
        if (readsSingleEvents(condition)) this.#addEvents(condition.pick, condition.period.withinMs)
        else this.#eventDays.add(eventKey(condition.pick.kind, condition.pick.name) ?? '')
        return
      case 'sequence':
        for (const step of condition.steps) this.#addEvents(step, condition.period.withinMs)
    }
  }

  #addValue(fact: ValueFact): void {
    if (fact.of === 'computed' || fact.of === 'profile') this.#facts.add(fact.of)
    if (fact.of === 'orders' && (fact.name === 'discount' || fact.name === 'sensitivity')) this.#facts.add('profile')
  }

  #addEvents({ kind, name }: EventPick, withinMs: number | null): void {
    const key = JSON.stringify([kind, name])
    const longestMs = Math.max(withinMs ?? Infinity, this.#events.get(key)?.withinMs ?? 0)
    this.#events.set(key, { kind, name, withinMs: longestMs })
  }
}

const listNeeds = { segment: 'segments', journey: 'journeys', match: 'matches' } as const
