/** The desk on which one decision is made: what is known, and what has been decided so far. */

import type { CustomerView } from '../condition.ts'
import type {
  Assignment,
  DecisionNote,
  PlannedCoupon,
  PlannedMessage,
  PlannedTask,
  PlannedWebhook,
  StageMove,
} from '../decision.ts'
import type { Definitions, JourneyDefinition } from '../definitions.ts'
import { zoneOr } from '../local-time.ts'
import type { CouponFacts, RecentMessageFacts, RunFacts, RunMemory, Snapshot, TraitValue } from '../snapshot.ts'
import type { Step } from '../steps.ts'
import type { EpochMs } from '../time.ts'
import { type Compiled, compiled } from './compiled.ts'

/** Makes ids and coupon codes from keys; the same key always gives the same one, and different keys different ones. */
export interface Identifiers {
  id(key: string): string
  code(key: string): string
}

export interface Workspace {
  readonly snapshot: Snapshot
  readonly definitions: Definitions
  /** The definitions by what decisions look for. */
  readonly compiled: Compiled
  readonly nowMs: EpochMs
  readonly identifiers: Identifiers
  /** The customer's own place, from 0 to 1, within every spread; null until somebody asks. */
  spreadShare: number | null
  /** The customer as after the move of this decision. */
  view: CustomerView
  move: StageMove | null
  /** The most important first: it has the first place under every cap. Equals in a fixed order. */
  readonly runs: Run[]
  readonly messages: PlannedMessage[]
  readonly coupons: PlannedCoupon[]
  readonly tasks: PlannedTask[]
  readonly webhooks: PlannedWebhook[]
  readonly assignments: Assignment[]
  /** Traits set by this decision. */
  traits: Readonly<Record<string, TraitValue>>
  readonly records: DecisionNote[]
  /** When somebody may be asked again to confirm a yes; null: nobody waits for that. */
  askAgainMs: EpochMs | null
  /** Earlier messages and those planned here. */
  recentMessages: readonly RecentMessageFacts[]
  /** Coupons that can be redeemed, with those issued here. */
  heldCoupons: readonly HeldCoupon[]
}

/** A new one may not know its code yet. */
export type HeldCoupon = Omit<CouponFacts, 'code'>

/** A run while it is worked on. */
export interface Run {
  readonly id: string
  readonly journey: string
  version: string
  readonly entryNumber: number
  readonly enteredAtMs: EpochMs
  /** Undefined where the version is no longer known; such a run ends at once. */
  definition: JourneyDefinition | undefined
  /** As it was saved; undefined for a run that starts here. */
  readonly saved: RunFacts | undefined
  status: 'active' | 'completed' | 'exited'
  step: string
  /** The step of that name; undefined if its version has no such step. */
  present: Step | undefined
  stepSinceMs: EpochMs
  /** When the present step wants to be looked at again. */
  stepWakeAtMs: EpochMs | null
  /** Since when it would have gone on from where it was held up by a pause. */
  heldUpSinceMs?: EpochMs | undefined
  memory: RunMemory
  endReason: string | null
  /** The visits of its memory, once they are its own to change. */
  ownVisits: Record<string, number> | undefined
  /** Has had its turn to move as far as it can. */
  isAdvanced: boolean
}

/** A run whose definition is known: everything but its first moment works on these. */
export type DefinedRun = Run & { definition: JourneyDefinition }

export function openWorkspace(
  snapshot: Snapshot,
  definitions: Definitions,
  nowMs: EpochMs,
  identifiers: Identifiers,
): Workspace {
  const work: Workspace = {
    snapshot,
    definitions,
    compiled: compiled(definitions),
    nowMs,
    identifiers,
    spreadShare: null,
    view: snapshot,
    move: null,
    runs: [],
    messages: [],
    coupons: [],
    tasks: [],
    webhooks: [],
    assignments: [],
    traits: {},
    records: [],
    askAgainMs: null,
    recentMessages: snapshot.recentMessages,
    heldCoupons:
      snapshot.coupons.length === 0
        ? snapshot.coupons
        : snapshot.coupons.filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > nowMs),
  }
  for (const saved of snapshot.runs) addRun(work, openRun(saved, work.compiled))
  return work
}

/** Where the customer lives, or is taken to live. */
export function zoneOf({ snapshot, definitions }: Workspace): string {
  return zoneOr(snapshot.customer.timeZone, definitions.policy.defaultTimeZone)
}

function openRun(saved: RunFacts, { journeys }: Compiled): Run {
  const definition = journeys.get(saved.journey)?.get(saved.version)
  return {
    id: saved.id,
    journey: saved.journey,
    version: saved.version,
    entryNumber: saved.entryNumber,
    enteredAtMs: saved.enteredAtMs,
    definition,
    saved,
    status: 'active',
    step: saved.step,
    present: definition?.stepById.get(saved.step),
    stepSinceMs: saved.stepSinceMs,
    stepWakeAtMs: null,
    memory: saved.memory,
    endReason: null,
    ownVisits: undefined,
    isAdvanced: false,
  }
}

/** Adds a run at the place that is due to its priority. */
export function addRun({ runs }: Workspace, run: Run): void {
  let place = runs.length
  runs.push(run)
  for (; place > 0; place--) {
    const before = runs[place - 1] as Run
    if (byPriority(before, run) <= 0) break
    runs[place] = before
  }
  runs[place] = run
}

/** Whether a run goes on; only then is there something to do for it. */
export function isActive(run: Run): run is DefinedRun {
  return run.status === 'active' && run.definition !== undefined
}

/** The most important first; equals in a fixed order. */
export function byPriority(a: Run, b: Run): number {
  const priorities = (b.definition?.priority ?? 0) - (a.definition?.priority ?? 0)
  if (priorities !== 0) return priorities
  if (a.enteredAtMs !== b.enteredAtMs) return a.enteredAtMs - b.enteredAtMs
  return a.id < b.id ? -1 : 1
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
