/**
 * One customer of a simulation: the facts that PostgreSQL would hold, changed by what happens and by what was decided.
 * It follows the stores word for word where that matters to decisions (what is recent, what is withdrawn, what is past).
 */

import { confirmationJourney } from '../domain/consent-rule.ts'
import type { Decision, PlannedMessage } from '../domain/decision.ts'
import type { ContactPolicy, LifecycleDefinition } from '../domain/definitions.ts'
import { stageOf } from '../domain/lifecycle.ts'
import type {
  Channel,
  CouponFacts,
  News,
  PastRunFacts,
  RecentMessageFacts,
  RunFacts,
  ScoreFacts,
  ScoreKind,
  Snapshot,
  TraitValue,
} from '../domain/snapshot.ts'
import { dayMs, type EpochMs } from '../domain/time.ts'
import type { GivenScores, Happening, SimulatedOrder, SimulatedPast } from './happenings.ts'
import { SimulatedContact } from './simulated-contact.ts'
import type { GroupRules } from './simulated-groups.ts'
import { SimulatedMemory } from './simulated-memory.ts'

const recentMs = 30 * dayMs

/** A message in the ledger. */
export interface SimulatedMessage extends PlannedMessage {
  readonly customerId: string
  readonly plannedAtMs: EpochMs
  status: 'planned' | 'sent' | 'refused'
  /** Why it was refused. */
  reason: string | null
  sentAtMs: EpochMs | null
  /** Postponed at the last check. */
  notBeforeMs: EpochMs | null
}

/** Which events and traits decisions care about. */
export interface Interests {
  readonly events: ReadonlySet<string>
  readonly traits: ReadonlySet<string>
  /** Says which yes has to be confirmed. */
  readonly policy: ContactPolicy
}

export interface SimulatedPerson {
  readonly id: string
  readonly timeZone: string | null
  readonly reachable: Readonly<Record<Channel, boolean>>
}

type Mutable<Facts> = { -readonly [Name in keyof Facts]: Facts[Name] }
type NewNews = News extends infer Each ? (Each extends News ? Omit<Each, 'id' | 'atMs'> : never) : never

export class SimulatedCustomer {
  readonly id: string
  readonly orders: {
    readonly atMs: EpochMs
    readonly key: string
    readonly revenueCents: number
    refundedCents: number
  }[] = []
  readonly openMessages: SimulatedMessage[] = []
  /** Issued, not redeemed. */
  coupons: (CouponFacts & { readonly issuedAtMs: EpochMs })[] = []
  /** The next wake-up of the last decision. */
  wakeAtMs: EpochMs | null = null
  #customer: Mutable<Snapshot['customer']>
  readonly #scores: Partial<Record<ScoreKind, ScoreFacts>> = {}
  readonly #contact: SimulatedContact
  #runs: readonly RunFacts[] = []
  #pastRuns: PastRunFacts[] = []
  #messages: SimulatedMessage[] = []
  #news: News[] = []
  #newsId = 0
  #assignments: Record<string, string> = {}
  #givenScores: GivenScores = {}
  /** Only where conditions look at more than the snapshot. */
  readonly #memory: SimulatedMemory | undefined
  #refundedCents = 0
  #revenueCents = 0

