/** Lifetime value of many customers at once, with tier and reasons. */

import type { PurchaseHistories } from '../../domain/purchase-history.ts'
import { forecastCustomers } from '../value/lifetime-value.ts'
import type { CustomerHistory } from '../value/purchase-history.ts'
import type { ScoreWithReasons, ValueModel, ValueRule, ValueTiers } from './scoring-model.ts'
import { monthlyRevenueCents, valuesByRule } from './value-rule.ts'

export type ValueTier = 'high' | 'middle' | 'low'

/** Expected future revenue of each customer within the model's horizon, discounted, in minor units. */
export function valueScores(
  model: ValueModel | ValueRule,
  histories: PurchaseHistories,
): (ScoreWithReasons & { readonly tier: ValueTier })[] {
  const { values, reasons } = model.method === 'rule' ? byRule(model, histories) : byModel(model, histories)
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

function byModel(model: ValueModel, histories: PurchaseHistories): Values {
  const forecasts = forecastCustomers(customerHistories(histories), model)
  const spendSoFar = (i: number): number => (histories.revenueCents[i] as number) / (histories.purchases[i] as number)
  return {
    values: Float64Array.from(
      forecasts,
      (forecast, i) => forecast.lifetimeValue ?? forecast.expectedPurchases * spendSoFar(i),
    ),
    reasons: (i) => {
      const { expectedPurchases = 0, expectedSpend = null, probabilityAlive = 0 } = forecasts[i] ?? {}
      const cents = expectedSpend ?? spendSoFar(i)
      return [
        `${expectedPurchases.toFixed(1)} purchases of ${(cents / 100).toFixed(2)} expected in ${model.horizonWeeks} weeks`,
        `still a customer with a probability of ${Math.round(probabilityAlive * 100)} %`,
      ]
    },
  }
}

/** The same histories in the words of the value models: weeks, repeats, and spend per repeat. */
export function customerHistories(histories: PurchaseHistories): CustomerHistory[] {
  return histories.customerIds.map((customerId, i) => {
    const repeatCount = (histories.purchases[i] as number) - 1
    const ageDays = histories.ageDays[i] as number
    return {
      customerId,
      repeatCount,
      recencyWeeks: (ageDays - (histories.silenceDays[i] as number)) / 7,
      ageWeeks: ageDays / 7,
      meanSpend: repeatCount === 0 ? null : (histories.repeatRevenueCents[i] as number) / repeatCount,
    }
  })
}
