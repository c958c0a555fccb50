/**
 * What marketers define, as decisions read it: lifecycle, journeys, offers, contact policy.
 *
 * These are the checked forms: durations are milliseconds, defaults are filled in, every target of a step exists. The
 * schemas beside this file (`journey-schema.ts`, …) make them from the documents that people write.
 */

import type { ComputedTrait } from './computed-trait.ts'
import type { Condition } from './condition.ts'
import type { InFlightChoice } from './in-flight.ts'
import type { TimeOfDay, Weekday } from './local-time.ts'
import type { PropertyTests } from './property-tests.ts'
import type { ReferralProgram } from './referral-schema.ts'
import type { Channel, ScoreKind, Stage } from './snapshot.ts'
import type { Step } from './steps.ts'
import type { EpochMs } from './time.ts'

/** Everything that is in force at one moment. */
export interface Definitions {
  /** Changes whenever anything in here does. */
  readonly version: string
  readonly lifecycle: LifecycleDefinition
  readonly policy: ContactPolicy
  readonly identity: IdentityPolicy
  /** Undefined: nobody is rewarded for bringing friends. */
  readonly referral?: ReferralProgram
  /** Every version that somebody may still be following, by `journeyVersionKey`. */
  readonly journeys: ReadonlyMap<string, JourneyDefinition>
  /** The newest version of each live journey, by descending priority, then by key. */
  readonly live: readonly JourneyDefinition[]
  /** By journey: what the newest version does with runs of the former ones, where they do not simply go on. */
  readonly successions?: ReadonlyMap<string, Succession>
  /** By journey: its last pause, also when that is over. */
  readonly pauses?: ReadonlyMap<string, Pause>
  /** By key. */
  readonly offers: ReadonlyMap<string, OfferDefinition>
  /**
   * What experiments that learn have learned so far: the present share of each variant, by `experimentKey`. An
   * experiment that is not in here goes by the shares of its document.
   */
  readonly allocations?: ReadonlyMap<string, Readonly<Record<string, number>>>
  /** By key. */
  readonly segments: ReadonlyMap<string, SegmentDefinition>
  /** Traits computed by rule, by key. */
  readonly computed?: ReadonlyMap<string, ComputedTraitDefinition>
}

/** Somebody has stopped a journey for a while. */
export interface Pause {
  readonly fromMs: EpochMs
  /** When it ended; null while it lasts. */
  readonly toMs: EpochMs | null
  /** Over how long those who were held up come again. */
  readonly spreadMs: number
}

/** The newest version of a journey takes people in flight along, or lets them go. */
export interface Succession {
  /** The newest version. */
  readonly version: string
  readonly inFlight: InFlightChoice
}

/** Under which name the assignments and the outcomes of an experiment are kept. */
export function experimentKey(journey: string, step: string): string {
  return `${journey}/${step}`
}

/** Under which name a version of a journey is kept in `Definitions.journeys`. */
export function journeyVersionKey(journey: string, version: string): string {
  return `${journey}@${version}`
}

/** A document as it was published: its key is its name among its kind, its version the hash of its content. */
interface Published {
  readonly key: string
  readonly version: string
  /** For people. */
  readonly name: string
}

/** A sign by which a person is known: the shop's own id, an address, a browser or app. */
export type IdentitySign = 'user' | 'email' | 'phone' | 'anonymous'

export interface IdentityPolicy extends Published {
  /** What tells people apart and joins them, the strongest sign first. What is not named joins nobody. */
  readonly identifyBy: readonly IdentitySign[]
}

export interface LifecycleDefinition extends Published {
  /** All five stages, lowest first. A customer stands in the highest one whose rule holds. */
  readonly stages: readonly StageRule[]
  readonly churn: ChurnSetback
}

export interface StageRule {
  readonly stage: Stage
  /** In plain words, for whoever asks why: "second order". */
  readonly because: string
  /** `null` only for the lowest stage, which needs no reason. */
  readonly if: Condition | null
}

