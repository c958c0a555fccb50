/**
 * Everything that is known about one customer at one moment: all that a decision may depend on.
 *
 * It holds no address and no personal trait. Whether somebody can be reached, and may be, is enough to decide.
 */

import type { MoreFacts } from './conditions/more-facts.ts'
import type { EpochMs } from './time.ts'

export type Stage = 'acquire' | 'activate' | 'retain' | 'revenue' | 'refer'
export type Channel = 'email' | 'sms'
export type TraitValue = string | number | boolean | null | readonly string[]

export interface Snapshot {
  readonly customer: CustomerFacts
  readonly orders: OrderFacts
  /** By kind; missing while nobody has scored this customer yet. */
  readonly scores: Readonly<Partial<Record<ScoreKind, ScoreFacts>>>
  readonly contact: Readonly<Record<Channel, ContactFacts>>
  /** Runs that have not ended. */
  readonly runs: readonly RunFacts[]
  /** Runs that have ended, newest first: enough of them to judge re-entry. */
  readonly pastRuns: readonly PastRunFacts[]
  /** Messages of the last 30 days that went out or are about to, newest first. */
  readonly recentMessages: readonly RecentMessageFacts[]
  /** Unread news, oldest first. */
  readonly news: readonly News[]
  /** Coupons that this customer holds and can still redeem. */
  readonly coupons: readonly CouponFacts[]
  /** By key, of offers that limit anything; of others there is nothing to know. */
  readonly offers?: Readonly<Record<string, OfferFacts>>
  /** Variants that this customer was given, by `experimentKey`. */
  readonly assignments?: Readonly<Record<string, string>>
  /** Only where a condition needs it. */
  readonly more?: MoreFacts
}

export interface CustomerFacts {
  /** UUID. Also the seed of every assignment by hash. */
  readonly id: string
  readonly stage: Stage
  readonly stageSinceMs: EpochMs
  /** Churn risk has crossed the upper threshold and not yet fallen below the lower one. */
  readonly atRisk: boolean
  readonly traits: Readonly<Record<string, TraitValue>>
  /** IANA name, if known. */
  readonly timeZone: string | null
  readonly firstSeenMs: EpochMs
  readonly lastSeenMs: EpochMs
  /**
   * When scores were last computed, or found impossible; null: never tried. An order after this moment makes a review
   * ask for scores, so whoever scores must move it forward even when there is nothing to score with.
   */
  readonly scoredMs: EpochMs | null
}

export interface OrderFacts {
  readonly count: number
  readonly revenueCents: number
  readonly refundedCents: number
  readonly firstOrderMs: EpochMs | null
  readonly lastOrderMs: EpochMs | null
}

/** `churn`: probability from 0 to 1 of not coming back. `clv`: expected future revenue in minor units. */
export type ScoreKind = 'churn' | 'clv' | 'purchase'

export interface ScoreFacts {
  readonly value: number
  readonly tier: 'high' | 'middle' | 'low' | null
  readonly scoredAtMs: EpochMs
}

export interface ContactFacts {
  /** Whether there is an address at all. */
  readonly reachable: boolean
  /** Why nothing may be sent to that address, or null. */
  readonly suppressed: string | null
  /** The newest word per topic; `*` stands for every topic. Nothing said: not here. */
  readonly consents: Readonly<Record<string, 'granted' | 'withdrawn'>>
  /** Yeses that have to be confirmed, and that nobody was asked about yet. */
  readonly unconfirmed?: readonly UnconfirmedConsent[]
  /** When the person last inquired about something. */
  readonly inquiredMs?: EpochMs | null
}

export interface UnconfirmedConsent {
  readonly id: number
  readonly topic: string
  readonly givenMs: EpochMs
}

/** One passage through a journey. */
export interface RunFacts {
  readonly id: string
  readonly journey: string
  /** Content hash of the definition that this run follows to its end. */
  readonly version: string
  /** 1 for the first time this customer entered this journey. */
  readonly entryNumber: number
  readonly step: string
  readonly stepSinceMs: EpochMs
  /** When this run wants to be looked at again without news; null if only news can move it. */
  readonly wakeAtMs: EpochMs | null
  readonly enteredAtMs: EpochMs
  readonly memory: RunMemory
}

/** What the interpreter remembers of a run from look to look. Plain JSON; no personal data. */
export interface RunMemory {
  /** How often each step was reached. Bounds loops, and numbers the occurrences of a message. */
  readonly visits?: Readonly<Record<string, number>>
  /** Impersonal properties of the event that started the run (product keys, amounts). */
  readonly trigger?: Readonly<Record<string, TraitValue>>
  /** The visit for which the task of a step was given. */
  readonly tasks?: Readonly<Record<string, number>>
  /** Coupons issued in this run, by offer. */
  readonly coupons?: Readonly<Record<string, string>>
  /** The rule for which the message of the present step waits. */
  readonly postponedBy?: string
}

export interface PastRunFacts {
  readonly journey: string
  readonly entryNumber: number
  readonly enteredAtMs: EpochMs
  readonly endedAtMs: EpochMs
  readonly endReason: string
}

export interface RecentMessageFacts {
  readonly channel: Channel
  readonly journey: string
  readonly messageClass: MessageClass
  /** When it was planned, or sent once it was. */
  readonly atMs: EpochMs
}

/** Marketing needs consent, obeys caps and quiet hours, and is sent at most once; transactional at least once. */
export type MessageClass = 'marketing' | 'transactional'

export interface CouponFacts {
  readonly id: string
  readonly offer: string
  readonly code: string
  readonly expiresAtMs: EpochMs | null
}

export interface OfferFacts {
  /** How many coupons of it this customer has ever got. */
  readonly had: number
  /** Why nobody gets one at present, or null. */
  readonly exhausted: OfferExhaustion | null
  /** What its budget has left, in minor units; null: no such limit. */
  readonly centsLeft: number | null
}

/** Its budget is spent; or no code is left in its pool. */
export type OfferExhaustion = 'offer-budget' | 'offer-pool-empty'

/** Something that happened and may concern a journey or the stage. */
export type News = { readonly id: number; readonly atMs: EpochMs } & (
  | {
      readonly kind: 'event'
      readonly name: string
      /** Impersonal properties. */
      readonly properties: Readonly<Record<string, unknown>>
    }
  /** A score moved across a threshold of the lifecycle. */
  | { readonly kind: 'score'; readonly score: ScoreKind; readonly crossed: 'up' | 'down' }
  /** The customer came into a segment, or out of it. */
  | { readonly kind: 'segment'; readonly segment: string; readonly change: 'entered' | 'exited' }
  /** Consent, suppression or an address changed: what waits may have to be reconsidered. */
  | { readonly kind: 'contact' }
  /** First sight of this customer. */
  | { readonly kind: 'arrived' }
  /** A trait changed, in a way that may matter to a condition. */
  | { readonly kind: 'profile' }
  /** A journey of the customer was changed: another version, a pause, its end. */
  | { readonly kind: 'journey'; readonly journey: string }
  /** A person finished a task with one of its outcomes. */
  | { readonly kind: 'task'; readonly taskId: string; readonly outcome: string }
  /** Somebody puts the customer into a journey, or its schedule does. */
  | {
      readonly kind: 'entry'
      readonly journey: string
      readonly by?: 'schedule'
      readonly properties: Readonly<Record<string, unknown>>
    }
)
