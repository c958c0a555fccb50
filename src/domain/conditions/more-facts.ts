/**
 * What is known of a customer beyond the snapshot that every decision reads. Loaded only where a condition asks for it;
 * `needsOf` says what that is.
 */

import type { EpochMs } from '../time.ts'
import type { EventKind } from './happening.ts'

export interface MoreFacts {
  /** Single events, in any order: at least all those that a condition looks at. */
  readonly events: readonly EventFacts[]
  /** Counts of events by UTC day. */
  readonly eventDays: readonly EventDayFacts[]
  /** Orders that are not cancelled. */
  readonly orders: readonly SingleOrderFacts[]
  readonly profile: ProfileFacts
  /** Keys of the segments that hold the customer. */
  readonly segments: ReadonlySet<string>
  readonly journeys: readonly { readonly journey: string; readonly status: string }[]
  /** What models found. */
  readonly matches: readonly { readonly kind: string; readonly key: string }[]
  /** Traits computed by rule, by key. */
  readonly computed: Readonly<Record<string, unknown>>
}

export interface EventFacts {
  readonly kind: EventKind
  readonly name: string | null
  readonly atMs: EpochMs
  /** Impersonal. */
  readonly properties: Readonly<Record<string, unknown>>
}

export interface EventDayFacts {
  /** As `eventKey` makes it. */
  readonly key: string
  /** Its first moment. */
  readonly dayMs: EpochMs
  readonly count: number
  readonly firstMs: EpochMs
  readonly lastMs: EpochMs
}

export interface SingleOrderFacts {
  readonly atMs: EpochMs
  /** Null where it is not in the customer's main currency. */
  readonly revenueCents: number | null
  readonly products: readonly string[]
  readonly categories: readonly string[]
}

export interface ProfileFacts {
  readonly country: string | null
  readonly locale: string | null
  readonly emailDomain: string | null
  readonly timeZone: string | null
  readonly discountCents: number
  readonly discountedRevenueCents: number
}