  constructor({ id, timeZone, reachable }: SimulatedPerson, atMs: EpochMs, keepsMore = false) {
    this.id = id
    this.#memory = keepsMore ? new SimulatedMemory() : undefined
    this.#customer = {
      id,
      stage: 'acquire',
      stageSinceMs: atMs,
      atRisk: false,
      traits: {},
      timeZone,
      firstSeenMs: atMs,
      lastSeenMs: atMs,
      scoredMs: null,
    }
    this.#contact = new SimulatedContact(reachable)
  }

  get stage(): Snapshot['customer']['stage'] {
    return this.#customer.stage
  }

  get timeZone(): string | null {
    return this.#customer.timeZone
  }

  get atRisk(): boolean {
    return this.#customer.atRisk
  }

  get runs(): readonly RunFacts[] {
    return this.#runs
  }

  scoreOf(kind: ScoreKind): ScoreFacts | undefined {
    return this.#scores[kind]
  }

  snapshot(nowMs: EpochMs): Snapshot {
    return {
      customer: this.#customer,
      orders: {
        count: this.orders.length,
        revenueCents: this.#revenueCents,
        refundedCents: this.#refundedCents,
        firstOrderMs: this.orders[0]?.atMs ?? null,
        lastOrderMs: this.orders.at(-1)?.atMs ?? null,
      },
      scores: this.#scores,
      contact: this.#contact.facts,
      runs: this.#runs,
      pastRuns: this.#pastRuns,
      recentMessages: this.#recentMessages(nowMs),
      news: this.#news,
      coupons: this.coupons.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs),
      assignments: this.#assignments,
      ...(this.#memory && { more: this.#memory.facts(this.#customer.timeZone, this.#runs) }),
    }
  }

  /** What the last check before sending sees: everything but the message itself. */
  contactFacts(message: SimulatedMessage, nowMs: EpochMs) {
    return {
      customerId: this.id,
      timeZone: this.#customer.timeZone,
      contact: this.#contact.facts[message.channel],
      lastOrderMs: this.orders.at(-1)?.atMs ?? null,
      recentMessages: this.#recentMessages(nowMs, message),
    }
  }

  #recentMessages(nowMs: EpochMs, except?: SimulatedMessage): RecentMessageFacts[] {
    const sinceMs = nowMs - recentMs
    const atMsOf = (message: SimulatedMessage): EpochMs => message.sentAtMs ?? message.plannedAtMs
    if (this.#messages.some((message) => atMsOf(message) <= sinceMs))
      this.#messages = this.#messages.filter((message) => atMsOf(message) > sinceMs || message.status === 'planned')
    return this.#messages
      .filter((message) => message.status !== 'refused' && message !== except)
      .map((message) => ({
        channel: message.channel,
        journey: message.journey,
        messageClass: message.messageClass,
        atMs: atMsOf(message),
      }))
  }

  /** What was before. */
  remember({ firstSeenMs, orders, scores, traits, words, variants }: SimulatedPast): void {
    for (const { atMs, order } of orders) this.#addOrder(order, atMs)
    for (const word of words) this.#contact.remember(word)
    this.#customer = { ...this.#customer, traits, firstSeenMs, stageSinceMs: orders.at(-1)?.atMs ?? firstSeenMs }
    this.#givenScores = scores
    this.#assignments = { ...variants }
  }

  /** Where the facts put the customer, without anybody hearing of it. */
  stand(lifecycle: LifecycleDefinition, nowMs: EpochMs): void {
    const { stage, atRisk } = stageOf(this.snapshot(nowMs), lifecycle, nowMs)
    this.#customer = { ...this.#customer, stage, atRisk }
  }

  /** Changes the facts. @returns the coupon that an order has redeemed. */
  take(happening: Happening, interests: Interests, nowMs: EpochMs): CouponFacts | undefined {
    this.#customer = { ...this.#customer, lastSeenMs: nowMs }
    this.#memory?.note(happening, nowMs)
    switch (happening.type) {
      case 'arrives':
        this.hear({ kind: 'arrived' }, nowMs)
        return undefined
      case 'event':
        if (interests.events.has(happening.name))
          this.hear({ kind: 'event', name: happening.name, properties: happening.properties }, nowMs)
        return undefined
      case 'order':
        return this.#order(happening.order, nowMs)
      case 'refund':
        this.#refund(happening, nowMs)
        return undefined
      case 'trait':
        this.#setTrait(happening.name, happening.value)
        if (interests.traits.has(happening.name)) this.hear({ kind: 'profile' }, nowMs)
        return undefined
      case 'task':
        this.hear({ kind: 'task', taskId: happening.taskId, outcome: happening.outcome }, nowMs)
        return undefined
      case 'entry':
        this.hear({ kind: 'entry', journey: happening.journey, properties: {} }, nowMs)
        return undefined
      case 'consent':
      case 'suppression':
        if (this.#contact.hear(happening, interests.policy, nowMs)) this.hear({ kind: 'contact' }, nowMs)
        else this.#hearOfContact(nowMs)
        return undefined
      case 'confirmation':
        this.#contact.confirm(happening.channel, happening.consents, interests.policy, nowMs)
        this.#hearOfContact(nowMs)
        return undefined
      case 'score':
        this.#givenScores = { ...this.#givenScores, ...happening.scores }
        return undefined
    }
  }

  /** A change of contact starts nothing by itself: only whoever is busy hears of it. */
  #hearOfContact(nowMs: EpochMs): void {
    if (this.#runs.length > 0 || this.openMessages.length > 0) this.hear({ kind: 'contact' }, nowMs)
  }

  /** Works out what follows by rule; whoever is concerned hears of it. @returns when to do so again without news. */
  regroup(rules: GroupRules, isNews: boolean, nowMs: EpochMs): EpochMs | null {
    const groups = this.#memory?.groups
    if (groups === undefined) return null
    const news = groups.update(rules, this.snapshot(nowMs), nowMs)
    if (isNews) for (const each of news) this.hear(each, nowMs)
    return groups.nextMs
  }

  isIn(segment: string): boolean {
    return this.#memory?.groups.segments.has(segment) === true
  }

  get hasNews(): boolean {
    return this.#news.length > 0
  }

  hear(news: NewNews, atMs: EpochMs): void {
    this.#news.push({ ...news, id: ++this.#newsId, atMs })
  }

  #order(order: SimulatedOrder, nowMs: EpochMs): CouponFacts | undefined {
    this.#addOrder(order, nowMs)
    const properties = { order_id: order.key, total: order.revenueCents / 100, products: order.products }
    this.hear({ kind: 'event', name: 'Order Completed', properties }, nowMs)
    const redeemed = this.coupons.find(
      ({ code, expiresAtMs }) => code === order.coupon && (expiresAtMs === null || expiresAtMs > nowMs),
    )
    if (redeemed !== undefined) this.coupons = this.coupons.filter((coupon) => coupon !== redeemed)
    return redeemed
  }

  #addOrder({ key, revenueCents, products }: SimulatedOrder, atMs: EpochMs): void {
    this.orders.push({ atMs, key, revenueCents, refundedCents: 0 })
    this.#revenueCents += revenueCents
    this.#memory?.noteOrder(revenueCents, products, atMs)
  }

  #refund({ orderKey, amountCents }: Extract<Happening, { type: 'refund' }>, nowMs: EpochMs): void {
    const order = this.orders.find(({ key }) => key === orderKey)
    if (order === undefined) return
    order.refundedCents += amountCents
    this.#refundedCents += amountCents
    this.hear(
      { kind: 'event', name: 'Order Refunded', properties: { order_id: orderKey, total: amountCents / 100 } },
      nowMs,
    )
  }

  #setTrait(name: string, value: TraitValue): void {
    const { [name]: _, ...others } = this.#customer.traits
    this.#customer = { ...this.#customer, traits: value === null ? others : { ...others, [name]: value } }
  }

  setScore(kind: ScoreKind, score: ScoreFacts, nowMs: EpochMs): void {
    this.#scores[kind] = score
    this.#customer = { ...this.#customer, scoredMs: nowMs }
  }

  /** What was said outweighs what was computed. */
  keepGivenScores(nowMs: EpochMs): void {
    const { churn, clv, clvTier } = this.#givenScores
    if (churn !== undefined) this.setScore('churn', { value: churn, tier: null, scoredAtMs: nowMs }, nowMs)
    if (clv === undefined && clvTier === undefined) return
    const { value = 0, tier = null } = this.#scores.clv ?? {}
    this.setScore('clv', { value: clv ?? value, tier: clvTier ?? tier, scoredAtMs: nowMs }, nowMs)
  }

  /** Somebody who cannot be scored is not asked about again before the next order. */
  noteScoring(nowMs: EpochMs): void {
    this.#customer = { ...this.#customer, scoredMs: nowMs }
  }

  /** Saves a decision. @returns the messages that are new. */
  save(decision: Decision, nowMs: EpochMs): readonly SimulatedMessage[] {
    const { move } = decision
    this.#customer = {
      ...this.#customer,
      atRisk: decision.atRisk,
      ...(move === null ? {} : { stage: move.to, stageSinceMs: nowMs }),
    }
    const consumed = new Set(decision.consumedNews)
    this.#news = this.#news.filter(({ id }) => !consumed.has(id))
    for (const { experiment, variant } of decision.assignments) this.#assignments[experiment] ??= variant
    for (const [name, value] of Object.entries(decision.traits)) this.#setTrait(name, value)
    for (const coupon of decision.coupons)
      this.coupons.push({ ...coupon, code: coupon.code ?? `POOL-${coupon.id}`, issuedAtMs: nowMs })
    this.#saveRuns(decision, nowMs)
    const planned = decision.messages.map(
      (message): SimulatedMessage => ({
        ...message,
        customerId: this.id,
        plannedAtMs: nowMs,
        status: 'planned',
        reason: null,
        sentAtMs: null,
        notBeforeMs: null,
      }),
    )
    for (const { journey, channel, data } of planned) {
      if (journey === confirmationJourney) this.#contact.ask(channel, consentsIn(data))
    }
    this.#messages.push(...planned)
    this.openMessages.push(...planned)
    this.wakeAtMs = decision.wakeAtMs
    return planned
  }

  #saveRuns(decision: Decision, nowMs: EpochMs): void {
    const changed = new Map(decision.runs.map((run) => [run.id, run]))
    const active = [
      ...this.#runs.filter((run) => !changed.has(run.id)),
      ...decision.runs.filter((run) => run.status === 'active'),
    ]
    this.#runs = active
    for (const run of decision.runs) {
      if (run.status === 'active') continue
      const { journey, entryNumber, enteredAtMs } = run
      this.#memory?.noteEnd(journey, run.status)
      this.#pastRuns = [
        { journey, entryNumber, enteredAtMs, endedAtMs: nowMs, endReason: run.endReason ?? '' },
        ...this.#pastRuns,
      ]
      if (run.status === 'exited') this.#withdraw(run, nowMs)
    }
  }

  /** Who has just bought is not reminded to: what a run had planned and nobody has begun to send is taken back. */
  #withdraw(run: { journey: string; entryNumber: number; endReason: string | null }, nowMs: EpochMs): void {
    const ofRun = this.openMessages.filter(
      ({ journey, entryNumber }) => journey === run.journey && entryNumber === run.entryNumber,
    )
    for (const message of ofRun) {
      if (message.messageClass === 'marketing') this.settle(message, 'refused', `run ended: ${run.endReason}`, nowMs)
    }
  }

  settle(message: SimulatedMessage, status: 'sent' | 'refused', reason: string | null, nowMs: EpochMs): void {
    message.status = status
    message.reason = reason
    if (status === 'sent') message.sentAtMs = nowMs
    const place = this.openMessages.indexOf(message)
    if (place !== -1) this.openMessages.splice(place, 1)
  }
}

/** The yeses that a message asks to confirm. */
export function consentsIn({ consents }: PlannedMessage['data']): readonly number[] {
  return Array.isArray(consents) ? consents.map(Number) : []
}
