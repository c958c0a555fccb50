/**
 * The witness's own view of what a shop does to its journeys: nothing of a paused journey, no burst and nothing stale
 * afterwards, and people in flight end up where the preview of a new version has put them.
 */

import type { Decision } from '../domain/decision.ts'
import { type Definitions, type JourneyDefinition, journeyVersionKey } from '../domain/definitions.ts'
import { spreadShareOf } from '../domain/hash.ts'
import { countFates, foresee, type Standing } from '../domain/in-flight.ts'
import type { MessageStep } from '../domain/steps.ts'
import { type EpochMs, minuteMs } from '../domain/time.ts'
import type { ShopChange } from './shop-changes.ts'
import type { SimulatedCustomer } from './simulated-customer.ts'
import type { SimulatedMessage } from './simulated-ledger.ts'

export const changeInvariants = [
  'while-paused',
  'entered-while-paused',
  'stale-after-pause',
  'burst-after-pause',
  'in-flight',
] as const

type ChangeInvariant = (typeof changeInvariants)[number]

export interface BrokenChange {
  readonly invariant: ChangeInvariant
  readonly customerId: string
  readonly what: string
}

/** Where somebody stands in a journey, and until when they wait there. */
interface Stand {
  readonly entryNumber: number
  readonly version: string
  readonly step: string
  readonly stepSinceMs: EpochMs
  readonly dueMs: EpochMs | null
}

interface SeenPause {
  readonly fromMs: EpochMs
  toMs: EpochMs | null
  spreadMs: number
  /** Whose delay was over during the pause, by customer. */
  readonly held: Map<string, Stand & { readonly dueMs: EpochMs }>
  /** Those of them who have not moved on yet. */
  readonly waiting: Set<string>
  /** How many of them have their own place in each tenth of the spread: who waits together may be alike in that. */
  readonly places: number[]
  /** How many of them moved on, by tenth of the spread. */
  readonly released: number[]
  isBurst: boolean
}

interface Publication {
  readonly journey: string
  readonly expected: { readonly stay: number; readonly move: number; readonly exit: number }
  /** Who follows which version before it. */
  readonly before: ReadonlyMap<string, { readonly version: string; readonly entryNumber: number }>
  moved: number
  exited: number
}

const tenths = 10

export class ChangeWatch {
  #definitions: Definitions
  /** By journey, then by customer. */
  readonly #stands = new Map<string, Map<string, Stand>>()
  readonly #pauses = new Map<string, SeenPause>()
  #publication: Publication | undefined

  constructor(definitions: Definitions) {
    this.#definitions = definitions
  }

