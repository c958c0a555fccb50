/**
 * Lives through a stretch of time: things happen to customers, the product decides, messages leave, customers answer.
 * The decisions are those of the product itself (`decide`, and `mayContact` once more before sending); everything around
 * them follows the stores, without a server and as fast as the machine can.
 */

import { mayContact } from '../domain/contact-policy.ts'
import { pausedRule } from '../domain/decide/pause.ts'
import { decide as decideForReal } from '../domain/decide.ts'
import type { PlannedTask } from '../domain/decision.ts'
import { needsOfDefinitions } from '../domain/definition-needs.ts'
import { type Definitions, journeyVersionKey } from '../domain/definitions.ts'
import { earliest } from '../domain/evaluate.ts'
import { interestingEvents, interestingTraits } from '../domain/interests.ts'
import { scheduledMoments } from '../domain/schedule.ts'
import { dayMs, type EpochMs, secondMs } from '../domain/time.ts'
import type { Happening, TimedHappening } from './happenings.ts'
import { simulatedIdentifiers } from './identifiers.ts'
import { OfferBook } from './offer-book.ts'
import { TimeQueue } from './queue.ts'
import { announceCrossings, rescore, scoreCustomers } from './scoring.ts'
import { definitionsAfter, heldInLedger, isTold, letGo, type ShopChange } from './shop-changes.ts'
import { type Interests, SimulatedCustomer } from './simulated-customer.ts'
import { GroupRules } from './simulated-groups.ts'
import type { SimulatedMessage } from './simulated-ledger.ts'
import type { Life, Pace, Rules, Simulation } from './simulation.ts'

const usualPace: Pace = { deliveryMs: 20 * secondMs, rescoreEveryMs: 7 * dayMs, stretchMs: 1 }

/** More looks than this at one moment would be a loop. */
const mostLooks = 1_000

type Item =
  | {
      readonly type: 'happening'
      readonly who: Who
      readonly happening: TimedHappening['happening']
      readonly isOwn: boolean
    }
  | { readonly type: 'wake'; readonly who: Who }
  | { readonly type: 'deliver'; readonly who: Who; readonly message: SimulatedMessage }
  | { readonly type: 'regroup'; readonly who: Who }
  | { readonly type: 'rescore' }
  | { readonly type: 'change'; readonly change: ShopChange }
  | { readonly type: 'schedule'; readonly journey: string; readonly segment: string }

/** At one moment: what the shop changes, what happens, then what leaves, then who is looked at. */
const ranks: Readonly<Record<Item['type'], number>> = {
  change: 0,
  happening: 1,
  rescore: 2,
  deliver: 3,
  regroup: 4,
  schedule: 5,
  wake: 6,
}

interface Who {
  readonly life: Life
  customer: SimulatedCustomer | undefined
  /** When segments and computed traits may change by themselves. */
  regroupAtMs?: EpochMs | null
}

/** Runs a simulation to its end. @returns everybody, as they stand then. */
export function simulate(simulation: Simulation): readonly SimulatedCustomer[] {
  return new Run(simulation).live()
}

class Run {
  readonly #simulation: Simulation
  readonly #rules: Rules
  readonly #interests: Interests
  readonly #groups: GroupRules | undefined
  readonly #pace: Pace
  readonly #offers: OfferBook
  readonly #queue = new TimeQueue<Item>()
  readonly #whoById = new Map<string, Who>()
  readonly #customers: SimulatedCustomer[] = []
  /** What is in force now. */
  #definitions: Definitions

