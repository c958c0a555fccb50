/** Customers in the middle of three journeys of the shop, and what may have happened to them since. */

import { decide } from '../../src/domain/decide.ts'
import type { Definitions, JourneyDefinition } from '../../src/domain/definitions.ts'
import type { News, RunFacts, Snapshot } from '../../src/domain/snapshot.ts'
import { dayMs, type EpochMs, hourMs } from '../../src/domain/time.ts'
import { simulatedZones } from '../../src/simulation/zones.ts'
import { unknownProfile } from '../../src/store/segment-facts.ts'

/** Noon in Berlin, on a Wednesday. */
export const nowMs: EpochMs = Date.UTC(2026, 5, 17, 10)

export const situations = ['nothing new', 'a page viewed', 'a message due', 'an order'] as const

export type Situation = (typeof situations)[number]

/** Different people in the same situation, so that no decision is asked for twice in a row. */
export function customersIn(situation: Situation, definitions: Definitions, count: number): readonly Snapshot[] {
  return Array.from({ length: count }, (_, i) => lookedAt(customerIn(situation, definitions, i), definitions))
}

/** As an earlier decision has left the runs that wait: with their wake-ups. */
function lookedAt(snapshot: Snapshot, definitions: Definitions): Snapshot {
  const { runs } = decide({ ...snapshot, news: [] }, definitions, nowMs, { id: (key) => key, code: (key) => key })
  const wakes = new Map(runs.map(({ id, wakeAtMs }) => [id, wakeAtMs]))
  return { ...snapshot, runs: snapshot.runs.map((run) => ({ ...run, wakeAtMs: wakes.get(run.id) ?? null })) }
}

function customerIn(situation: Situation, definitions: Definitions, i: number): Snapshot {
  const runAt = (journey: string, step: string, sinceMs: EpochMs): RunFacts =>
    runOf(definitions, journey, step, sinceMs)
  const isDue = situation === 'a message due'
  return {
    customer: {
      id: `00000000-0000-4000-8000-${i.toString(16).padStart(12, '0')}`,
      stage: 'retain',
      stageSinceMs: nowMs - 40 * dayMs,
      atRisk: false,
      traits: { plan: 'free', csat: 4, nps: 8 },
      // By day, so that no message waits for the morning.
      timeZone: i % 4 === 3 ? null : (simulatedZones[[1, 2, 5][i % 3] as number] as string),
      firstSeenMs: nowMs - 200 * dayMs,
      lastSeenMs: nowMs - hourMs,
      scoredMs: nowMs,
    },
    orders: {
      count: 3,
      revenueCents: 9_900 + i,
      refundedCents: 0,
      firstOrderMs: nowMs - 150 * dayMs,
      lastOrderMs: nowMs - 30 * dayMs,
    },
    scores: {
      churn: { value: 0.3, tier: null, scoredAtMs: nowMs },
      clv: { value: 12_000, tier: 'middle', scoredAtMs: nowMs },
    },
    contact: {
      email: { reachable: true, suppressed: null, consents: { '*': 'granted' } },
      sms: { reachable: true, suppressed: null, consents: { '*': 'granted', news: 'granted' } },
    },
    runs: [
      runAt('regulars', isDue ? 'two-days' : 'another-order', nowMs - (isDue ? 3 : 20) * dayMs),
      runAt('review-request', 'on-its-way', nowMs - 2 * dayMs),
      runAt('browse-abandonment', 'second-look', nowMs - 5 * hourMs),
    ],
    pastRuns: ['welcome', 'first-order', 'review-request', 'cart-abandonment', 'browse-abandonment'].map(
      (journey, n) => ({
        journey,
        entryNumber: 1,
        enteredAtMs: nowMs - (150 - n) * dayMs,
        endedAtMs: nowMs - (130 - n) * dayMs,
        endReason: 'reached the end',
      }),
    ),
    recentMessages: [9, 16, 23].map((days) => ({
      channel: 'email',
      journey: 'price-drop',
      messageClass: 'marketing',
      atMs: nowMs - days * dayMs,
    })),
    news: newsIn(situation),
    coupons: [],
    assignments: { 'birthday/present': 'wish' },
    more: {
      events: [],
      eventDays: [],
      orders: [],
      profile: unknownProfile,
      segments: new Set(),
      journeys: ['regulars', 'review-request', 'browse-abandonment'].map((journey) => ({ journey, status: 'active' })),
      matches: [],
      computed: {},
    },
  }
}

function newsIn(situation: Situation): readonly News[] {
  const event = (name: string, properties: Readonly<Record<string, unknown>>): News[] => [
    { id: 1, kind: 'event', name, properties, atMs: nowMs - 1_000 },
  ]
  if (situation === 'a page viewed') return event('Product Viewed', { product_id: 'sku-7', price: 21.5 })
  return situation === 'an order' ? event('Order Completed', { order_id: 'o-4', total: 54.5 }) : []
}

function runOf(definitions: Definitions, key: string, step: string, sinceMs: EpochMs): RunFacts {
  const journey = definitions.live.find((each) => each.key === key) as JourneyDefinition
  return {
    id: `run-${key}`,
    journey: key,
    version: journey.version,
    entryNumber: 1,
    step,
    stepSinceMs: sinceMs,
    wakeAtMs: null,
    enteredAtMs: sinceMs,
    memory: { visits: { [step]: 1 } },
  }
}
