/**
 * A generated shop's customers: who they are and how they behave. Everybody has a stream of chance of their own, so one
 * person's life does not depend on how many others there are.
 */

import { type Random, seededRandom } from '../analytics/core/random.ts'
import { randomBeta, randomGamma } from '../analytics/core/random-variates.ts'
import type { Channel } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import { dayMs } from '../domain/time.ts'
import type { SimulatedPerson } from './simulated-customer.ts'
import { simulatedZones } from './zones.ts'

/** What makes somebody the customer they are. Chances are from 0 to 1. */
export interface Character {
  readonly person: SimulatedPerson
  readonly random: Random
  readonly arrivesAtMs: EpochMs
  /** What they say about messages when they arrive. */
  readonly words: readonly {
    readonly channel: Channel
    readonly topic: string
    readonly status: 'granted' | 'withdrawn'
  }[]
  /** Somebody fills in the same form with this address again and again. */
  readonly isPestered: boolean
  readonly daysBetweenVisits: number
  /** Of a visit: puts something into the cart; of that: orders it. */
  readonly cartChance: number
  readonly orderChance: number
  readonly meanOrderCents: number
  /** After an order: never comes back. */
  readonly dropoutChance: number
  readonly refundChance: number
  /** How much a message moves them. */
  readonly responsiveness: number
  /** Of a message: has enough of them. */
  readonly leaveChance: Readonly<Record<Channel, number>>
  /** The address is dead; it takes a message to find out. */
  readonly isDead: Readonly<Record<Channel, boolean>>
  /** How satisfied, 0 to 10: what they answer when asked. */
  readonly satisfaction: number
  readonly birthday: string
}

/** What the shop's policy lets customers speak about. */
export interface Topics {
  readonly topics: readonly string[]
  /** Of these, those that want a confirmed yes of their own: forms ask for it beside their box. */
  readonly confirmed: readonly string[]
}

export function characterOf(seed: number, index: number, topics: Topics, fromMs: EpochMs, toMs: EpochMs): Character {
  const random = seededRandom((Math.imul(seed, 0x9e37_79b1) + Math.imul(index + 1, 0x85eb_ca6b)) >>> 0)
  const sms = random() < 0.55
  const satisfaction = Math.min(10, Math.floor(11 * randomBeta(4, 1.5, random)))
  return {
    random,
    person: {
      id: uuidFrom(random),
      timeZone: random() < 0.03 ? null : zoneOf(random),
      reachable: { email: random() < 0.96, sms },
    },
    // More and more of them come as the shop grows; nobody on the last day.
    arrivesAtMs: Math.floor(fromMs + (toMs - fromMs) * 0.97 * random() ** 1.3),
    words: wordsOf(random, topics, sms),
    isPestered: random() < 0.02,
    daysBetweenVisits: 2 + 30 / Math.max(0.15, randomGamma(1.5, random)),
    cartChance: 0.15 + 0.5 * random(),
    orderChance: 0.25 + 0.6 * random(),
    meanOrderCents: 1_500 + 9_000 * randomGamma(1.2, random),
    dropoutChance: randomBeta(1, 4, random),
    refundChance: 0.04,
    responsiveness: randomBeta(1.2, 8, random),
    leaveChance: { email: 0.006, sms: 0.02 },
    isDead: { email: random() < 0.015, sms: random() < 0.02 },
    satisfaction,
    birthday: `${1950 + Math.floor(55 * random())}-${two(1 + Math.floor(12 * random()))}-${two(1 + Math.floor(28 * random()))}`,
  }
}

/** Many live where most do, and somebody lives everywhere. */
function zoneOf(random: Random): string {
  const place = Math.floor(simulatedZones.length * random() ** 2)
  return simulatedZones[place] as string
}

function wordsOf(random: Random, { topics, confirmed }: Topics, sms: boolean): Character['words'] {
  const words: { channel: Channel; topic: string; status: 'granted' | 'withdrawn' }[] = []
  const topic = topics[Math.floor(random() * topics.length)] ?? '*'
  const email = random()
  if (email < 0.55) words.push({ channel: 'email', topic: '*', status: 'granted' })
  else if (email < 0.65) words.push({ channel: 'email', topic, status: 'granted' })
  else if (email < 0.7) words.push({ channel: 'email', topic, status: 'withdrawn' })
  if (sms && random() < 0.7) words.push({ channel: 'sms', topic: random() < 0.8 ? '*' : topic, status: 'granted' })
  for (const each of confirmed) if (random() < 0.5) words.push({ channel: 'email', topic: each, status: 'granted' })
  return words
}

function uuidFrom(random: Random): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(16 * random()).toString(16)).join('')
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[Math.floor(4 * random())]}${hex(3)}-${hex(12)}`
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}

/** A wait until something that comes by chance, `meanDays` apart. */
export function randomWaitMs(random: Random, meanDays: number): number {
  return Math.max(1, Math.round(-Math.log(1 - random()) * meanDays * dayMs))
}
