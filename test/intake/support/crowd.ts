/** The lives of many customers, told late, twice and in no order: the same ones for the same seed. */

import { dayMs } from '../../../src/domain/time.ts'
import { type Call, startMs } from './shop.ts'

export interface Crowd {
  /** Every message once. */
  readonly calls: readonly Call[]
  /** As they arrive: mixed up, many of them twice. */
  readonly arriving: readonly Call[]
}

const products = 200
const categories = ['Blues', 'Folk', 'Jazz', 'Pop', 'Soul']
/** Nobody's customers, who refund and cancel for others. */
const desks = 20

export function makeCrowd(people: number, eventsEach: number, seed: number): Crowd {
  const random = seeded(seed)
  const calls = Array.from({ length: people }, (_, person) => life(person, eventsEach, random)).flat()
  const numbered = calls.map((call, index): Call => ({ ...call, messageId: `m${index}` }))
  const twice = numbered.filter(() => random() < 0.15)
  return { calls: numbered, arriving: shuffled([...numbered, ...twice], random) }
}

/** Partly nameless, partly known; at least once both, so that the two turn out to be one. */
function life(person: number, count: number, random: () => number): Call[] {
  const user = { userId: `u${person}` }
  const browser = { anonymousId: `a${person}` }
  const both = { ...user, ...browser }
  const calls: Call[] = [{ type: 'identify', ...both, timestamp: moment(random) }]
  while (calls.length < count) {
    const whose = pick([user, user, browser, both], random)
    calls.push({ ...something(person, whose, random), timestamp: moment(random) })
  }
  return calls
}

function something(person: number, whose: object, random: () => number): Call {
  const order_id = `o${person}-${Math.floor(random() * 6)}`
  const dice = random()
  if (dice < 0.5) return { type: 'track', event: 'Product Viewed', properties: product(random), ...whose }
  if (dice < 0.7) return { type: 'page', name: pick(['Pricing', 'Basket', 'Home'], random), ...whose }
  if (dice < 0.75) return { type: 'identify', traits: { plan: pick(['free', 'pro'], random) }, ...whose }
  if (dice < 0.92) {
    const lines = Array.from({ length: Math.floor(random() * 4) }, () => ({
      ...product(random),
      price: 1 + Math.floor(random() * 50),
      quantity: 1 + Math.floor(random() * 3),
    }))
    const properties = {
      order_id,
      revenue: Math.floor(random() * 10_000) / 100,
      discount: random() < 0.3 ? 2.5 : 0,
      currency: random() < 0.8 ? 'EUR' : 'USD',
      products: lines,
    }
    return { type: 'track', event: pick(['Order Completed', 'Order Updated'], random), properties, ...whose }
  }
  const by = random() < 0.2 ? { anonymousId: `desk${Math.floor(random() * desks)}` } : whose
  if (dice < 0.98) {
    const total = random() < 0.2 ? {} : { total: 1 + Math.floor(random() * 30) }
    return { type: 'track', event: 'Order Refunded', properties: { order_id, currency: 'EUR', ...total }, ...by }
  }
  return { type: 'track', event: 'Order Cancelled', properties: { order_id }, ...by }
}

/** Its category is told rarely, and changes in the course of time. */
function product(random: () => number): object {
  const product_id = `p${Math.floor(random() ** 2 * products)}`
  return random() < 0.02 ? { product_id, category: pick(categories, random) } : { product_id }
}

function moment(random: () => number): string {
  return new Date(startMs - (40 + random() * 60) * dayMs).toISOString()
}

function pick<T>(list: readonly T[], random: () => number): T {
  return list[Math.floor(random() * list.length)] as T
}

function shuffled<T>(list: T[], random: () => number): T[] {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[list[last], list[other]] = [list[other] as T, list[last] as T]
  }
  return list
}

/** Numbers from 0 to 1 (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
