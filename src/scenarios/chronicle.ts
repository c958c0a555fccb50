/** Writes down what happened in a scenario, for comparing and for reading. */

import type { Decision } from '../domain/decision.ts'
import type { Channel } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Happening } from '../simulation/happenings.ts'
import type { SimulatedCustomer } from '../simulation/simulated-customer.ts'
import type { SimulatedMessage } from '../simulation/simulated-ledger.ts'
import type { Observer } from '../simulation/simulation.ts'

export interface SentMessage {
  readonly place: string
  readonly channel: Channel
  readonly template: string
  readonly atMs: EpochMs
}

export interface WhyNot {
  readonly journey: string
  readonly place: string | null
  readonly rule: string
  readonly atMs: EpochMs
}

export interface Line {
  readonly atMs: EpochMs
  readonly text: string
}

export class Chronicle implements Observer {
  readonly messages: SentMessage[] = []
  readonly tasks: { readonly place: string; readonly atMs: EpochMs }[] = []
  readonly coupons: { readonly offer: string; readonly atMs: EpochMs }[] = []
  readonly whyNots: WhyNot[] = []
  readonly lines: Line[] = []
  readonly #isLookedAt: (journey: string) => boolean

  constructor(journeys: readonly string[] | undefined) {
    this.#isLookedAt = (journey) => journeys === undefined || journeys.includes(journey)
  }

  happened(_customer: SimulatedCustomer, happening: Happening, atMs: EpochMs): void {
    this.#tell(atMs, sayHappening(happening))
  }

  decided(_customer: SimulatedCustomer, decision: Decision, atMs: EpochMs): void {
    const { move, records, tasks, coupons, runs } = decision
    if (move !== null) this.#tell(atMs, `moves from ${move.from} to ${move.to}: ${move.reason}`)
    for (const run of runs) {
      if (run.isNew) this.#tell(atMs, `enters ${run.journey}`)
      if (run.status !== 'active') this.#tell(atMs, `leaves ${run.journey}: ${run.endReason}`)
    }
    for (const { journey, step, outcome, rule, kind } of records) {
      if (outcome === 'done' || journey === null) continue
      this.#tell(atMs, `${kind} ${step === null ? journey : `${journey}/${step}`} ${outcome}: ${rule}`)
      this.#noteWhyNot(journey, step, rule, atMs)
    }
    for (const { journey, step, title } of tasks) {
      this.#tell(atMs, `task ${journey}/${step}: ${title}`)
      if (this.#isLookedAt(journey)) this.tasks.push({ place: `${journey}/${step}`, atMs })
    }
    const issuedIn = new Set(records.flatMap(({ kind, journey }) => (kind === 'offer' ? (journey ?? []) : [])))
    for (const { offer } of coupons) {
      this.#tell(atMs, `gets a coupon of ${offer}`)
      if ([...issuedIn].some(this.#isLookedAt)) this.coupons.push({ offer, atMs })
    }
  }

  sent(_customer: SimulatedCustomer, message: SimulatedMessage, atMs: EpochMs): void {
    const { journey, step, channel, template } = message
    this.#tell(atMs, `${channel} ${journey}/${step} (${template}) is sent`)
    if (this.#isLookedAt(journey)) this.messages.push({ place: `${journey}/${step}`, channel, template, atMs })
  }

  refused(_customer: SimulatedCustomer, { journey, step, reason }: SimulatedMessage, atMs: EpochMs): void {
    this.#tell(atMs, `message ${journey}/${step} refused at the last check: ${reason}`)
    this.#noteWhyNot(journey, step, reason ?? '', atMs)
  }

  #noteWhyNot(journey: string, step: string | null, rule: string, atMs: EpochMs): void {
    if (!this.#isLookedAt(journey)) return
    this.whyNots.push({ journey, place: step === null ? null : `${journey}/${step}`, rule, atMs })
  }

  #tell(atMs: EpochMs, text: string): void {
    this.lines.push({ atMs, text })
  }
}

function sayHappening(happening: Happening): string {
  switch (happening.type) {
    case 'arrives':
      return '→ arrives'
    case 'event':
      return `→ ${happening.name}`
    case 'order':
      return `→ orders for ${(happening.order.revenueCents / 100).toFixed(2)}`
    case 'refund':
      return `→ gets ${(happening.amountCents / 100).toFixed(2)} back`
    case 'trait':
      return `→ ${happening.name} is ${JSON.stringify(happening.value)}`
    case 'task':
      return `→ the task is done: ${happening.outcome}`
    case 'entry':
      return `→ is put into ${happening.journey}`
    case 'consent':
      return `→ consent to ${happening.channel} ${happening.topic}: ${happening.status}`
    case 'confirmation':
      return `→ confirms the consent to ${happening.channel}`
    case 'suppression':
      return `→ ${happening.channel} ${happening.reason === null ? 'may be used again' : `is suppressed: ${happening.reason}`}`
    case 'score':
      return `→ is scored: ${JSON.stringify(happening.scores)}`
  }
}
