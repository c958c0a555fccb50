/** What journeys, variants and offers are found to have done beside those whom chance held out of them. */

import type { Lift } from './lift.ts'
import type { EffectEstimate } from './shared-effects.ts'

export interface NamedLift {
  readonly journey: string
  readonly experiment: string | null
  readonly variant: string | null
  /** Which offer was made, where it was the same for all of them. */
  readonly offer: string | null
  readonly customers: number
  readonly heldOut: number
  readonly lift: Lift
}

/** What an offer adds to the chance to buy, with its 95 % interval, by all comparisons in which it was made. */
export interface OfferEffect {
  readonly offer: string
  readonly customers: number
  readonly heldOut: number
  readonly difference: number
  readonly interval: readonly [number, number]
  /** The same, drawn towards what offers do in general as far as little is known of it: what plans are made by. */
  readonly drawn: EffectEstimate
}

export interface OfferEffects {
  readonly offers: readonly OfferEffect[]
  /** What an offer does on average; null while none was compared with a hold-out. */
  readonly common: EffectEstimate | null
}
