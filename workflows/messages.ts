/** What may be said to and asked of a customer's workflow. Clients import this instead of the workflow. */

import { defineQuery, defineSignal } from '@temporalio/workflow'
import type { Standing } from '../activities/activity-types.ts'

/** The workflow that `signalWithStart` starts, by name: a client need not load its code. */
export const customerLifecycleType = 'customerLifecycle'

export interface CustomerRef {
  readonly customerId: string
}

/** There is news in the database. A nudge, never a parcel: repeat it as often as you like. */
export const lookSignal = defineSignal('look')

/** The customer's data is gone: stop without another look. */
export const erasedSignal = defineSignal('erased')

/** The customer became part of another one, who has the news now: stop. A later look takes it back. */
export const mergedSignal = defineSignal<[into: string]>('merged')

/** Where the customer stands, as last reviewed. */
export const standingQuery = defineQuery<Standing | undefined>('standing')

/** How far a crowd has come. A page that was done but not heard of, because a worker died, is not counted. */
export interface CrowdProgress {
  /** Customers who were looked at. */
  readonly done: number
  readonly planned: number
  /** Decisions against a message, an entry or an offer. */
  readonly refused: number
  readonly sent: number
  readonly notSent: number
  readonly isPaused: boolean
}

export interface JourneyRef {
  readonly journey: string
}

/** A paused journey goes on; over how long those who were held up come again, or as usual. */
export const resumeJourneySignal = defineSignal<[spreadMinutes?: number]>('resume')

/** After the page that is under way nothing more is decided or sent, until it is resumed. */
export const pauseSignal = defineSignal('pause')
export const resumeSignal = defineSignal('resume')

/** Ends after the page that is under way. Whoever was not reached keeps their news, and what is planned is in the ledger. */
export const cancelSignal = defineSignal('cancel')

/** At most so many customers a second from now on; null: as fast as it goes. */
export const throttleSignal = defineSignal<[customersPerSecond: number | null]>('throttle')

export const progressQuery = defineQuery<CrowdProgress>('progress')

/** How far a broadcast has come. What a page did that was not heard of, because a worker died, is not counted. */
export interface BroadcastProgress {
  /** How many it is meant for, those who are held out among them. */
  readonly audience: number
  readonly heldOut: number
  readonly sent: number
  readonly failed: number
  readonly refused: number
  readonly inDoubt: number
  readonly isPaused: boolean
  readonly isOver: boolean
}

export const broadcastProgressQuery = defineQuery<BroadcastProgress>('progress')
