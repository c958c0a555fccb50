/** A life made from the list of a scenario, and what it remembers so that answers meet the message that asked. */

import { createHash } from 'node:crypto'
import type { Decision, PlannedTask } from '../domain/decision.ts'
import type { Channel } from '../domain/snapshot.ts'
import { questionOf, surveyAnswered } from '../domain/survey.ts'
import type { EpochMs } from '../domain/time.ts'
import type { GivenScores, Happening, SimulatedOrder, SimulatedPast, TimedHappening } from '../simulation/happenings.ts'
import type { SimulatedCustomer, SimulatedPerson } from '../simulation/simulated-customer.ts'
import type { SimulatedMessage } from '../simulation/simulated-ledger.ts'
import type { Life, Observer } from '../simulation/simulation.ts'
import { resolveMoment } from './moment.ts'
import type { Scenario, ScenarioEvent } from './scenario-schema.ts'

type Word = Extract<Happening, { type: 'consent' | 'suppression' }>

export class ScenarioLife implements Life, Observer {
  readonly person: SimulatedPerson
  readonly arrivesAtMs: EpochMs
  readonly past: SimulatedPast
  readonly #agenda: TimedHappening[]
  #orders = 0
  #lastOrder: SimulatedOrder | undefined
  #lastQuestion: SimulatedMessage | undefined
  #lastTask: PlannedTask | undefined
  /** By offer. */
  readonly #codes = new Map<string, string>()

  constructor({ name, given, events }: Scenario, startMs: EpochMs, zone: string) {
    const at = (moment: ScenarioEvent['at']): EpochMs => resolveMoment(moment, startMs, zone)
    this.arrivesAtMs = startMs
    this.person = {
      id: idOf(name),
      timeZone: given.time_zone ?? null,
      reachable: { email: given.reachable.includes('email'), sms: given.reachable.includes('sms') },
    }
    const orders = given.orders
      .map((order) => ({ atMs: at(order.at), order: this.#orderOf(order, null) }))
      .sort((a, b) => a.atMs - b.atMs)
    this.past = {
      firstSeenMs: Math.min(startMs - (given.known_for ?? 0), orders[0]?.atMs ?? startMs),
      orders,
      scores: scoresOf(given.scores),
      traits: given.traits,
      words: wordsOf(given.consent, given.suppressed),
      variants: given.variants,
    }
    const isKnown = given.known_for !== undefined || orders.length > 0
    this.#agenda = [
      { atMs: startMs, happening: () => (isKnown ? [] : [{ type: 'arrives' }]) },
      ...events
        .map((event) => ({ atMs: at(event.at), happening: () => this.#happenings(event) }))
        .sort((a, b) => a.atMs - b.atMs),
    ]
  }

  next(): TimedHappening | undefined {
    return this.#agenda.shift()
  }

  answer(message: SimulatedMessage): readonly TimedHappening[] {
    if (questionOf(message.data) !== undefined) this.#lastQuestion = message
    return []
  }

  decided(_customer: SimulatedCustomer, { tasks, coupons }: Decision): void {
    this.#lastTask = tasks.at(-1) ?? this.#lastTask
    for (const { offer, code } of coupons) if (code !== null) this.#codes.set(offer, code)
  }

  #happenings(event: ScenarioEvent): readonly Happening[] {
    if (event.event !== undefined) return [{ type: 'event', name: event.event, properties: event.properties ?? {} }]
    if (event.order !== undefined) {
      const { coupon } = event.order
      return [{ type: 'order', order: this.#orderOf(event.order, coupon === undefined ? null : this.#codeOf(coupon)) }]
    }
    if (event.refund !== undefined) return this.#refund(event.refund)
    if (event.traits !== undefined)
      return Object.entries(event.traits).map(([name, value]) => ({ type: 'trait', name, value }))
    if (event.answer !== undefined) return this.#answerSurvey(event.answer)
    if (event.task !== undefined) return this.#finishTask(event.task)
    if (event.scores !== undefined) return [{ type: 'score', scores: scoresOf(event.scores) }]
    if (event.enter !== undefined) return [{ type: 'entry', journey: event.enter }]
    return wordsOf(event.consent ?? {}, event.suppressed ?? {})
  }

  #orderOf({ total, products }: { total: number; products: readonly string[] }, coupon: string | null): SimulatedOrder {
    const key = `order-${++this.#orders}`
    this.#lastOrder = { key, revenueCents: Math.round(total * 100), currency: 'EUR', products, coupon }
    return this.#lastOrder
  }

  #codeOf(offer: string): string {
    const code = this.#codes.get(offer)
    if (code === undefined) throw new RangeError(`order: the customer holds no coupon of the offer "${offer}"`)
    return code
  }

  #refund(amount: number | 'all'): readonly Happening[] {
    const order = this.#lastOrder
    if (order === undefined) throw new RangeError('refund: the customer has not ordered anything')
    return [
      {
        type: 'refund',
        orderKey: order.key,
        amountCents: amount === 'all' ? order.revenueCents : Math.round(amount * 100),
      },
    ]
  }

  /** An event and a trait, as from the page that the link leads to. */
  #answerSurvey(score: number): readonly Happening[] {
    const asked = this.#lastQuestion === undefined ? undefined : questionOf(this.#lastQuestion.data)
    if (asked === undefined) throw new RangeError('answer: no survey has reached the customer')
    return [
      { type: 'trait', name: asked.trait, value: score },
      { type: 'event', name: surveyAnswered, properties: { survey: asked.survey, score, scale: asked.scale } },
    ]
  }

  #finishTask(outcome: string): readonly Happening[] {
    const task = this.#lastTask
    if (task === undefined) throw new RangeError('task: nobody was given a task')
    if (!task.outcomes.includes(outcome))
      throw new RangeError(`task "${outcome}": is no outcome of ${task.journey}/${task.step}`)
    return [{ type: 'task', taskId: task.id, outcome }]
  }
}

function wordsOf(
  consents: Readonly<Record<string, 'granted' | 'withdrawn'>>,
  suppressed: Readonly<Partial<Record<Channel, string | null>>>,
): readonly Word[] {
  return [
    ...Object.entries(consents).map(([name, status]): Word => {
      const [channel, topic = '*'] = name.split('.')
      return { type: 'consent', channel: channel as Channel, topic, status }
    }),
    ...Object.entries(suppressed).map(
      ([channel, reason]): Word => ({ type: 'suppression', channel: channel as Channel, reason }),
    ),
  ]
}

function scoresOf(scores: Scenario['given']['scores']): GivenScores {
  const { churn, clv, clv_tier: clvTier } = scores ?? {}
  return {
    ...(churn !== undefined && { churn }),
    ...(clv !== undefined && { clv }),
    ...(clvTier !== undefined && { clvTier }),
  }
}

/** The same scenario has the same customer, so that hashes give the same variants and minutes. */
function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
