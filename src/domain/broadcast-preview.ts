/** What a broadcast would do if it were sent now: whom it reaches, and what its text messages cost. */

import type { Channel } from './snapshot.ts'
import type { TextCost, TextMoney } from './text-cost.ts'

export interface BroadcastPreview {
  readonly channel: Channel
  /** All who have an address of the channel and are in the segment. */
  readonly audience: number
  /** So many of them were looked at, chosen by chance; all else is scaled up from these. */
  readonly sampled: number
  /** May be written to now, by day, or once a cap is free again; without those who would be held out. */
  readonly reached: number
  /** Of these, not at this hour. */
  readonly waiting: number
  /** By the rule that stands against it, the most first. */
  readonly refused: readonly { readonly rule: string; readonly count: number }[]
  readonly variants: readonly VariantPreview[]
  /** Of text messages: parts in all; null if there are none. */
  readonly segments: number | null
  /** Null if no price is known. */
  readonly money: TextMoney | null
}

export interface VariantPreview {
  readonly id: string
  readonly template: string
  readonly cost: TextCost | null
  /** So many of those who were looked at have no message, because the template cannot be filled for them. */
  readonly broken: number
  /** Whether it says how to end it. */
  readonly saysStop: boolean
}
