/**
 * Watches a simulation and writes down every broken promise, told by other means than the product's own: consent and
 * STOP from what customers said, caps by counting, quiet hours by the platform's calendar, runs by their history.
 */

import { confirmationJourney } from '../domain/consent-rule.ts'
import type { Decision } from '../domain/decision.ts'
import {
  type Definitions,
  type FrequencyCaps,
  type JourneyDefinition,
  journeyVersionKey,
} from '../domain/definitions.ts'
import { propertiesPass } from '../domain/property-tests.ts'
import type { Channel, CouponFacts } from '../domain/snapshot.ts'
import { dayMs, type EpochMs, minuteMs } from '../domain/time.ts'
import { type BrokenChange, ChangeWatch, changeInvariants } from './change-watch.ts'
import type { Happening, SimulatedOrder, SimulatedPast } from './happenings.ts'
import type { Pools } from './offer-book.ts'
import { OfferWatch } from './offer-watch.ts'
import type { ShopChange } from './shop-changes.ts'
import type { SimulatedCustomer } from './simulated-customer.ts'
import type { SimulatedMessage } from './simulated-ledger.ts'
import type { Observer } from './simulation.ts'
import { WallClock } from './wall-clock.ts'
import { WordBook } from './word-book.ts'

export const invariants = [
  'cap-exceeded',
  'quiet-hours',
  'without-consent',
  'asked-too-often',
  'after-stop',
  'to-suppressed',
  'held-out',
  'coupon-not-held',
  'offers-at-once',
  'over-budget',
  'over-pool',
  'offer-limit',
  're-entry',
  'after-goal',
  'twice',
  ...changeInvariants,
] as const

export type Invariant = (typeof invariants)[number]

export interface Violation {
  readonly invariant: Invariant
  readonly customerId: string
  readonly atMs: EpochMs
  /** Which message or run: `welcome › nudge`. */
  readonly what: string
}

/** What the witness has seen of one customer. */
interface Seen {
  readonly words: WordBook
  /** When somebody was asked to confirm a yes. */
  readonly asked: { readonly channel: Channel; readonly atMs: EpochMs }[]
  readonly suppressed: Map<Channel, string>
  /** Marketing messages of the last month that were sent. */
  marketing: { readonly channel: Channel; readonly journey: string; readonly atMs: EpochMs }[]
  readonly occurrences: Set<string>
  /** By journey. */
  readonly runs: Map<string, SeenRun>
  heldOut: boolean
}

interface SeenRun {
  readonly entryNumber: number
  readonly version: string
  endedAtMs: EpochMs | null
  goalAtMs: EpochMs | null
}

const mostKept = 100

export class Witness implements Observer {
  readonly counts = new Map<Invariant, number>(invariants.map((invariant) => [invariant, 0]))
  /** The first hundred. */
  readonly violations: Violation[] = []
  #definitions: Definitions
  readonly #seen = new Map<string, Seen>()
  readonly #clock = new WallClock()
  readonly #offers: OfferWatch
  readonly #changes: ChangeWatch

  constructor(definitions: Definitions, pools: Pools = {}) {
    this.#definitions = definitions
    this.#offers = new OfferWatch(definitions, pools)
    this.#changes = new ChangeWatch(definitions)
  }

