/** What a workflow may ask for. Only types: workflows import nothing else from this folder. */

import type { SettledStatus } from '../src/domain/delivery.ts'
import type { Channel, Stage } from '../src/domain/snapshot.ts'

export interface ReviewActivities {
  /**
   * Looks at one customer: a snapshot, a decision, its record, in one transaction under a lock on the customer.
   * Running it twice gives the same rows. `null`: the customer is gone, erased or merged into another one.
   */
  reviewCustomer(customerId: string): Promise<Review | null>
}

export interface ScoreActivities {
  /** Computes churn risk and lifetime value with the promoted models and stores them. */
  scoreCustomer(customerId: string): Promise<void>
}

export interface DeliveryActivities {
  /** Delivers one planned message. A refusal is an answer; only an outage throws. */
  deliverMessage(messageId: string): Promise<DeliveryOutcome>
}

export interface Review {
  /** For ops, in the Temporal UI. No personal data. */
  readonly standing: Standing
  /** Planned or left over from a crash; to deliver now. */
  readonly messages: readonly MessageToDeliver[]
  /** Real milliseconds until the next moment that matters; undefined: only news can change anything. */
  readonly wakeInMs?: number
  /** What that moment is, in plain words: "Delay 3 days · welcome › nudge". */
  readonly wakeReason?: string
  readonly scoresAreStale: boolean
}

export interface Standing {
  readonly stage: Stage
  /** From 0 to 1, two decimals. */
  readonly churnRisk?: number
  /** Minor units. */
  readonly lifetimeValue?: number
  readonly segments: readonly string[]
  readonly journeys: readonly string[]
  /** The next step in plain words, for a search attribute. */
  readonly nextStep?: string
}

export interface MessageToDeliver {
  readonly id: string
  readonly channel: Channel
  /** For ops: "email · welcome › hello". */
  readonly summary: string
  /** 1 (first) to 5: transactional before marketing. */
  readonly priority: 1 | 2 | 3 | 4 | 5
}

export interface DeliveryOutcome {
  /** `postponed`: not now (quiet hours, a cap); the next review says when. */
  readonly status: SettledStatus | 'postponed'
  readonly reason?: string
}
