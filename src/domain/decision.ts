/** What `decide` answers. The store saves it in one transaction; nothing in it has happened yet. */

import type { Channel, MessageClass, RunMemory, Stage, TraitValue } from './snapshot.ts'
import type { EpochMs } from './time.ts'

export interface Decision {
  readonly move: StageMove | null
  readonly atRisk: boolean
  readonly runs: readonly RunChange[]
  readonly messages: readonly PlannedMessage[]
  /** Coupons to issue; the messages that need one name it by `couponId`. */
  readonly coupons: readonly PlannedCoupon[]
  /** Tasks for people. */
  readonly tasks: readonly PlannedTask[]
  /** Calls to others' addresses. */
  readonly webhooks?: readonly PlannedWebhook[]
  /** Variants given for good. */
  readonly assignments: readonly Assignment[]
  /** Impersonal traits to set; `null` removes one. */
  readonly traits: Readonly<Record<string, TraitValue>>
  /** Why things were done, and why not. */
  readonly records: readonly DecisionNote[]
  /** News that this decision has taken into account. */
  readonly consumedNews: readonly number[]
  /** The next moment at which something may change without news; null if none can. */
  readonly wakeAtMs: EpochMs | null
  /** True: an order came after the scores. Then nothing else is decided; score, and decide again. */
  readonly scoresAreStale: boolean
}

export interface StageMove {
  readonly from: Stage
  readonly to: Stage
  /** In plain words: "second order". */
  readonly reason: string
}

export interface RunChange {
  readonly id: string
  readonly journey: string
  readonly version: string
  readonly entryNumber: number
  readonly enteredAtMs: EpochMs
  readonly isNew: boolean
  readonly status: 'active' | 'completed' | 'exited'
  readonly step: string
  readonly stepSinceMs: EpochMs
  readonly wakeAtMs: EpochMs | null
  readonly memory: RunMemory
  /** Set when the status is not `active`: "reached the end", "goal: Order Completed", … */
  readonly endReason: string | null
}

/** What a step plans, and which visit of which run to that step it was. */
interface PlannedByStep {
  readonly id: string
  readonly journey: string
  readonly version: string
  readonly step: string
  readonly entryNumber: number
  readonly visit: number
}

export interface PlannedMessage extends PlannedByStep {
  readonly channel: Channel
  readonly messageClass: MessageClass
  readonly topic: string
  readonly template: string
  readonly couponId: string | null
  /** Impersonal values that the template may use. */
  readonly data: Readonly<Record<string, TraitValue>>
  readonly expiresAtMs: EpochMs | null
}

export interface PlannedCoupon {
  readonly id: string
  readonly offer: string
  /** `null`: the store takes one from the pool of the offer. */
  readonly code: string | null
  /** What it can cost at most, in minor units; `null`: nobody can say. */
  readonly costCents: number | null
  readonly expiresAtMs: EpochMs | null
}

export interface PlannedTask {
  readonly id: string
  readonly journey: string
  readonly version: string
  readonly step: string
  readonly entryNumber: number
  readonly title: string
  readonly outcomes: readonly string[]
  readonly dueAtMs: EpochMs
  /** When the run no longer waits for it. */
  readonly expiresAtMs: EpochMs
}

export interface PlannedWebhook extends PlannedByStep {
  readonly url: string
  /** Impersonal values. */
  readonly data: Readonly<Record<string, TraitValue>>
}

export interface Assignment {
  /** As `experimentKey` makes it. */
  readonly experiment: string
  readonly variant: string
}

export interface DecisionNote {
  readonly kind: 'stage' | 'entry' | 'step' | 'message' | 'offer' | 'exit'
  readonly journey: string | null
  readonly version: string | null
  readonly step: string | null
  readonly entryNumber: number | null
  /** `done`, or what happened instead. */
  readonly outcome: 'done' | 'refused' | 'postponed' | 'skipped'
  /** Which rule decided: `consent`, `suppressed`, `cap:email`, `quiet-hours`, `reentry`, `goal`, `no-address`, … */
  readonly rule: string
  readonly detail: Readonly<Record<string, TraitValue>>
}
