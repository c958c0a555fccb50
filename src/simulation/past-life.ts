/**
 * A customer of the shop as they really were: what they did in the past happens again, whatever they are sent. Nobody can
 * tell how they would have answered; only a coupon is taken to be used with the next order that it is good for.
 */

import type { PastCustomer } from '../domain/past-customer.ts'
import type { Channel } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Happening, SimulatedOrder, SimulatedPast, TimedHappening } from './happenings.ts'
import type { SimulatedPerson } from './simulated-customer.ts'
import type { SimulatedMessage } from './simulated-ledger.ts'
import type { Life } from './simulation.ts'

type Word = Extract<Happening, { type: 'consent' | 'suppression' }>

export class PastLife implements Life {
  readonly person: SimulatedPerson
  readonly arrivesAtMs: EpochMs
  readonly past?: SimulatedPast
  /** The latest first. */
  readonly #agenda: TimedHappening[]
  /** Codes that came with messages, and were not used yet. */
  readonly #codes: string[] = []

  /** @param fromMs what was before is known when it begins. */
  constructor(customer: PastCustomer, fromMs: EpochMs) {
    const { id, timeZone, reachable, firstSeenMs, traits, orders } = customer
    this.person = { id, timeZone, reachable }
    this.arrivesAtMs = Math.max(firstSeenMs, fromMs)
    const all = happeningsOf(customer, (order) => this.#withCoupon(order))
    const isKnown = firstSeenMs < fromMs
    const before = all.filter(({ atMs }) => atMs < fromMs)
    this.past = {
      firstSeenMs,
      orders: orders
        .filter(({ atMs }) => atMs < fromMs)
        .map(({ atMs, ...order }) => ({ atMs, order: { ...order, products: [], coupon: null } })),
      scores: {},
      traits,
      // A yes that was not confirmed by then counts for nothing.
      words: before.flatMap(({ happening }) => (isWord(happening) && isCounting(happening) ? [happening] : [])),
      variants: {},
    }
    const first: TimedHappening = { atMs: this.arrivesAtMs, happening: () => (isKnown ? [] : [{ type: 'arrives' }]) }
    this.#agenda = [first, ...all.filter(({ atMs }) => atMs >= fromMs)].sort((a, b) => b.atMs - a.atMs)
  }

  next(): TimedHappening | undefined {
    return this.#agenda.pop()
  }

  answer(_message: SimulatedMessage, code: string | null): readonly TimedHappening[] {
    if (code !== null && !this.#codes.includes(code)) this.#codes.push(code)
    return []
  }

  #withCoupon(order: Omit<SimulatedOrder, 'coupon'>): Happening {
    return { type: 'order', order: { ...order, coupon: this.#codes.shift() ?? null } }
  }
}

function happeningsOf(
  { orders, refunds, words, suppressions, events }: PastCustomer,
  buy: (order: Omit<SimulatedOrder, 'coupon'>) => Happening,
): TimedHappening[] {
  return [
    ...orders.map(({ atMs, ...order }) => ({ atMs, happening: () => [buy({ ...order, products: [] })] })),
    ...refunds.map(({ atMs, ...refund }) => ({ atMs, happening: { type: 'refund', ...refund } as const })),
    ...words.map(({ atMs, status, ...word }) => ({ atMs, happening: wordOf(word, status) })),
    ...suppressions.map(({ atMs, ...word }) => ({ atMs, happening: { type: 'suppression', ...word } as const })),
    ...events.map(({ atMs, ...event }) => ({ atMs, happening: { type: 'event', ...event } as const })),
  ]
}

function wordOf(
  word: { readonly channel: Channel; readonly topic: string },
  status: PastCustomer['words'][number]['status'],
): Word {
  if (status === 'pending') return { type: 'consent', ...word, status: 'granted' }
  return { type: 'consent', ...word, status, isConfirmed: true }
}

function isCounting(word: Word): boolean {
  return word.type === 'suppression' || word.isConfirmed === true
}

function isWord(happening: TimedHappening['happening']): happening is Word {
  return typeof happening !== 'function' && (happening.type === 'consent' || happening.type === 'suppression')
}
