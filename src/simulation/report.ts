/** What a simulation came to: messages a week, refusals, runs, stages, offers and what they cost, revenue. */

import type { Decision } from '../domain/decision.ts'
import type { Definitions } from '../domain/definitions.ts'
import { costOfOrder } from '../domain/offer-cost.ts'
import type { Channel, CouponFacts, Stage } from '../domain/snapshot.ts'
import { dayMs, type EpochMs } from '../domain/time.ts'
import type { Happening, SimulatedOrder } from './happenings.ts'
import type { ShopChange } from './shop-changes.ts'
import type { SimulatedCustomer } from './simulated-customer.ts'
import type { SimulatedMessage } from './simulated-ledger.ts'
import type { Observer } from './simulation.ts'

const weekMs = 7 * dayMs

/** An order so long after a message counts as made with it. */
const attributionMs = 5 * dayMs

type Counts<Key extends string = string> = Record<Key, number>

export interface OfferReport {
  issued: number
  redeemed: number
  /** Of the discounts that were redeemed, in minor units. */
  costCents: number
}

export interface JourneyReport {
  entered: number
  completed: number
  /** By reason. */
  exited: Counts
  sent: number
  /** Sent, one number a week from the start. */
  perWeek: number[]
  /** How often a frequency cap stood against a message: it was postponed or skipped. */
  capsHit: number
  /** Of the discounts of its coupons that were redeemed, in minor units. */
  offersCostCents: number
  /** Orders within five days after a message, credited to the latest message. */
  orders: number
  revenueCents: number
}

export interface ChangeReport {
  pauses: number
  /** New versions, by what became of people in flight. */
  published: Counts<'stay' | 'move' | 'exit'>
  /** How often somebody was held up, moved to a new version, or put out by one. */
  heldUp: number
  moved: number
  putOut: number
}

export interface SimulationReport {
  readonly customers: number
  readonly events: number
  readonly decisions: number
  readonly messages: {
    readonly planned: number
    readonly sent: number
    readonly refused: number
    readonly byChannel: Counts<Channel>
    readonly byClass: Counts
    /** Sent, one number a week from the start. */
    readonly perWeek: readonly number[]
  }
  /** Messages, offers and entries that a rule stood against, by rule: `message cap:email postponed`. */
  readonly refusals: Counts
  /** What the shop did to its journeys, and what it came to for people in flight. */
  readonly changes: ChangeReport
  readonly stages: Counts<Stage>
  readonly moves: number
  readonly journeys: Readonly<Record<string, JourneyReport>>
  readonly offers: Readonly<Record<string, OfferReport>>
  readonly orders: number
  readonly revenueCents: number
}

