/**
 * A life that a character leads: visits, carts, orders, refunds, and answers to messages (orders, unsubscribing, STOP and
 * sometimes START again, dead addresses). Events that only the shop's own journeys know happen now and then as well, so
 * that every entry and every wait of a playbook gets its turn.
 */

import { confirmationJourney } from '../domain/consent-rule.ts'
import type { TraitValue } from '../domain/snapshot.ts'
import { questionOf, surveyAnswered } from '../domain/survey.ts'
import { dayMs, type EpochMs, hourMs, minuteMs } from '../domain/time.ts'
import type { Happening, TimedHappening } from './happenings.ts'
import { type Character, randomWaitMs } from './people.ts'
import { type SimulatedPerson } from './simulated-customer.ts'
import { consentsIn, type SimulatedMessage } from './simulated-ledger.ts'
import type { Life } from './simulation.ts'

/** Events that a visit, an order or an answer already brings about. */
const ordinaryEvents: ReadonlySet<string> = new Set([
  'Product Viewed',
  'Product Added',
  'Product Removed',
  'Checkout Started',
  'Order Completed',
  'Order Refunded',
  'Order Cancelled',
  'Order Updated',
  surveyAnswered,
])

const daysBetweenOthers = 60
const productCount = 400
const timesPestered = 12

export interface Surroundings {
  /** Names of events that the shop's definitions care about. */
  readonly events: ReadonlySet<string>
  readonly currency: string
}

export function generatedLife(character: Character, surroundings: Surroundings): Life {
  return new GeneratedLife(character, surroundings)
}

class GeneratedLife implements Life {
  readonly person: SimulatedPerson
  readonly arrivesAtMs: EpochMs
  readonly #character: Character
  readonly #currency: string
  readonly #otherEvents: readonly string[]
  /** What is to come of what has begun: the rest of a visit, a refund. The latest first. */
  readonly #agenda: TimedHappening[] = []
  #nextVisitMs: EpochMs
  #nextOtherMs: EpochMs
  #orders = 0
  #isGone = false
  /** Codes that came with messages, and were not used yet. */
  readonly #codes: string[] = []

  constructor(character: Character, { events, currency }: Surroundings) {
    this.#character = character
    this.#currency = currency
    this.#otherEvents = [...events].filter((name) => !ordinaryEvents.has(name)).sort()
    this.person = character.person
    this.arrivesAtMs = character.arrivesAtMs
    this.#arrive()
    this.#nextVisitMs = this.arrivesAtMs + randomWaitMs(character.random, 0.5)
    this.#nextOtherMs = this.arrivesAtMs + randomWaitMs(character.random, daysBetweenOthers)
  }

