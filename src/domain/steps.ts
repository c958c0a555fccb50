/** The steps of a journey, in their checked form: durations are milliseconds, every target of a step exists. */

import type { Condition } from './condition.ts'
import type { LocalWindow, TimeOfDay } from './local-time.ts'
import type { PropertyTests } from './property-tests.ts'
import type { Channel, MessageClass, TraitValue } from './snapshot.ts'

/** The id of a step, or `null`: the run is complete. */
export type Target = string | null

interface StepBase {
  readonly id: string
  /** Where to go from here. */
  readonly next: Target
}

export interface MessageStep extends StepBase {
  readonly type: 'message'
  readonly channel: Channel
  readonly template: string
  readonly topic: string
  readonly messageClass: MessageClass
  /** The message carries the coupon of this offer, and is skipped if there is none. */
  readonly offer: string | null
  /** Where to go when it was refused or skipped. */
  readonly ifRefused: Target
  /** After this time it is stale and is not sent; `null`: as the contact policy says. */
  readonly validForMs: number | null
  /** `null`: as the contact policy says. */
  readonly whenCapped: 'postpone' | 'skip' | null
  readonly whenQuiet: 'postpone' | 'skip' | null
  /** Constant values for the template. */
  readonly data: Readonly<Record<string, TraitValue>>
}

/** Issues a coupon, or finds the one that the customer already holds. */
export interface OfferStep extends StepBase {
  readonly type: 'offer'
  readonly offer: string
  /** Others for whom they are meant, the best first; `offer` is for everybody else. */
  readonly personal?: readonly { readonly if: Condition; readonly offer: string }[]
  readonly ifRefused: Target
}

/** Waits a length of time (a day is 24 hours), then until a time of day where the customer lives; at least one of them. */
export interface DelayStep extends StepBase {
  readonly type: 'delay'
  readonly forMs: number
  readonly until: TimeOfDay | null
}

/** Waits for an event or a condition, whichever comes first; at least one of them. */
export interface WaitUntilStep extends StepBase {
  readonly type: 'wait-until'
  readonly event: string | null
  readonly where: PropertyTests
  readonly if: Condition | null
  readonly timeoutMs: number
  readonly onTimeout: Target
}

/** Lets through only between two times of day, on some days, where the customer lives. */
export interface TimeWindowStep extends StepBase {
  readonly type: 'time-window'
  readonly window: LocalWindow
}

export interface SplitStep extends StepBase {
  readonly type: 'split'
  readonly if: Condition
  readonly ifTrue: Target
  readonly ifFalse: Target
}

/** The first branch whose condition holds; else `next`. */
export interface MultiSplitStep extends StepBase {
  readonly type: 'multi-split'
  readonly branches: readonly { readonly name: string; readonly if: Condition; readonly next: Target }[]
}

/** Variants by hash of the customer. Once assigned, a customer keeps the variant, also when shares change. */
export interface ExperimentStep extends StepBase {
  readonly type: 'experiment'
  /** `thompson`: shares follow what the variants have earned; the hold-out keeps its own. */
  readonly allocation: 'fixed' | 'thompson'
  readonly variants: readonly Variant[]
}

export interface Variant {
  readonly name: string
  /** Shares of all variants sum to 1. */
  readonly share: number
  readonly next: Target
  /** Gets nothing, so that the others have something to be measured against. */
  readonly isHoldOut: boolean
}

/** Sets impersonal traits; `null` removes one. */
export interface UpdateProfileStep extends StepBase {
  readonly type: 'update-profile'
  readonly set: Readonly<Record<string, TraitValue>>
}

/** Completes this run and enters another journey, as far as that one lets the customer in. */
export interface GoToJourneyStep extends StepBase {
  readonly type: 'go-to-journey'
  readonly journey: string
}

/** Something for a person to do: call this customer. Waits for one of the outcomes. */
export interface TaskStep extends StepBase {
  readonly type: 'task'
  readonly title: string
  /** From the moment at which it is given. */
  readonly dueInMs: number
  readonly outcomes: readonly { readonly name: string; readonly next: Target }[]
  readonly timeoutMs: number
  readonly onTimeout: Target
}

/** A call to somebody else's address, tried until it is answered; the journey does not wait for it. */
export interface WebhookStep extends StepBase {
  readonly type: 'webhook'
  readonly url: string
  /** Constants that go along with what triggered the run. */
  readonly data: Readonly<Record<string, string | number | boolean>>
}

export interface ExitStep extends StepBase {
  readonly type: 'exit'
  readonly reason: string
}

export type Step =
  | MessageStep
  | OfferStep
  | DelayStep
  | WaitUntilStep
  | TimeWindowStep
  | SplitStep
  | MultiSplitStep
  | ExperimentStep
  | UpdateProfileStep
  | GoToJourneyStep
  | TaskStep
  | WebhookStep
  | ExitStep