export class Reporter implements Observer {
  readonly #definitions: Definitions
  readonly #fromMs: EpochMs
  readonly #journeys = new Map<string, JourneyReport>()
  readonly #offers = new Map<string, OfferReport>()
  readonly #byChannel: Counts<Channel> = { email: 0, sms: 0 }
  readonly #byClass: Counts = { marketing: 0, transactional: 0 }
  readonly #refusals: Counts = {}
  readonly #perWeek: number[] = []
  /** Which journey gave a coupon, by its id. */
  readonly #givenBy = new Map<string, string>()
  readonly #lastMessage = new Map<string, { journey: string; atMs: EpochMs }>()
  readonly #changes: ChangeReport = {
    pauses: 0,
    published: { stay: 0, move: 0, exit: 0 },
    heldUp: 0,
    moved: 0,
    putOut: 0,
  }
  #events = 0
  #decisions = 0
  #planned = 0
  #refused = 0
  #moves = 0
  #orders = 0
  #revenueCents = 0

  constructor(definitions: Definitions, fromMs: EpochMs) {
    this.#definitions = definitions
    this.#fromMs = fromMs
    // Also those in which nothing happens: a journey that nobody enters is worth seeing.
    for (const { key } of definitions.live) this.#journey(key)
    for (const key of definitions.offers.keys()) this.#offer(key)
  }

  changing(change: ShopChange): void {
    if (change.type === 'pause') this.#changes.pauses++
    if (change.type === 'publish') this.#changes.published[change.inFlight.choice]++
  }

  happened({ id }: SimulatedCustomer, happening: Happening, atMs: EpochMs): void {
    this.#events++
    if (happening.type !== 'order') return
    this.#orders++
    this.#revenueCents += happening.order.revenueCents
    const last = this.#lastMessage.get(id)
    if (last === undefined || atMs - last.atMs > attributionMs) return
    const journey = this.#journey(last.journey)
    journey.orders++
    journey.revenueCents += happening.order.revenueCents
  }

  redeemed(_customer: SimulatedCustomer, { id, offer }: CouponFacts, order: SimulatedOrder): void {
    const report = this.#offer(offer)
    report.redeemed++
    const discount = this.#definitions.offers.get(offer)?.discount
    const costCents = discount === undefined ? 0 : costOfOrder(discount, order.revenueCents)
    report.costCents += costCents
    const journey = this.#givenBy.get(id)
    if (journey !== undefined) this.#journey(journey).offersCostCents += costCents
  }

  decided(_customer: SimulatedCustomer, decision: Decision): void {
    this.#decisions++
    if (decision.move !== null) this.#moves++
    this.#planned += decision.messages.length
    for (const { offer } of decision.coupons) this.#offer(offer).issued++
    for (const run of decision.runs) {
      for (const id of Object.values(run.memory.coupons ?? {}))
        if (!this.#givenBy.has(id)) this.#givenBy.set(id, run.journey)
      const journey = this.#journey(run.journey)
      if (run.isNew) journey.entered++
      if (run.status === 'completed') journey.completed++
      if (run.status === 'exited') add(journey.exited, run.endReason ?? 'unknown')
    }
    for (const { kind, journey, outcome, rule } of decision.records) {
      if (rule === 'moved') this.#changes.moved++
      if (rule === 'version-replaced') this.#changes.putOut++
      if (rule === 'journey-paused' && kind === 'step') this.#changes.heldUp++
      if (outcome === 'done') continue
      add(this.#refusals, `${kind} ${rule} ${outcome}`)
      if (journey !== null && rule.startsWith('cap:')) this.#journey(journey).capsHit++
    }
  }

  sent({ id }: SimulatedCustomer, { channel, messageClass, journey }: SimulatedMessage, atMs: EpochMs): void {
    this.#byChannel[channel]++
    add(this.#byClass, messageClass)
    const week = Math.floor((atMs - this.#fromMs) / weekMs)
    const report = this.#journey(journey)
    for (const perWeek of [this.#perWeek, report.perWeek]) {
      while (perWeek.length <= week) perWeek.push(0)
      perWeek[week] = (perWeek[week] ?? 0) + 1
    }
    report.sent++
    this.#lastMessage.set(id, { journey, atMs })
  }

  refused(_customer: SimulatedCustomer, { reason }: SimulatedMessage): void {
    this.#refused++
    add(this.#refusals, `message ${reason} refused at the last check`)
  }

  report(customers: readonly SimulatedCustomer[]): SimulationReport {
    const stages: Counts<Stage> = { acquire: 0, activate: 0, retain: 0, revenue: 0, refer: 0 }
    for (const { stage } of customers) stages[stage]++
    return {
      customers: customers.length,
      events: this.#events,
      decisions: this.#decisions,
      messages: {
        planned: this.#planned,
        sent: this.#byChannel.email + this.#byChannel.sms,
        refused: this.#refused,
        byChannel: this.#byChannel,
        byClass: this.#byClass,
        perWeek: this.#perWeek,
      },
      refusals: sorted(this.#refusals),
      changes: this.#changes,
      stages,
      moves: this.#moves,
      journeys: Object.fromEntries(this.#journeys),
      offers: Object.fromEntries(this.#offers),
      orders: this.#orders,
      revenueCents: this.#revenueCents,
    }
  }

  #journey(key: string): JourneyReport {
    return findOrAdd(this.#journeys, key, () => ({
      entered: 0,
      completed: 0,
      exited: {},
      sent: 0,
      perWeek: [],
      capsHit: 0,
      offersCostCents: 0,
      orders: 0,
      revenueCents: 0,
    }))
  }

  #offer(key: string): OfferReport {
    return findOrAdd(this.#offers, key, () => ({ issued: 0, redeemed: 0, costCents: 0 }))
  }
}

function add(counts: Counts, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1
}

function sorted(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)))
}

function findOrAdd<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