/** A churn risk that moves customers back, and lets them go only once it is well below where it caught them. */
export interface ChurnSetback {
  /** At risk from this churn probability on. */
  readonly enter: number
  /** No longer at risk below this one. */
  readonly leave: number
  readonly from: readonly Stage[]
  readonly to: Stage
  /** Where customers have a contract: it begins and ends with these events. Else they leave by not coming back. */
  readonly contract?: { readonly starts: readonly string[]; readonly ends: readonly string[] } | undefined
}

export interface JourneyDefinition extends Published {
  readonly description: string | null
  /** Higher goes first when two journeys want the same place under a cap. */
  readonly priority: number
  /** Any of these starts a run. */
  readonly entry: readonly Entry[]
  readonly reEntry: ReEntry
  readonly goal: Criterion | null
  /** Any of these ends a run. */
  readonly exit: readonly Criterion[]
  /** Caps of this journey alone, on top of those of the contact policy. */
  readonly caps: Readonly<Partial<Record<Channel, FrequencyCaps>>>
  /** How often one run may come to the same step; the next time ends it. */
  readonly maxVisits: number
  /** In the order in which they were written; the first one starts. */
  readonly steps: readonly Step[]
  readonly stepById: ReadonlyMap<string, Step>
}

export type Entry =
  | {
      readonly type: 'event'
      readonly event: string
      readonly where: PropertyTests
      readonly if: Condition | null
    }
  | { readonly type: 'arrived'; readonly if: Condition | null }
  /** Somebody put the customer in: a call of the API, or an operator. */
  | { readonly type: 'api'; readonly if: Condition | null }
  /** The customer came into this segment, or out of it. */
  | {
      readonly type: 'segment'
      readonly segment: string
      readonly change: 'entered' | 'exited'
      readonly if: Condition | null
    }
  /** At a time of day, on some days, whoever is in a segment. */
  | {
      readonly type: 'schedule'
      readonly segment: string
      readonly at: TimeOfDay
      readonly days: readonly Weekday[]
      /** Of the month; null: any. */
      readonly dayOfMonth: number | null
      /** Null: that of the contact policy. */
      readonly timeZone: string | null
      readonly if: Condition | null
    }
  /** The customer moved into this stage, or arrived in it. */
  | { readonly type: 'stage'; readonly stage: Stage; readonly if: Condition | null }
  | {
      readonly type: 'score'
      readonly score: ScoreKind
      readonly crossed: 'up' | 'down'
      readonly if: Condition | null
    }

export type ReEntry =
  | { readonly allowed: 'never' }
  /** Never two runs at once, otherwise whenever an entry matches. */
  | { readonly allowed: 'always' }
  /** Counted from the end of the last run. */
  | { readonly allowed: 'after'; readonly afterMs: number }

/** What ends a run: an event, or a condition that holds. */
export type Criterion =
  | { readonly type: 'event'; readonly event: string; readonly where: PropertyTests }
  | { readonly type: 'condition'; readonly if: Condition }

export interface OfferDefinition extends Published {
  readonly discount: Discount
  /** From issue; `null`: for ever. */
  readonly validForMs: number | null
  /** Where codes come from: made up after a prefix (`WELCOME-…`), or given by the shop, one for each coupon. */
  readonly codes: { readonly from: 'prefix'; readonly prefix: string } | { readonly from: 'pool' }
  /** Who may have it; `null`: everybody. */
  readonly if: Condition | null
  /** How many coupons one customer gets at most, ever; `null`: any number, one after the other. */
  readonly perCustomer: number | null
  /** `null`: as many as are asked for. */
  readonly budget: OfferBudget | null
}

/** What all customers together may get. The store holds it: a coupon beyond it is never issued. */
export interface OfferBudget {
  readonly coupons: number | null
  /** In minor units of the currency of the discount: every coupon counts for the most that it can cost. */
  readonly costCents: number | null
  /** What expires unredeemed may be given to somebody else. */
  readonly returns: boolean
}