  #arrive(): void {
    const { words, birthday, isPestered } = this.#character
    // Consent is given with the form that makes somebody known, so it is there when they arrive.
    for (const word of words) this.#plan(this.arrivesAtMs, { type: 'consent', ...word })
    this.#plan(this.arrivesAtMs, { type: 'trait', name: 'birthday', value: birthday })
    this.#plan(this.arrivesAtMs, { type: 'arrives' })
    for (const word of isPestered ? words.filter(({ status }) => status === 'granted') : [])
      for (let n = 1; n <= timesPestered; n++)
        this.#plan(this.arrivesAtMs + n * 10 * minuteMs, { type: 'consent', ...word })
  }

  next(_afterMs: EpochMs): TimedHappening | undefined {
    const { random } = this.#character
    for (;;) {
      const planned = this.#agenda.at(-1)
      const othersMs = this.#otherEvents.length === 0 ? Number.POSITIVE_INFINITY : this.#nextOtherMs
      const visitMs = this.#isGone ? Number.POSITIVE_INFINITY : this.#nextVisitMs
      if (planned !== undefined && planned.atMs <= Math.min(othersMs, visitMs)) return this.#agenda.pop()
      if (this.#isGone && planned === undefined) return undefined
      if (othersMs < visitMs) {
        this.#nextOtherMs = othersMs + randomWaitMs(random, daysBetweenOthers)
        this.#plan(othersMs, this.#otherEvent())
      } else {
        this.#nextVisitMs = visitMs + randomWaitMs(random, this.#character.daysBetweenVisits)
        this.#visit(visitMs)
      }
    }
  }

  #otherEvent(): Happening {
    const { random, satisfaction } = this.#character
    const name = this.#otherEvents[Math.floor(random() * this.#otherEvents.length)] as string
    const properties: Record<string, TraitValue> = {
      product_id: this.#product(),
      score: satisfaction,
      value: satisfaction,
    }
    return { type: 'event', name, properties }
  }

  #visit(atMs: EpochMs): void {
    const { random, cartChance, orderChance } = this.#character
    const product = this.#product()
    const price = this.#orderCents() / 100
    this.#plan(atMs, { type: 'event', name: 'Product Viewed', properties: { product_id: product, price } })
    if (random() >= cartChance) return
    const cartMs = atMs + Math.ceil(random() * 10 * minuteMs)
    this.#plan(cartMs, { type: 'event', name: 'Product Added', properties: { product_id: product, price } })
    if (random() < 0.6)
      this.#plan(cartMs + minuteMs, { type: 'event', name: 'Checkout Started', properties: { value: price } })
    if (random() >= orderChance) return
    const code = random() < 0.3 ? (this.#codes.pop() ?? null) : null
    this.#buy(cartMs + Math.ceil(random() * 30 * minuteMs) + minuteMs, product, code)
  }

  #buy(atMs: EpochMs, product: string, coupon: string | null): void {
    const { random, refundChance, dropoutChance, person } = this.#character
    const key = `${person.id}-${++this.#orders}`
    const revenueCents = this.#orderCents()
    this.#plan(atMs, {
      type: 'order',
      order: { key, revenueCents, currency: this.#currency, products: [product], coupon },
    })
    if (random() < refundChance)
      this.#plan(atMs + randomWaitMs(random, 8), { type: 'refund', orderKey: key, amountCents: revenueCents })
    if (random() < dropoutChance) this.#isGone = true
  }

  answer(message: SimulatedMessage, code: string | null, atMs: EpochMs): readonly TimedHappening[] {
    const { random, isDead, leaveChance, responsiveness } = this.#character
    const { channel } = message
    if (isDead[channel])
      return [{ atMs: atMs + minuteMs, happening: { type: 'suppression', channel, reason: 'bounced' } }]
    if (message.journey === confirmationJourney) return this.#confirm(message, atMs)
    if (random() < leaveChance[channel]) return this.#leave(message, atMs)
    if (code !== null) this.#codes.push(code)
    const answers = random() < 0.3 ? this.#answerSurvey(message, atMs + randomWaitMs(random, 1)) : []
    if (random() < responsiveness) answers.push(this.#orderBecauseOf(atMs))
    return answers
  }

  /** Most follow the link soon; some find the message when it no longer counts, some never. */
  #confirm({ channel, data }: SimulatedMessage, atMs: EpochMs): readonly TimedHappening[] {
    const { random } = this.#character
    const mood = random()
    if (mood > 0.85) return []
    const clickMs = atMs + (mood < 0.75 ? randomWaitMs(random, 0.3) : (6.9 + random()) * dayMs)
    return [{ atMs: Math.ceil(clickMs), happening: { type: 'confirmation', channel, consents: consentsIn(data) } }]
  }

  /** A message that asks gets an answer: an event and a trait, as from the page that the link leads to. */
  #answerSurvey({ data }: SimulatedMessage, atMs: EpochMs): TimedHappening[] {
    const asked = questionOf(data)
    if (asked === undefined) return []
    const { survey, scale, trait } = asked
    const { satisfaction } = this.#character
    const score = scale === 'csat' ? 1 + Math.round((satisfaction / 10) * 4) : satisfaction
    return [
      { atMs, happening: { type: 'trait', name: trait, value: score } },
      { atMs, happening: { type: 'event', name: surveyAnswered, properties: { survey, score } } },
    ]
  }

  #leave({ channel, topic }: SimulatedMessage, atMs: EpochMs): readonly TimedHappening[] {
    const { random } = this.#character
    const leaveMs = atMs + randomWaitMs(random, 0.1)
    if (channel === 'sms') {
      const backMs = leaveMs + randomWaitMs(random, 60)
      const withdraw = { type: 'consent', channel, topic: '*', status: 'withdrawn' } as const
      const stop: TimedHappening[] = [
        { atMs: leaveMs, happening: { type: 'suppression', channel, reason: 'stop' } },
        { atMs: leaveMs, happening: withdraw },
      ]
      if (random() >= 0.3) return stop
      return [
        ...stop,
        { atMs: backMs, happening: { type: 'suppression', channel, reason: null } },
        { atMs: backMs, happening: { ...withdraw, status: 'granted' } },
      ]
    }
    const everything = random() < 0.5
    return [
      { atMs: leaveMs, happening: { type: 'consent', channel, topic: everything ? '*' : topic, status: 'withdrawn' } },
    ]
  }

  /** Bought because of a message: within two days, mostly soon, with the code if one came along. */
  #orderBecauseOf(atMs: EpochMs): TimedHappening {
    const { random, person } = this.#character
    const key = `${person.id}-m${++this.#orders}`
    const coupon = this.#codes.pop() ?? null
    const order = {
      key,
      revenueCents: this.#orderCents(),
      currency: this.#currency,
      products: [this.#product()],
      coupon,
    }
    return { atMs: atMs + Math.ceil(2 * dayMs * random() ** 3) + hourMs / 4, happening: { type: 'order', order } }
  }

  #product(): string {
    // Few products sell much, most sell little.
    return `sku-${Math.floor(productCount * this.#character.random() ** 2)}`
  }

  #orderCents(): number {
    const { random, meanOrderCents } = this.#character
    return Math.max(100, Math.round(meanOrderCents * (0.4 + 1.2 * random())))
  }

  #plan(atMs: EpochMs, happening: Happening): void {
    const place = this.#agenda.findLastIndex((each) => each.atMs > atMs)
    this.#agenda.splice(place + 1, 0, { atMs, happening })
  }
}
