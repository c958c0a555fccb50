/** Fitting lifetime value twice: on the earlier part, to be judged, and on everything, to be used. */

import type { PurchaseHistories } from '../../domain/purchase-history.ts'
import type { ValueModel } from '../scoring/scoring-model.ts'
import { customerHistories, valueScores } from '../scoring/value-scores.ts'
import { fitBgNbd } from '../value/bg-nbd-fit.ts'
import { fitGammaGamma } from '../value/gamma-gamma.ts'
import { valueTiers } from '../value/value-tiers.ts'

/** Fewer customers with a repeat purchase than this teach nothing about spend. */
export const fewestReturning = 30

export interface ValueTraining {
  /** As of the day from which the model is judged. */
  readonly before: PurchaseHistories
  /** As of today. */
  readonly whole: PurchaseHistories
  readonly horizonWeeks: number
  readonly discountPerWeek: number
}

type Fitted = Pick<ValueModel, 'purchases' | 'spend'>

/** @throws RangeError if nobody came back, or a history is not finite. */
export function fitValueModels(
  { before, whole, horizonWeeks, discountPerWeek }: ValueTraining,
  onProgress: (share: number) => void = () => {},
): Fitted & { readonly tiers: ValueModel['tiers']; readonly calibration: Fitted } {
  const calibration = fit(before)
  onProgress(0.4)
  const fitted = fit(whole)
  onProgress(0.8)
  const untiered: ValueModel = {
    method: 'bg-nbd',
    horizonWeeks,
    discountPerWeek,
    ...fitted,
    tiers: { highCents: Number.POSITIVE_INFINITY, middleCents: Number.POSITIVE_INFINITY },
  }
  const { limits } = valueTiers(valueScores(untiered, whole).map(({ value }) => value))
  return { ...fitted, tiers: { highCents: limits.high, middleCents: limits.middle }, calibration }
}

function fit(histories: PurchaseHistories): Fitted {
  const customers = customerHistories(histories)
  const spending = customers.filter(({ repeatCount, meanSpend }) => repeatCount > 0 && (meanSpend ?? 0) > 0)
  return {
    purchases: fitBgNbd(customers).parameters,
    spend: spending.length < fewestReturning ? null : fitGammaGamma(customers).parameters,
  }
}
