/** Lifetime value of many customers at once, with tier and reasons. */

import type { PurchaseHistories } from '../../domain/purchase-history.ts'
import type { ScoreWithReasons, ValueRule, ValueTiers } from './scoring-model.ts'
import { monthlyRevenueCents, valuesByRule } from './value-rule.ts'

export type ValueTier = 'high' | 'middle' | 'low'

/** Expected future revenue of each customer within the model's horizon, discounted, in minor units. */
export function valueScores(
  model: ValueRule,
  histories: PurchaseHistories,
): (ScoreWithReasons & { readonly tier: ValueTier })[] {
  const { values, reasons } = byRule(model, histories)
  return Array.from(values, (value, i) => ({ value, tier: tierOf(value, model.tiers), reasons: reasons(i) }))
}

export function tierOf(valueCents: number, { highCents, middleCents }: ValueTiers): ValueTier {
  if (valueCents >= highCents) return 'high'
  return valueCents >= middleCents ? 'middle' : 'low'
}

interface Values {
  readonly values: Float64Array
  readonly reasons: (i: number) => string[]
}

function byRule(model: ValueRule, histories: PurchaseHistories): Values {
  const monthly = monthlyRevenueCents(histories)
  return {
    values: valuesByRule(histories, model),
    reasons: (i) => [`spends ${((monthly[i] as number) / 100).toFixed(2)} a month so far`],
  }
}