  /** All violations together. */
  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0)
  }

  changing(change: ShopChange, after: Definitions, customers: readonly SimulatedCustomer[], atMs: EpochMs): void {
    this.#changes.changing(change, after, customers, atMs)
    this.#definitions = after
  }

  changed(change: ShopChange, customers: readonly SimulatedCustomer[], atMs: EpochMs): void {
    this.#reportAll(this.#changes.changed(change, customers), atMs)
  }

  met(customer: SimulatedCustomer, { words }: SimulatedPast): void {
    const seen = this.#of(customer)
    for (const word of words) {
      seen.words.note(word.type === 'consent' ? { ...word, isConfirmed: true } : word, 0)
      if (word.type === 'suppression' && word.reason !== null) seen.suppressed.set(word.channel, word.reason)
    }
  }

  happened(customer: SimulatedCustomer, happening: Happening, atMs: EpochMs): void {
    const seen = this.#of(customer)
    seen.words.note(happening, atMs)
    if (happening.type === 'suppression') {
      if (happening.reason === null) seen.suppressed.delete(happening.channel)
      else seen.suppressed.set(happening.channel, happening.reason)
    }
    const event = eventOf(happening)
    if (event !== undefined) this.#noteGoals(seen, event, atMs)
  }

  #noteGoals(seen: Seen, event: { name: string; properties: Readonly<Record<string, unknown>> }, atMs: EpochMs): void {
    for (const [journey, run] of seen.runs) {
      const goal = this.#journey(journey, run.version)?.goal
      if (goal?.type !== 'event' || goal.event !== event.name || !propertiesPass(goal.where, event.properties)) continue
      if (run.endedAtMs === null) run.goalAtMs ??= atMs
    }
  }

  decided(customer: SimulatedCustomer, decision: Decision, atMs: EpochMs): void {
    const seen = this.#of(customer)
    for (const run of decision.runs) {
      const before = seen.runs.get(run.journey)
      if (run.isNew) {
        if (before !== undefined && !this.#mayReEnter(run.journey, run.version, before, atMs))
          this.#report('re-entry', customer, atMs, run.journey)
        seen.runs.set(run.journey, {
          entryNumber: run.entryNumber,
          version: run.version,
          endedAtMs: run.status === 'active' ? null : atMs,
          goalAtMs: null,
        })
      } else if (run.status !== 'active' && before !== undefined) before.endedAtMs = atMs
    }
    this.#reportAll(this.#changes.decided(customer, decision, atMs), atMs)
    if (decision.records.some(({ rule }) => rule === 'hold-out')) seen.heldOut = true
    const held = customer.coupons.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > atMs)
    if (held.length > this.#definitions.policy.offersAtOnce)
      this.#report('offers-at-once', customer, atMs, held.map(({ offer }) => offer).join(', '))
    for (const { invariant, offer } of this.#offers.issued(customer.id, decision.coupons, atMs))
      this.#report(invariant, customer, atMs, offer)
  }

  redeemed(_customer: SimulatedCustomer, coupon: CouponFacts, order: SimulatedOrder): void {
    this.#offers.redeemed(coupon, order)
  }

  #mayReEnter(journey: string, version: string, before: SeenRun, atMs: EpochMs): boolean {
    const rule = this.#journey(journey, version)?.reEntry
    if (before.endedAtMs === null || rule?.allowed === 'never') return false
    return rule?.allowed !== 'after' || atMs - before.endedAtMs >= rule.afterMs
  }

  sent(customer: SimulatedCustomer, message: SimulatedMessage, atMs: EpochMs): void {
    const seen = this.#of(customer)
    const what = `${message.journey} › ${message.step}`
    for (const invariant of this.#brokenBy(customer, seen, message, atMs)) this.#report(invariant, customer, atMs, what)
    this.#reportAll(this.#changes.sent(customer, message), atMs)
    seen.occurrences.add(occurrenceOf(message))
  }

  #brokenBy(customer: SimulatedCustomer, seen: Seen, message: SimulatedMessage, atMs: EpochMs): Invariant[] {
    const broken: Invariant[] = []
    const asksToConfirm = message.journey === confirmationJourney
    const reason = seen.suppressed.get(message.channel)
    if (reason !== undefined) broken.push(reason === 'stop' ? 'after-stop' : 'to-suppressed')
    // Whoever has just signed up waits for that e-mail.
    if (!(asksToConfirm && message.channel === 'email') && this.#isQuiet(customer, message.channel, atMs))
      broken.push('quiet-hours')
    if (asksToConfirm && isAskedTooOften(seen, message.channel, atMs)) broken.push('asked-too-often')
    if (seen.occurrences.has(occurrenceOf(message))) broken.push('twice')
    if (message.couponId !== null && !customer.coupons.some(({ id }) => id === message.couponId))
      broken.push('coupon-not-held')
    if (message.messageClass === 'transactional') return broken
    if (!seen.words.allow(message.channel, message.topic)) broken.push('without-consent')
    if (seen.heldOut) broken.push('held-out')
    if (this.#isAfterGoal(seen, message)) broken.push('after-goal')
    if (this.#isOverCap(seen, message, atMs)) broken.push('cap-exceeded')
    return broken
  }

  #isQuiet(customer: SimulatedCustomer, channel: Channel, atMs: EpochMs): boolean {
    const { channels, defaultTimeZone } = this.#definitions.policy
    const minute = this.#clock.minuteOfDay(customer.timeZone ?? defaultTimeZone, atMs)
    // The law for text messages, whatever a policy says.
    if (channel === 'sms' && (minute < 8 * 60 || minute >= 21 * 60)) return true
    const quiet = channels[channel].quietHours
    if (quiet === null) return false
    const { from, to } = quiet
    return from < to ? minute >= from && minute < to : minute >= from || minute < to
  }

  #isAfterGoal({ runs }: Seen, { journey, entryNumber }: SimulatedMessage): boolean {
    const run = runs.get(journey)
    return run !== undefined && run.entryNumber === entryNumber && run.goalAtMs !== null
  }

  #isOverCap(seen: Seen, { channel, journey, version }: SimulatedMessage, atMs: EpochMs): boolean {
    seen.marketing = [...seen.marketing.filter((sent) => atMs - sent.atMs < 30 * dayMs), { channel, journey, atMs }]
    const onChannel = seen.marketing.filter((sent) => sent.channel === channel)
    const caps = this.#definitions.policy.channels[channel].caps
    const own = this.#journey(journey, version)?.caps[channel] ?? {}
    const ofJourney = onChannel.filter((sent) => sent.journey === journey)
    return isOver(caps, onChannel, atMs) || isOver(own, ofJourney, atMs)
  }

  #journey(key: string, version: string): JourneyDefinition | undefined {
    return this.#definitions.journeys.get(journeyVersionKey(key, version))
  }

  #of({ id }: SimulatedCustomer): Seen {
    let seen = this.#seen.get(id)
    if (seen === undefined) {
      seen = {
        words: new WordBook(this.#definitions.policy),
        asked: [],
        suppressed: new Map(),
        marketing: [],
        occurrences: new Set(),
        runs: new Map(),
        heldOut: false,
      }
      this.#seen.set(id, seen)
    }
    return seen
  }

  #reportAll(broken: readonly BrokenChange[], atMs: EpochMs): void {
    for (const { invariant, customerId, what } of broken) this.#report(invariant, { id: customerId }, atMs, what)
  }

  #report(invariant: Invariant, { id }: Pick<SimulatedCustomer, 'id'>, atMs: EpochMs, what: string): void {
    this.counts.set(invariant, (this.counts.get(invariant) ?? 0) + 1)
    if (this.violations.length < mostKept) this.violations.push({ invariant, customerId: id, atMs, what })
  }
}