  changing(change: ShopChange, after: Definitions, customers: readonly SimulatedCustomer[], atMs: EpochMs): void {
    const { journey } = change
    switch (change.type) {
      case 'pause':
        this.#pauses.set(journey, {
          fromMs: atMs,
          toMs: null,
          spreadMs: 0,
          held: new Map(),
          waiting: new Set(),
          places: Array<number>(tenths).fill(0),
          released: Array<number>(tenths).fill(0),
          isBurst: false,
        })
        break
      case 'resume':
        this.#resume(journey, change.spreadMs, atMs)
        break
      case 'publish':
        this.#publication = this.#foresee(change, after, customers)
        this.#pauses.get(journey)?.held.clear() // Another version has other terms.
        this.#pauses.get(journey)?.waiting.clear()
    }
    this.#definitions = after
  }

  /** Those whose delay is over by now, whether they began it before the pause or during it. */
  #resume(journey: string, spreadMs: number, atMs: EpochMs): void {
    const pause = this.#pauses.get(journey)
    if (pause === undefined) return
    pause.toMs = atMs
    pause.spreadMs = spreadMs
    for (const [customerId, stand] of this.#stands.get(journey) ?? []) {
      if (stand.dueMs === null || stand.dueMs >= atMs) continue
      pause.held.set(customerId, { ...stand, dueMs: Math.max(pause.fromMs, stand.dueMs) })
      pause.waiting.add(customerId)
      const tenth = Math.floor(spreadShareOf(customerId) * tenths)
      pause.places[tenth] = (pause.places[tenth] ?? 0) + 1
    }
  }

  #foresee(
    { journey, inFlight }: Extract<ShopChange, { type: 'publish' }>,
    after: Definitions,
    customers: readonly SimulatedCustomer[],
  ): Publication | undefined {
    const next = after.live.find(({ key }) => key === journey)
    if (next === undefined) return undefined
    const formers = [...after.journeys.values()].filter(
      ({ key, version }) => key === journey && version !== next.version,
    )
    const before = new Map<string, { version: string; entryNumber: number }>()
    const standing: Standing[] = []
    for (const { id, runs } of customers) {
      const run = runs.find((each) => each.journey === journey)
      if (run === undefined) continue
      before.set(id, run)
      standing.push({ version: run.version, step: run.step, count: 1 })
    }
    const { stay, move, exit } = countFates(foresee(inFlight, standing, formers, next), standing, next.version)
    return { journey, expected: { stay, move, exit }, before, moved: 0, exited: 0 }
  }

  /** Whoever stays has stayed, whoever left has left, and as many moved as the preview had said. */
  changed(change: ShopChange, customers: readonly SimulatedCustomer[]): readonly BrokenChange[] {
    const publication = this.#publication
    this.#publication = undefined
    if (change.type !== 'publish' || publication === undefined) return []
    const { journey, expected, before, moved, exited } = publication
    const broken: BrokenChange[] = []
    const say = (customerId: string, what: string): void =>
      void broken.push({ invariant: 'in-flight', customerId, what: `${journey}: ${what}` })
    if (moved !== expected.move) say('', `${expected.move} were to move, ${moved} did`)
    if (exited !== expected.exit) say('', `${expected.exit} were to leave, ${exited} did`)
    if (change.inFlight.choice !== 'stay') return broken
    for (const { id, runs } of customers) {
      const was = before.get(id)
      const is = runs.find((run) => run.journey === journey && run.entryNumber === was?.entryNumber)
      if (is !== undefined && is.version !== was?.version) say(id, 'was to stay, and follows another version')
    }
    return broken
  }

  decided({ id }: SimulatedCustomer, decision: Decision, atMs: EpochMs): readonly BrokenChange[] {
    const broken: BrokenChange[] = []
    const say = (invariant: ChangeInvariant, what: string): void =>
      void broken.push({ invariant, customerId: id, what })
    this.#countFates(decision)
    for (const message of decision.messages) {
      const what = `${message.journey} › ${message.step}`
      if (this.#isPaused(message.journey)) say('while-paused', what)
      if (this.#isStale(id, message, atMs)) say('stale-after-pause', what)
      if (this.#journey(message.journey, message.version)?.stepById.has(message.step) === false)
        say('in-flight', `${what} is no step of the version that is followed`)
    }
    for (const run of decision.runs) {
      if (run.isNew && this.#isPaused(run.journey)) say('entered-while-paused', run.journey)
      const stands = findOrAdd(this.#stands, run.journey)
      const before = stands.get(id)
      if (run.status !== 'active') stands.delete(id)
      else stands.set(id, this.#standOf(run, before))
      if (
        before !== undefined &&
        (run.status !== 'active' || run.step !== before.step) &&
        this.#isBurst(run.journey, id, atMs)
      )
        say('burst-after-pause', run.journey)
    }
    return broken
  }

  sent({ id }: SimulatedCustomer, { journey, step }: SimulatedMessage): readonly BrokenChange[] {
    return this.#isPaused(journey) ? [{ invariant: 'while-paused', customerId: id, what: `${journey} › ${step}` }] : []
  }

  #isPaused(journey: string): boolean {
    return this.#pauses.get(journey)?.toMs === null
  }

  /** Of delays alone: other waits may be over before their time is. */
  #standOf(run: Decision['runs'][number], before: Stand | undefined): Stand {
    const { entryNumber, version, step, stepSinceMs, wakeAtMs } = run
    const stand = { entryNumber, version, step, stepSinceMs }
    // What holds somebody up does not change when they would have gone on.
    if (before?.dueMs != null && isSameStand(stand, before)) return before
    const delay = this.#journey(run.journey, version)?.stepById.get(step)
    if (delay?.type !== 'delay') return { ...stand, dueMs: null }
    if (delay.until === null) return { ...stand, dueMs: stepSinceMs + delay.forMs }
    const pause = this.#pauses.get(run.journey)
    const isHeld = pause !== undefined && (pause.toMs === null || stepSinceMs < pause.toMs)
    return { ...stand, dueMs: isHeld ? null : wakeAtMs }
  }

  #isStale(customerId: string, message: Decision['messages'][number], atMs: EpochMs): boolean {
    const held = this.#pauses.get(message.journey)?.held.get(customerId)
    if (held === undefined || held.entryNumber !== message.entryNumber) return false
    const step = this.#journey(message.journey, held.version)?.stepById.get(held.step)
    const isNextAfter = step !== undefined && step.next === message.step
    const present = this.#journey(message.journey, message.version)?.stepById.get(message.step)
    if (!isNextAfter || present?.type !== 'message' || this.#hasMovedOn(message.journey, customerId, held)) return false
    return atMs > held.dueMs + this.#validForMs(present) + minuteMs
  }

  /** The next visit to the same step is another matter. */
  #hasMovedOn(journey: string, customerId: string, held: Stand): boolean {
    const stand = this.#stands.get(journey)?.get(customerId)
    return stand === undefined || !isSameStand(stand, held)
  }

  #validForMs({ validForMs, channel }: MessageStep): number {
    return validForMs ?? this.#definitions.policy.channels[channel].validForMs
  }

  /** Far more in one tenth of the spread than chance or their own places would bring there. Said once. */
  #isBurst(journey: string, customerId: string, atMs: EpochMs): boolean {
    const pause = this.#pauses.get(journey)
    if (pause?.toMs == null || pause.isBurst || !pause.waiting.delete(customerId)) return false
    const tenth = Math.floor(((atMs - pause.toMs) / Math.max(1, pause.spreadMs)) * tenths)
    if (tenth >= tenths) return false
    const count = (pause.released[tenth] ?? 0) + 1
    pause.released[tenth] = count
    const fair = Math.max(pause.held.size / tenths, pause.places[tenth] ?? 0)
    pause.isBurst = count > 3 + fair + 5 * Math.sqrt(fair)
    return pause.isBurst
  }

  #countFates({ records }: Decision): void {
    const publication = this.#publication
    if (publication === undefined) return
    const of = (rule: string): number =>
      records.filter((record) => record.journey === publication.journey && record.rule === rule).length
    publication.moved += of('moved')
    publication.exited += of('version-replaced')
  }

  #journey(key: string, version: string): JourneyDefinition | undefined {
    return this.#definitions.journeys.get(journeyVersionKey(key, version))
  }
}

function isSameStand(one: Omit<Stand, 'dueMs'>, other: Stand): boolean {
  return (
    one.entryNumber === other.entryNumber &&
    one.version === other.version &&
    one.step === other.step &&
    one.stepSinceMs === other.stepSinceMs
  )
}

function findOrAdd<Value>(map: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const found = map.get(key) ?? new Map<string, Value>()
  map.set(key, found)
  return found
}
