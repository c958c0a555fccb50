/**
 * Watches a life and writes down every broken promise, told by other means than the product's own: consent and caps by
 * counting over the whole life, quiet hours by Temporal itself.
 */

import { Temporal } from 'temporal-polyfill'
import type { Definitions, FrequencyCaps } from '../../../src/domain/definitions.ts'
import type { CouponFacts, Snapshot } from '../../../src/domain/snapshot.ts'
import { dayMs, type EpochMs } from '../../../src/domain/time.ts'
import { Life, type LivedMessage } from './life.ts'
import type { Episode } from './worlds.ts'

export class Witness {
  readonly life: Life
  readonly violations: string[] = []
  readonly #definitions: Definitions
  readonly #seen = new Set<string>()

  constructor(definitions: Definitions, customer: Snapshot) {
    this.#definitions = definitions
    this.life = new Life(definitions, customer)
  }

  live(episode: Episode): void {
    this.pass(episode.afterMs)
    const { life } = this
    switch (episode.type) {
      case 'news':
        life.hear(episode.news)
        break
      case 'order':
        this.#watch(() => life.order())
        return
      case 'contact':
        life.change({ contact: { ...life.snapshot.contact, [episode.channel]: episode.contact } })
        break
      case 'scores':
        life.change({ scores: episode.scores })
        break
      case 'asleep':
        life.change({ customer: { ...life.snapshot.customer, traits: { asleep: episode.asleep } } })
        break
      case 'redeemed':
        life.change({ coupons: [] })
        break
    }
    this.#watch(() => life.look())
  }

  pass(lengthMs: number): void {
    const untilMs = this.life.nowMs + lengthMs
    // One wake-up at a time, so that each message is judged by the facts under which it was planned.
    while (this.life.wakeAtMs !== null && this.life.wakeAtMs <= untilMs) {
      const stepMs = this.life.wakeAtMs - this.life.nowMs
      this.#watch(() => this.life.pass(stepMs))
    }
    this.life.nowMs = untilMs
  }

  #watch(act: () => unknown): void {
    const { life } = this
    const before = life.messages.length
    const { coupons, pastRuns } = life.snapshot
    const ended = new Set(pastRuns.map((run) => `${run.journey}/${run.entryNumber}`))
    act()
    for (let i = before; i < life.messages.length; i++) {
      const message = life.messages[i] as LivedMessage
      const broken = [
        ...this.#brokenByContact(message),
        ...(message.messageClass === 'marketing'
          ? this.#brokenByMarketing(message, life.messages.slice(0, i + 1))
          : []),
        ...this.#brokenByCoupon(message, [...coupons, ...life.snapshot.coupons]),
        ...(ended.has(`${message.journey}/${message.entryNumber}`) ? ['after the end of its run'] : []),
        ...this.#brokenByRepetition(message),
        ...this.#brokenByPause(message),
      ]
      this.violations.push(...broken.map((what) => `${message.journey} › ${message.step}: ${what}`))
    }
    if (life.snapshot.coupons.length > this.#definitions.policy.offersAtOnce) this.violations.push('too many coupons')
  }

  #brokenByContact({ channel, atMs }: LivedMessage): readonly string[] {
    const { reachable, suppressed } = this.life.snapshot.contact[channel]
    const quiet = this.#definitions.policy.channels[channel].quietHours
    const { hour, minute } = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(this.#zone())
    return [
      ...(reachable ? [] : ['without an address']),
      ...(suppressed === null ? [] : ['to a suppressed address']),
      ...(channel === 'sms' && (hour < 8 || hour >= 21) ? ['a text at night'] : []),
      ...(quiet !== null && isBetween(quiet.from, quiet.to, hour * 60 + minute) ? ['in quiet hours'] : []),
    ]
  }

  #brokenByMarketing(
    { channel, topic, journey, version, atMs }: LivedMessage,
    sent: readonly LivedMessage[],
  ): readonly string[] {
    const { policy, journeys } = this.#definitions
    const { consents } = this.life.snapshot.contact[channel]
    const words = new Set([consents['*'], consents[topic]])
    const counted = sent.filter((each) => each.channel === channel && each.messageClass === 'marketing')
    const ofJourney = counted.filter((each) => each.journey === journey)
    const own = journeys.get(`${journey}@${version}`)?.caps[channel] ?? {}
    return [
      ...(words.has('withdrawn') ? ['after a no'] : []),
      ...(words.has('granted') || policy.channels[channel].consent === 'implied' ? [] : ['without a yes']),
      ...(isOver(policy.channels[channel].caps, counted, atMs) ? ['over the cap'] : []),
      ...(isOver(own, ofJourney, atMs) ? ['over the cap of the journey'] : []),
      // Held out is held out for ever: whoever was once gets nothing later.
      ...(this.life.notes.some((note) => note.rule === 'hold-out') ? ['to somebody held out'] : []),
    ]
  }

  #brokenByCoupon({ couponId, atMs }: LivedMessage, held: readonly CouponFacts[]): readonly string[] {
    if (couponId === null) return []
    const coupon = held.find(({ id }) => id === couponId)
    if (coupon === undefined) return ['with a coupon that the customer does not hold']
    return coupon.expiresAtMs !== null && coupon.expiresAtMs <= atMs ? ['with an expired coupon'] : []
  }

  #brokenByPause({ journey, atMs }: LivedMessage): readonly string[] {
    const pause = this.#definitions.pauses?.get(journey)
    return pause !== undefined && atMs < (pause.toMs ?? Number.POSITIVE_INFINITY) ? ['while its journey is paused'] : []
  }

  #brokenByRepetition({ id, journey, step, entryNumber, visit }: LivedMessage): readonly string[] {
    const names = [`id ${id}`, `${journey}/${entryNumber}/${step}/${visit}`]
    const repeated = names.filter((name) => this.#seen.has(name))
    for (const name of names) this.#seen.add(name)
    return repeated.map((name) => `twice: ${name}`)
  }

  #zone(): string {
    const { timeZone } = this.life.snapshot.customer
    return timeZone === null || timeZone === 'Mars/Olympus' ? 'America/New_York' : timeZone
  }
}

function isOver(caps: FrequencyCaps, sent: readonly LivedMessage[], nowMs: EpochMs): boolean {
  const within = (days: number): number => sent.filter(({ atMs }) => nowMs - atMs < days * dayMs).length
  const { perDay = 1e9, perWeek = 1e9, perMonth = 1e9 } = caps
  return within(1) > perDay || within(7) > perWeek || within(30) > perMonth
}

function isBetween(from: number, to: number, time: number): boolean {
  return from < to ? time >= from && time < to : time >= from || time < to
}