function eventOf(happening: Happening): { name: string; properties: Readonly<Record<string, unknown>> } | undefined {
  switch (happening.type) {
    case 'event':
      return happening
    case 'order':
      return { name: 'Order Completed', properties: { total: happening.order.revenueCents / 100 } }
    case 'refund':
      return { name: 'Order Refunded', properties: {} }
    case 'arrives':
    case 'trait':
    case 'task':
    case 'entry':
    case 'consent':
    case 'confirmation':
    case 'suppression':
    case 'score':
      return undefined
  }
}

function occurrenceOf({ journey, step, entryNumber, visit }: SimulatedMessage): string {
  return `${journey}/${step}/${entryNumber}/${visit}`
}

/** Four times within a day is what the product allows itself. */
function isAskedTooOften({ asked }: Seen, channel: Channel, atMs: EpochMs): boolean {
  asked.push({ channel, atMs })
  return asked.filter((each) => each.channel === channel && atMs - each.atMs < dayMs - slackMs).length > 4
}

/** The last check is some milliseconds before the last byte: caps count by the minute, not by the second. */
const slackMs = minuteMs

function isOver(caps: FrequencyCaps, sent: readonly { readonly atMs: EpochMs }[], nowMs: EpochMs): boolean {
  const within = (days: number): number => sent.filter(({ atMs }) => nowMs - atMs < days * dayMs - slackMs).length
  return (
    within(1) > (caps.perDay ?? Number.POSITIVE_INFINITY) ||
    within(7) > (caps.perWeek ?? Number.POSITIVE_INFINITY) ||
    within(30) > (caps.perMonth ?? Number.POSITIVE_INFINITY)
  )
}
