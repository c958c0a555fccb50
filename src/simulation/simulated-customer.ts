/**
 * One customer of a simulation: the facts that PostgreSQL would hold, changed by what happens and by what was decided.
 * It follows the stores word for word where that matters to decisions (what is recent, what is withdrawn, what is past).
 */

import { confirmationJourney } from '../domain/consent-rule.ts'
import type { Decision } from '../domain/decision.ts'
import type { ContactPolicy, LifecycleDefinition } from '../domain/definitions.ts'
import { stageOf } from '../domain/lifecycle.ts'
import type {
  Channel,
  CouponFacts,
  News,
  RunFacts,
  ScoreFacts,
  ScoreKind,
  Snapshot,
  TraitValue,
} from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { GivenScores, Happening, SimulatedOrder, SimulatedPast } from './happenings.ts'
import { SimulatedContact } from './simulated-contact.ts'
import type { GroupRules } from './simulated-groups.ts'
import { consentsIn, SimulatedLedger, type SimulatedMessage } from './simulated-ledger.ts'
import { SimulatedMemory } from './simulated-memory.ts'
import { type PlacedOrder, SimulatedOrders } from './simulated-orders.ts'
import { SimulatedRuns } from './simulated-runs.ts'

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
  /** Issued, not redeemed. */
  coupons: (CouponFacts & { readonly issuedAtMs: EpochMs })[] = []
  /** The next wake-up of the last decision. */
  wakeAtMs: EpochMs | null = null
  #customer: Mutable<Snapshot['customer']>
  readonly #scores: Partial<Record<ScoreKind, ScoreFacts>> = {}
  readonly #contact: SimulatedContact
  readonly #runs = new SimulatedRuns()
  #news: News[] = []
  #newsId = 0
  #assignments: Record<string, string> = {}
  #givenScores: GivenScores = {}
  /** Only where conditions look at more than the snapshot. */
  readonly #memory: SimulatedMemory | undefined
  readonly #orders = new SimulatedOrders()
  readonly #ledger: SimulatedLedger

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
    this.#ledger = new SimulatedLedger(id)
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
    return this.#runs.active
  }

  get orders(): readonly PlacedOrder[] {
    return this.#orders.placed
  }

  get openMessages(): readonly SimulatedMessage[] {
    return this.#ledger.open
  }

  scoreOf(kind: ScoreKind): ScoreFacts | undefined {
    return this.#scores[kind]
  }

  snapshot(nowMs: EpochMs): Snapshot {
    return {
      customer: this.#customer,
      orders: this.#orders.facts,
      scores: this.#scores,
      contact: this.#contact.facts,
      runs: this.#runs.active,
      pastRuns: this.#runs.past,
      recentMessages: this.#ledger.recent(nowMs),
      news: this.#news,
      coupons: this.coupons.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs),
      assignments: this.#assignments,
      ...(this.#memory && { more: this.#memory.facts(this.#customer.timeZone, this.#runs.active) }),
    }
  }

  /** What the last check before sending sees: everything but the message itself. */
  contactFacts(message: SimulatedMessage, nowMs: EpochMs) {
    return {
      customerId: this.id,
      timeZone: this.#customer.timeZone,
      contact: this.#contact.facts[message.channel],
      lastOrderMs: this.#orders.lastMs,
      recentMessages: this.#ledger.recent(nowMs, message),
    }
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
    if (this.#runs.active.length > 0 || this.openMessages.length > 0) this.hear({ kind: 'contact' }, nowMs)
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

  #addOrder(order: SimulatedOrder, atMs: EpochMs): void {
    this.#orders.add(order, atMs)
    this.#memory?.noteOrder(order.revenueCents, order.products, atMs)
  }

  #refund({ orderKey, amountCents }: Extract<Happening, { type: 'refund' }>, nowMs: EpochMs): void {
    if (!this.#orders.refund(orderKey, amountCents)) return
    const properties = { order_id: orderKey, total: amountCents / 100 }
    this.hear({ kind: 'event', name: 'Order Refunded', properties }, nowMs)
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
    for (const run of this.#runs.save(decision.runs, nowMs)) {
      this.#memory?.noteEnd(run.journey, run.status)
      if (run.status === 'exited') this.#ledger.withdraw(run, nowMs)
    }
    const planned = this.#ledger.plan(decision.messages, nowMs)
    for (const { journey, channel, data } of planned) {
      if (journey === confirmationJourney) this.#contact.ask(channel, consentsIn(data))
    }
    this.wakeAtMs = decision.wakeAtMs
    return planned
  }

  settle(message: SimulatedMessage, status: 'sent' | 'refused', reason: string | null, nowMs: EpochMs): void {
    this.#ledger.settle(message, status, reason, nowMs)
  }
}
