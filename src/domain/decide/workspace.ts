/** The desk on which one decision is made: what is known, and what has been decided so far. */

import type { CustomerView } from '../condition.ts'
import type { DecisionNote, PlannedCoupon, PlannedMessage, StageMove } from '../decision.ts'
import { type Definitions, type JourneyDefinition, journeyVersionKey, type Step } from '../definitions.ts'
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
  /** The customer as after the move of this decision. */
  view: CustomerView
  move: StageMove | null
  readonly runs: Run[]
  readonly messages: PlannedMessage[]
  readonly coupons: PlannedCoupon[]
  readonly records: DecisionNote[]
  /** Earlier messages and those planned here. */
  readonly recentMessages: RecentMessageFacts[]
  /** Coupons that can be redeemed, with those issued here. */
  readonly heldCoupons: CouponFacts[]
}

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
    view: snapshot,
    move: null,
    runs: snapshot.runs.map((saved) => openRun(saved, definitions)),
    messages: [],
    coupons: [],
    records: [],
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

/** Runs that go on, the most important first; equals in a fixed order. */
export function activeRuns({ runs }: Workspace): readonly DefinedRun[] {
  const active = runs.filter((run): run is DefinedRun => run.status === 'active' && run.definition !== undefined)
  return active.length < 2 ? active : active.sort(byPriority)
}

function byPriority(a: DefinedRun, b: DefinedRun): number {
  if (a.definition.priority !== b.definition.priority) return b.definition.priority - a.definition.priority
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
