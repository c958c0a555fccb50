/** A page of a broadcast: what may leave of it now, for whom, and under whose hand. */

import type { ContactPolicy } from '../../domain/definitions.ts'
import type { SenderUse } from '../../domain/mail-sender.ts'
import type { EpochMs } from '../../domain/time.ts'
import type { Holder } from '../ledger-types.ts'
import type { SealedForBulk } from './addressees.ts'
import type { Broadcast } from './broadcasts.ts'

/** What may leave now: `transmitting` is committed. */
export interface BulkMessage {
  readonly id: string
  readonly customerId: string
  readonly variant: string
  readonly template: string
  readonly plannedAtMs: EpochMs
  readonly sealed: SealedForBulk
}

export interface BulkPage {
  readonly messages: readonly BulkMessage[]
  readonly refused: number
  readonly postponed: number
}

/** One of whom a broadcast is meant for, as put down when it started. */
export interface Recipient {
  readonly position: number
  readonly customer_id: string
  readonly variant: string | null
  readonly send_at: Date | null
}

export interface FreshRecipients {
  readonly recipients: readonly Recipient[]
  /** The position of the last recipient who was looked at; undefined if there was none. */
  readonly last?: number
  /** Why the page ends before the audience does: a later moment, an experiment without a winner yet; or it does end. */
  readonly end?: { readonly untilMs: EpochMs } | 'winner' | 'audience'
}

export interface BulkContext {
  readonly broadcast: Broadcast
  readonly policy: ContactPolicy
  readonly holder: Holder
  readonly nowMs: EpochMs
  /** Real milliseconds within which whoever transmits will have ended. */
  readonly leaseMs: number
  /** Under which identity it leaves. */
  readonly sender: SenderUse
}
