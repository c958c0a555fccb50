/** A customer whose decisions come true: what a store and a workflow do, without either. */

import { decide, type Identifiers } from '../../../src/domain/decide.ts'
import type {
  Decision,
  DecisionNote,
  PlannedMessage,
  PlannedTask,
  PlannedWebhook,
} from '../../../src/domain/decision.ts'
import type { Definitions } from '../../../src/domain/definitions.ts'
import type { News, Snapshot } from '../../../src/domain/snapshot.ts'
import { dayMs, type EpochMs } from '../../../src/domain/time.ts'

/** Ids that tell what they stand for. */
export const identifiers: Identifiers = { id: (key) => key, code: (key) => key.toUpperCase() }

/** Noon on a Monday. */
export const monday: EpochMs = Date.UTC(2026, 0, 5, 12)

/** News before it has an id. */
export type Happening = News extends infer Each ? (Each extends News ? Omit<Each, 'id' | 'atMs'> : never) : never

/** Somebody who just arrived, can be reached everywhere and has agreed to everything. */
export function someone(change: Partial<Snapshot> & { readonly id?: string } = {}): Snapshot {
  const { id = 'customer-1', ...rest } = change
  return {
    customer: {
      id,
      stage: 'acquire',
      stageSinceMs: monday,
      atRisk: false,
      traits: {},
      timeZone: 'UTC',
      firstSeenMs: monday,
      lastSeenMs: monday,
      scoredMs: monday,
    },
    orders: { count: 0, revenueCents: 0, refundedCents: 0, firstOrderMs: null, lastOrderMs: null },
    scores: {},
    contact: {
      email: { reachable: true, suppressed: null, consents: { '*': 'granted' } },
      sms: { reachable: true, suppressed: null, consents: { '*': 'granted' } },
    },
    runs: [],
    pastRuns: [],
    recentMessages: [],
    news: [],
    coupons: [],
    ...rest,
  }
}

/** The snapshot after a decision was saved. */
export function saved(snapshot: Snapshot, decision: Decision, nowMs: EpochMs): Snapshot {
  const { customer } = snapshot
  const changed = new Map(decision.runs.map((run) => [run.id, run]))
  const runs = [...snapshot.runs.filter((run) => !changed.has(run.id)), ...changed.values()]
  const ended = decision.runs.filter((run) => run.status !== 'active')
  return {
    ...snapshot,
    customer: {
      ...customer,
      stage: decision.move?.to ?? customer.stage,
      stageSinceMs: decision.move === null ? customer.stageSinceMs : nowMs,
      atRisk: decision.atRisk,
      traits: Object.fromEntries(
        Object.entries({ ...customer.traits, ...decision.traits }).filter(([, value]) => value !== null),
      ),
    },
    runs: runs
      .filter((run) => !('status' in run) || run.status === 'active')
      .map(({ id, journey, version, entryNumber, step, stepSinceMs, wakeAtMs, enteredAtMs, memory }) =>
        // As a store would hand it back: other objects, the same content.
        structuredClone({ id, journey, version, entryNumber, step, stepSinceMs, wakeAtMs, enteredAtMs, memory }),
      ),
    pastRuns: [
      ...ended.map(({ journey, entryNumber, enteredAtMs, endReason }) => ({
        journey,
        entryNumber,
        enteredAtMs,
        endedAtMs: nowMs,
        endReason: endReason ?? '',
      })),
      ...snapshot.pastRuns,
    ],
    recentMessages: [
      ...decision.messages.map(({ channel, journey, messageClass }) => ({
        channel,
        journey,
        messageClass,
        atMs: nowMs,
      })),
      ...snapshot.recentMessages.filter(({ atMs }) => atMs > nowMs - 30 * dayMs),
    ],
    coupons: [
      ...snapshot.coupons.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs),
      ...decision.coupons.map(({ id, offer, code, expiresAtMs }) => ({
        id,
        offer,
        code: code ?? 'FROM-THE-POOL',
        expiresAtMs,
      })),
    ],
    news: snapshot.news.filter(({ id }) => !decision.consumedNews.includes(id)),
    assignments: {
      ...Object.fromEntries(decision.assignments.map(({ experiment, variant }) => [experiment, variant])),
      ...snapshot.assignments,
    },
  }
}

/** A message with the moment at which it was planned. */
export type LivedMessage = PlannedMessage & { readonly atMs: EpochMs }

/** Lives through virtual time and remembers what was decided. */
export class Life {
  snapshot: Snapshot
  /** Others may come into force. */
  definitions: Definitions
  nowMs: EpochMs
  wakeAtMs: EpochMs | null = null
  readonly messages: LivedMessage[] = []
  readonly notes: (DecisionNote & { readonly atMs: EpochMs })[] = []
  readonly tasks: PlannedTask[] = []
  readonly webhooks: PlannedWebhook[] = []
  #newsId = 0

  constructor(definitions: Definitions, snapshot: Snapshot = someone(), nowMs: EpochMs = monday) {
    this.definitions = definitions
    this.snapshot = snapshot
    this.nowMs = nowMs
  }

  /** Something happens now; nobody has looked yet. */
  hear(...news: readonly Happening[]): this {
    for (const each of news) {
      const whole = { ...each, id: ++this.#newsId, atMs: this.nowMs } as News
      this.snapshot = { ...this.snapshot, news: [...this.snapshot.news, whole] }
    }
    return this
  }

  event(name: string, properties: Readonly<Record<string, unknown>> = {}): this {
    return this.hear({ kind: 'event', name, properties }).look()
  }

  arrive(): this {
    return this.hear({ kind: 'arrived' }).look()
  }

  /** An order, scored at once. */
  order(): this {
    const { orders, customer } = this.snapshot
    this.snapshot = {
      ...this.snapshot,
      customer: { ...customer, scoredMs: this.nowMs },
      orders: {
        ...orders,
        count: orders.count + 1,
        firstOrderMs: orders.firstOrderMs ?? this.nowMs,
        lastOrderMs: this.nowMs,
      },
    }
    return this.event('Order Completed')
  }

  change(change: Partial<Snapshot>): this {
    this.snapshot = { ...this.snapshot, ...change }
    return this
  }

  /** One review, saved. */
  look(): this {
    const decision = decide(this.snapshot, this.definitions, this.nowMs, identifiers)
    const atMs = this.nowMs
    this.messages.push(...decision.messages.map((message) => ({ ...message, atMs })))
    this.tasks.push(...decision.tasks)
    this.webhooks.push(...(decision.webhooks ?? []))
    this.notes.push(...decision.records.map((note) => ({ ...note, atMs })))
    this.snapshot = saved(this.snapshot, decision, this.nowMs)
    this.wakeAtMs = decision.wakeAtMs
    return this
  }

  /** Lets time pass, waking up whenever a decision asked for it. */
  pass(lengthMs: number): this {
    const untilMs = this.nowMs + lengthMs
    while (this.wakeAtMs !== null && this.wakeAtMs <= untilMs) {
      this.nowMs = this.wakeAtMs
      this.look()
    }
    this.nowMs = untilMs
    return this
  }

  /** What was planned, and when: `2026-01-05T12:00 hello`. */
  get story(): readonly string[] {
    return this.messages.map(({ atMs, step }) => `${new Date(atMs).toISOString().slice(0, 16)} ${step}`)
  }

  /** Everything that was said about a kind of thing: `refused consent`. */
  said(kind: DecisionNote['kind']): readonly string[] {
    return this.notes.filter((note) => note.kind === kind).map(({ outcome, rule }) => `${outcome} ${rule}`)
  }
}
