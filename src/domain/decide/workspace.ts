/** The desk on which one decision is made: what is known, and what has been decided so far. */

import type { CustomerView } from '../condition.ts'
import type { Assignment, DecisionNote, PlannedCoupon, PlannedMessage, PlannedTask, StageMove } from '../decision.ts'
import { type Definitions, type JourneyDefinition, journeyVersionKey, type Step } from '../definitions.ts'
import { spreadShareOf } from '../hash.ts'
import { zoneOr } from '../local-time.ts'
import type { CouponFacts, RecentMessageFacts, RunFacts, RunMemory, Snapshot, TraitValue } from '../snapshot.ts'
import type { EpochMs } from '../time.ts'

/** Makes ids and coupon codes from keys; the same key always gives the same one, and different keys different ones. */
export interface Identifiers {
  id(key: string): string
  code(key: string): string
}

export interface Workspace {
  readonly snapshot: Snapshot
  readonly definitions: Definitions
  readonly nowMs: EpochMs
  readonly identifiers: Identifiers
  /** Where the customer lives, or is taken to live. */
  readonly zone: string
  /** The customer's own place, from 0 to 1, within every spread. */
  readonly spreadShare: number
  /** The customer as after the move of this decision. */
  view: CustomerView
  move: StageMove | null
  /** The most important first: it has the first place under every cap. Equals in a fixed order. */
  readonly runs: Run[]
  readonly messages: PlannedMessage[]
  readonly coupons: PlannedCoupon[]
  readonly tasks: PlannedTask[]
  readonly assignments: Assignment[]
  /** Traits set by this decision. */
  traits: Readonly<Record<string, TraitValue>>
  readonly records: DecisionNote[]
  /** When somebody may be asked again to confirm a yes; null: nobody waits for that. */
  askAgainMs: EpochMs | null
  /** Earlier messages and those planned here. */
  readonly recentMessages: RecentMessageFacts[]
  /** Coupons that can be redeemed, with those issued here. */
  readonly heldCoupons: HeldCoupon[]
}

/** A new one may not know its code yet. */
export type HeldCoupon = Omit<CouponFacts, 'code'>

/** A run while it is worked on. */
export interface Run {
  readonly id: string
  readonly journey: string
  readonly version: string
  readonly entryNumber: number
  readonly enteredAtMs: EpochMs
  /** Undefined where the version is no longer known; such a run ends at once. */
  readonly definition: JourneyDefinition | undefined
  /** As it was saved; undefined for a run that starts here. */
  readonly saved: RunFacts | undefined
  status: 'active' | 'completed' | 'exited'
  step: string
  stepSinceMs: EpochMs
  /** When the present step wants to be looked at again. */
  stepWakeAtMs: EpochMs | null
  memory: RunMemory
  endReason: string | null
}

/** A run whose definition is known: everything but its first moment works on these. */
export type DefinedRun = Run & { readonly definition: JourneyDefinition }

export function openWorkspace(
  snapshot: Snapshot,
  definitions: Definitions,
  nowMs: EpochMs,
  identifiers: Identifiers,
): Workspace {
  return {
    snapshot,
    definitions,
    nowMs,
    identifiers,
    zone: zoneOr(snapshot.customer.timeZone, definitions.policy.defaultTimeZone),
    spreadShare: spreadShareOf(snapshot.customer.id),
    view: snapshot,
    move: null,
    runs: snapshot.runs.map((saved) => openRun(saved, definitions)).sort(byPriority),
    messages: [],
    coupons: [],
    tasks: [],
    assignments: [],
    traits: {},
    records: [],
    askAgainMs: null,
    recentMessages: [...snapshot.recentMessages],
    heldCoupons: snapshot.coupons.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs),
  }
}

function openRun(saved: RunFacts, definitions: Definitions): Run {
  return {
    id: saved.id,
    journey: saved.journey,
    version: saved.version,
    entryNumber: saved.entryNumber,
    enteredAtMs: saved.enteredAtMs,
    definition: definitions.journeys.get(journeyVersionKey(saved.journey, saved.version)),
    saved,
    status: 'active',
    step: saved.step,
    stepSinceMs: saved.stepSinceMs,
    stepWakeAtMs: null,
    memory: saved.memory,
    endReason: null,
  }
}

/** Adds a run at the place that is due to its priority. */
export function addRun({ runs }: Workspace, run: Run): void {
  const place = runs.findIndex((each) => byPriority(run, each) < 0)
  runs.splice(place === -1 ? runs.length : place, 0, run)
}

/** Whether a run goes on; only then is there something to do for it. */
export function isActive(run: Run): run is DefinedRun {
  return run.status === 'active' && run.definition !== undefined
}

function byPriority(a: Run, b: Run): number {
  const priorities = (b.definition?.priority ?? 0) - (a.definition?.priority ?? 0)
  if (priorities !== 0) return priorities
  if (a.enteredAtMs !== b.enteredAtMs) return a.enteredAtMs - b.enteredAtMs
  return a.id < b.id ? -1 : 1
}

/** The step on which a run stands; undefined if its version has no such step. */
export function presentStep(run: DefinedRun): Step | undefined {
  return run.definition.stepById.get(run.step)
}

/** Ends a run, with a reason for people. */
export function endRun(work: Workspace, run: Run, status: 'completed' | 'exited', rule: string, reason: string): void {
  run.status = status
  run.endReason = reason
  run.stepWakeAtMs = null
  note(work, run, 'exit', 'done', rule, { reason })
}

/** Writes down what was done or not done about a run, and by which rule. */
export function note(
  work: Workspace,
  run: Run,
  kind: DecisionNote['kind'],
  outcome: DecisionNote['outcome'],
  rule: string,
  detail: Readonly<Record<string, TraitValue>> = {},
): void {
  const { journey, version, step, entryNumber } = run
  work.records.push({ kind, journey, version, step, entryNumber, outcome, rule, detail })
}