  constructor(simulation: Simulation) {
    this.#simulation = simulation
    this.#rules = simulation.rules ?? { decide: decideForReal, mayContact }
    const { definitions } = simulation
    this.#definitions = definitions
    this.#groups = GroupRules.of(definitions)
    this.#pace = simulation.pace ?? usualPace
    this.#offers = new OfferBook(definitions, simulation.pools)
    this.#interests = {
      events: interestingEvents(definitions),
      traits: interestingTraits(definitions),
      policy: definitions.policy,
    }
  }

  live(): readonly SimulatedCustomer[] {
    const { lives, changes = [], fromMs, toMs, onProgress } = this.#simulation
    for (const { atMs, change } of changes) this.#add(atMs, { type: 'change', change })
    for (const life of lives) this.#queueOwn({ life, customer: undefined }, life.arrivesAtMs)
    const { rescoreEveryMs } = this.#pace
    this.#queueSchedules(fromMs, toMs)
    const everyMs = rescoreEveryMs ?? Number.POSITIVE_INFINITY
    for (let atMs = fromMs + everyMs; atMs <= toMs; atMs += everyMs) this.#add(atMs, { type: 'rescore' })
    let toldMs = fromMs
    for (let next = this.#queue.takeUntil(toMs); next !== undefined; next = this.#queue.takeUntil(toMs)) {
      this.#run(next.item, next.atMs)
      if (next.atMs - toldMs < dayMs) continue
      toldMs = next.atMs
      onProgress?.(toldMs)
    }
    return this.#customers
  }

  #run(item: Item, atMs: EpochMs): void {
    switch (item.type) {
      case 'happening':
        item.who.customer ??= this.#meet(item.who, atMs)
        for (const happening of typeof item.happening === 'function' ? item.happening() : [item.happening])
          this.#happen(item.who, item.who.customer, happening, atMs)
        // What happens at once is told together.
        if (item.who.customer.hasNews) this.#look(item.who, item.who.customer, atMs)
        if (item.isOwn) this.#queueOwn(item.who, atMs)
        return
      case 'wake':
        // An earlier decision asked for it; the latest one may want another moment.
        if (item.who.customer !== undefined && this.#isDue(item.who.customer.wakeAtMs, atMs))
          this.#look(item.who, item.who.customer, atMs)
        return
      case 'deliver':
        if (item.who.customer !== undefined) this.#deliver(item.who, item.who.customer, item.message, atMs)
        return
      case 'regroup':
        if (item.who.customer === undefined || !this.#isDue(item.who.regroupAtMs, atMs)) return
        this.#regroup(item.who, item.who.customer, atMs)
        if (item.who.customer.hasNews) this.#look(item.who, item.who.customer, atMs)
        return
      case 'rescore':
        for (const { id } of rescore(this.#customers, this.#definitions.lifecycle, atMs)) {
          const who = this.#whoById.get(id)
          if (who?.customer !== undefined) this.#look(who, who.customer, atMs)
        }
        return
      case 'schedule':
        this.#enterOnSchedule(item.journey, item.segment, atMs)
        return
      case 'change':
        this.#change(item.change, atMs)
    }
  }

  /** Another state of the definitions, told to whom it concerns. What it does to people in flight, `decide` says. */
  #change(change: ShopChange, atMs: EpochMs): void {
    const { observers } = this.#simulation
    const after = definitionsAfter(this.#definitions, change, atMs)
    for (const observer of observers) observer.changing?.(change, after, this.#customers, atMs)
    this.#definitions = after
    for (const customer of this.#customers.filter((each) => isTold(each, change))) {
      const who = this.#whoById.get(customer.id)
      if (who === undefined) continue
      if (change.type === 'resume')
        for (const message of letGo(customer, change, atMs))
          this.#add(message.notBeforeMs ?? atMs, { type: 'deliver', who, message })
      customer.hear({ kind: 'journey', journey: change.journey }, atMs)
      this.#look(who, customer, atMs)
    }
    for (const observer of observers) observer.changed?.(change, this.#customers, atMs)
  }

  /** Every moment at which a segment enters a journey by its schedule. */
  #queueSchedules(fromMs: EpochMs, toMs: EpochMs): void {
    const { live, policy } = this.#definitions
    for (const { key: journey, entry } of live)
      for (const each of entry)
        if (each.type === 'schedule')
          for (const atMs of scheduledMoments(each, policy.defaultTimeZone, fromMs, toMs))
            this.#add(atMs, { type: 'schedule', journey, segment: each.segment })
  }

  #enterOnSchedule(journey: string, segment: string, atMs: EpochMs): void {
    for (const customer of this.#customers.filter((each) => each.isIn(segment))) {
      const who = this.#whoById.get(customer.id)
      if (who === undefined) continue
      customer.hear({ kind: 'entry', journey, by: 'schedule', properties: {} }, atMs)
      this.#look(who, customer, atMs)
    }
  }

  #queueOwn(who: Who, afterMs: EpochMs): void {
    const next = who.life.next(afterMs)
    if (next !== undefined) this.#add(next.atMs, { type: 'happening', who, happening: next.happening, isOwn: true })
  }

  /** For the end of the stretch of time in which the moment lies. */
  #add(atMs: EpochMs, item: Item): void {
    this.#queue.add(this.#endOfStretch(atMs), item, ranks[item.type])
  }

  #endOfStretch(atMs: EpochMs): EpochMs {
    const { stretchMs } = this.#pace
    return stretchMs === 1 ? atMs : Math.ceil(atMs / stretchMs) * stretchMs
  }

  #isDue(momentMs: EpochMs | null | undefined, atMs: EpochMs): boolean {
    return momentMs != null && this.#endOfStretch(momentMs) === atMs
  }

  #happen(who: Who, customer: SimulatedCustomer, happening: Happening, atMs: EpochMs): void {
    const redeemed = customer.take(happening, this.#interests, atMs)
    if (redeemed !== undefined && happening.type === 'order') this.#offers.redeem(redeemed, happening.order)
    for (const observer of this.#simulation.observers) {
      observer.happened?.(customer, happening, atMs)
      if (redeemed !== undefined && happening.type === 'order') observer.redeemed?.(customer, redeemed, happening.order)
    }
    if (happening.type === 'score') this.#scoreAgain(customer, atMs)
    this.#regroup(who, customer, atMs)
  }

  /** Segments and computed traits follow every change, and time. */
  #regroup(who: Who, customer: SimulatedCustomer, atMs: EpochMs, isNews = true): void {
    if (this.#groups === undefined) return
    const nextMs = customer.regroup(this.#groups, isNews, atMs)
    if (nextMs !== null && nextMs !== who.regroupAtMs) this.#add(nextMs, { type: 'regroup', who })
    who.regroupAtMs = nextMs
  }

  #scoreAgain(customer: SimulatedCustomer, atMs: EpochMs): void {
    const tierBefore = customer.scoreOf('clv')?.tier
    scoreCustomers([customer], atMs)
    announceCrossings(customer, tierBefore, this.#definitions.lifecycle, atMs)
  }

  #meet(who: Who, atMs: EpochMs): SimulatedCustomer {
    const definitions = this.#definitions
    const keepsMore = needsOfDefinitions(definitions) !== undefined || this.#groups !== undefined
    const customer = new SimulatedCustomer(who.life.person, atMs, keepsMore)
    const { past } = who.life
    if (past !== undefined) {
      customer.remember(past)
      scoreCustomers([customer], atMs)
      customer.stand(definitions.lifecycle, atMs)
      this.#regroup(who, customer, atMs, false)
      for (const observer of this.#simulation.observers) observer.met?.(customer, past)
    }
    this.#customers.push(customer)
    this.#whoById.set(customer.id, who)
    return customer
  }

  /** One review, with the scoring it may ask for, saved. */
  #look(who: Who, customer: SimulatedCustomer, atMs: EpochMs): void {
    const definitions = this.#definitions
    const { observers } = this.#simulation
    const identifiers = simulatedIdentifiers(customer.id)
    for (let looks = 0; looks < mostLooks; looks++) {
      const snapshot = { ...customer.snapshot(atMs), offers: this.#offers.factsFor(customer.id, atMs) }
      const decision = this.#rules.decide(snapshot, definitions, atMs, identifiers)
      if (decision.scoresAreStale) {
        scoreCustomers([customer], atMs)
        continue
      }
      const planned = customer.save(decision, atMs)
      this.#offers.issue(customer.id, decision.coupons)
      for (const observer of observers) observer.decided?.(customer, decision, atMs)
      for (const task of decision.tasks) this.#giveTask(who, task, atMs)
      for (const message of planned) this.#add(atMs + this.#pace.deliveryMs, { type: 'deliver', who, message })
      const postponed = customer.openMessages.reduce<EpochMs | null>(
        (next, { notBeforeMs }) => earliest(next, notBeforeMs),
        null,
      )
      this.#regroup(who, customer, atMs)
      if (customer.hasNews) continue
      customer.wakeAtMs = earliest(customer.wakeAtMs, postponed !== null && postponed > atMs ? postponed : null)
      if (customer.wakeAtMs !== null && customer.wakeAtMs > atMs) {
        this.#add(customer.wakeAtMs, { type: 'wake', who })
        return
      }
      if (customer.wakeAtMs === null) return
    }
    throw new Error(`simulation: customer ${customer.id} was looked at ${mostLooks} times at one moment`)
  }

  #giveTask(who: Who, task: PlannedTask, atMs: EpochMs): void {
    const finished = this.#simulation.clerk?.finish(task, atMs)
    if (finished === undefined) return
    const happening = { type: 'task', taskId: task.id, outcome: finished.outcome } as const
    this.#add(finished.atMs, { type: 'happening', who, happening, isOwn: false })
  }

  /** Consent, suppression, caps and quiet hours once more, then out. */
  #deliver(who: Who, customer: SimulatedCustomer, message: SimulatedMessage, atMs: EpochMs): void {
    if (message.status !== 'planned') return
    if (message.notBeforeMs !== null && message.notBeforeMs > atMs) return // Put off since: it comes again.
    const refuse = (reason: string): void => {
      customer.settle(message, 'refused', reason, atMs)
      for (const observer of this.#simulation.observers) observer.refused?.(customer, message, atMs)
    }
    if (message.expiresAtMs !== null && message.expiresAtMs <= atMs) {
      refuse('expired')
      return
    }
    const heldUntilMs = heldInLedger(this.#definitions, message, atMs)
    if (heldUntilMs !== undefined) {
      if (heldUntilMs === null) refuse(pausedRule)
      else this.#postpone(who, Object.assign(message, { reason: pausedRule }), heldUntilMs)
      return
    }
    const verdict = this.#ask(customer, message, atMs)
    if (verdict.allowed) {
      customer.settle(message, 'sent', null, atMs)
      for (const observer of this.#simulation.observers) observer.sent?.(customer, message, atMs)
      const code = customer.coupons.find(({ id }) => id === message.couponId)?.code ?? null
      for (const answer of who.life.answer(message, code, atMs))
        this.#add(answer.atMs, { type: 'happening', who, happening: answer.happening, isOwn: false })
    } else if (verdict.notBeforeMs === null) refuse(verdict.rule)
    else this.#postpone(who, message, verdict.notBeforeMs)
  }

  #postpone(who: Who, message: SimulatedMessage, notBeforeMs: EpochMs): void {
    message.notBeforeMs = notBeforeMs
    this.#add(notBeforeMs, { type: 'deliver', who, message })
  }

  #ask(customer: SimulatedCustomer, message: SimulatedMessage, atMs: EpochMs) {
    const { channel, messageClass, topic, journey, version } = message
    const definitions = this.#definitions
    const journeyCaps = definitions.journeys.get(journeyVersionKey(journey, version))?.caps[channel]
    return this.#rules.mayContact(
      { channel, messageClass, topic, journey, journeyCaps },
      customer.contactFacts(message, atMs),
      definitions.policy,
      atMs,
    )
  }
}