export type Discount =
  | {
      readonly type: 'percent'
      readonly percent: number
      /** "20 % off, at most 15 EUR"; `null`: whatever the order is worth. */
      readonly atMost: { readonly amountCents: number; readonly currency: string } | null
    }
  | { readonly type: 'amount'; readonly amountCents: number; readonly currency: string }

/** Who belongs together: all for whom a condition holds, at every moment. */
export interface SegmentDefinition extends Published {
  readonly description: string | null
  readonly if: Condition
  /**
   * Whether those whom a changed version of the document brings in or puts out have entered or exited, for journeys. Those
   * who are in a segment when it is first published never have.
   */
  readonly announceRebuild: boolean
}

/** Conditions ask for it as `computed.KEY`. */
export interface ComputedTraitDefinition extends Published, ComputedTrait {}

export interface ContactPolicy extends Published {
  /** What customers may subscribe to, by key. */
  readonly topics: Readonly<Record<string, Topic>>
  readonly channels: Readonly<Record<Channel, ChannelPolicy>>
  /** For customers whose own zone is not known. */
  readonly defaultTimeZone: string
  /** A marketing message that would be postponed beyond this, counted from its step, is skipped. */
  readonly patienceMs: number
  /** How many different coupons a customer may hold at once. */
  readonly offersAtOnce: number
  /** Wake-ups at the same time of day are spread over this long. */
  readonly spreadMs: number
  /** What stays of somebody who asks to be forgotten. */
  readonly erasure: { readonly orders: 'delete' | 'anonymise' }
  /** The share of customers, from 0 to 1, who get no marketing message at all, to measure what messages do. */
  readonly holdOut: number
  /** Whether it is measured what people do with marketing messages. Default: it is. */
  readonly tracking?: { readonly opens: boolean; readonly clicks: boolean }
}

/**
 * `express`: only after a yes. `implied`: until a no. `double`: only after a yes that was confirmed by a link in a
 * message. Transactional messages need none.
 */
export type ConsentRule = 'implied' | 'express' | 'double'

export interface TopicWords {
  readonly name: string
  readonly description?: string | undefined
}

export interface Topic {
  readonly name: string
  /** For the page on which customers choose. */
  readonly description?: string | undefined
  /** By language, such as `de`: how it is called on the page of somebody who speaks that. */
  readonly translations?: Readonly<Record<string, TopicWords>> | undefined
  /** Where it is stricter than that of the channel. */
  readonly consent?: ConsentRule | undefined
  /** `false`: what people do with these messages is not measured. */
  readonly tracking?: boolean | undefined
}

export interface ChannelPolicy {
  readonly consent: ConsentRule
  /** How long implied consent lasts; null: until a no. */
  readonly impliedFor: { readonly afterPurchaseMs: number; readonly afterInquiryMs: number } | null
  /** The template that asks to confirm a yes; null: nothing on this channel needs that. */
  readonly confirmation: string | null
  readonly caps: FrequencyCaps
  /** When nothing is sent, in the customer's time zone; `null`: always open. */
  readonly quietHours: { readonly from: TimeOfDay; readonly to: TimeOfDay } | null
  readonly whenCapped: 'postpone' | 'skip'
  readonly whenQuiet: 'postpone' | 'skip'
  /** After this time a planned message is stale and is not sent. */
  readonly validForMs: number
}

/** How many marketing messages at most within any 24 hours, 7 days, 30 days. */
export interface FrequencyCaps {
  readonly perDay?: number
  readonly perWeek?: number
  readonly perMonth?: number
}

/** A template as it was published. Email has subject, HTML and text; SMS has text. */
export interface TemplateDefinition {
  readonly key: string
  readonly version: string
  readonly channel: Channel
  readonly subject: string | null
  readonly html: string | null
  readonly text: string
}
