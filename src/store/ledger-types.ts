/** The words of the ledger: who holds a message, what holding it gives, how it ends. */

import type { SettledStatus } from '../domain/delivery.ts'
import type { Channel, MessageClass, TraitValue } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { SuppressionReason } from './suppressions.ts'

/** Who holds a message. Attempts of one owner take over from each other at once; strangers wait for the lease to end. */
export interface Holder {
  /** Whoever makes sure that only one of its attempts is meant to run: a workflow id. */
  readonly owner: string
  /** Different in every attempt. */
  readonly attempt: string
}

export type Claim =
  | { readonly outcome: 'claimed'; readonly message: ClaimedMessage; readonly recipient: SealedRecipient }
  /** Nothing is left to do, now or earlier. */
  | { readonly outcome: 'settled'; readonly status: SettledStatus; readonly reason: string | null }
  | { readonly outcome: 'postponed'; readonly untilMs: EpochMs }
  /** A stranger holds it. */
  | { readonly outcome: 'busy'; readonly retryInMs: number }

export interface ClaimedMessage {
  readonly id: string
  readonly customerId: string
  readonly journey: string
  readonly version: string
  readonly step: string
  readonly entryNumber: number
  readonly channel: Channel
  readonly messageClass: MessageClass
  readonly topic: string
  readonly template: string
  readonly expiresAtMs: EpochMs | null
  readonly data: Readonly<Record<string, TraitValue>>
  readonly coupon: { readonly code: string; readonly offer: string; readonly expiresAtMs: EpochMs | null } | null
  /** How often it may have left before. */
  readonly attempts: number
  /** The identity that it left under before; null: the usual one, or it has not left. */
  readonly sender: string | null
}

/** What is needed to address and personalise it, still sealed under the customer's key. */
export interface SealedRecipient {
  readonly contactPointId: string
  readonly address: Buffer
  readonly addressHash: Buffer
  readonly wrappedKey: Buffer
  readonly personal: Buffer | null
  readonly traits: Readonly<Record<string, unknown>>
  /** Traits computed by rule, by key. */
  readonly computed: Readonly<Record<string, unknown>>
  readonly locale: string | null
  readonly timeZone: string | null
  /** They have not said that they do not want to be measured. */
  readonly mayBeMeasured: boolean
}

/** An answer to `transmit`. Only `transmit` allows the first byte to leave. */
export type Transmission =
  | { readonly outcome: 'transmit' }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'postponed'; readonly untilMs: EpochMs }
  /** Another attempt has taken over, or the address has changed: begin again. */
  | { readonly outcome: 'lost' }

export interface Settlement {
  readonly status: SettledStatus
  readonly reason?: string
  readonly providerMessageId?: string
  readonly segments?: number
  readonly suppression?: { readonly channel: Channel; readonly addressHash: Buffer; readonly reason: SuppressionReason }
}

/** Between the owner and the attempt in `claimed_by`. */
const separator = '#'

/** How a holder is written in `claimed_by`. */
export function nameOf({ owner, attempt }: Holder): string {
  return ownerPrefix(owner) + attempt
}

/** How `claimed_by` begins for every attempt of one owner. */
export function ownerPrefix(owner: string): string {
  return owner + separator
}
