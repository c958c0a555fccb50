/** From a stored model and purchase histories to scores: the same for one customer and for everybody. */

import { churnScores } from '../src/analytics/scoring/churn-scores.ts'
import type { ChurnModel, ChurnRule, ValueModel, ValueRule } from '../src/analytics/scoring/scoring-model.ts'
import { valueScores } from '../src/analytics/scoring/value-scores.ts'
import type { PurchaseHistories } from '../src/domain/purchase-history.ts'
import type { ModelRow } from '../src/store/models.ts'
import type { NewScore } from '../src/store/scores.ts'

/** Scores every history with a model, row by row. */
export function scoreHistories(
  model: Pick<ModelRow, 'kind' | 'method' | 'parameters'>,
  histories: PurchaseHistories,
): NewScore[] {
  const parameters = { ...model.parameters, method: model.method }
  switch (model.kind) {
    case 'churn':
      return churnScores(parameters as unknown as ChurnModel | ChurnRule, histories).map(
        ({ value, reasons }, i): NewScore => ({
          customerId: histories.customerIds[i] as string,
          value,
          tier: null,
          reasons,
        }),
      )
    case 'purchase':
      return purchaseScores(parameters as unknown as ChurnModel | ChurnRule, histories)
    case 'clv':
      return valueScores(parameters as unknown as ValueModel | ValueRule, histories).map(
        ({ value, tier, reasons }, i): NewScore => ({
          customerId: histories.customerIds[i] as string,
          value,
          tier,
          reasons,
        }),
      )
    case 'clusters':
    case 'rules':
    case 'sequences':
    case 'recommender':
    case 'uplift':
    case 'send-hour':
    case 'revenue':
      throw new RangeError(`model.kind: ${model.kind} gives no scores`)
  }
}

/** The probability of coming back within the horizon; the rule in place of a model says how little a risk it is. */
function purchaseScores(model: ChurnModel | ChurnRule, histories: PurchaseHistories): NewScore[] {
  return churnScores(model, histories).map(({ value, reasons }, i) => ({
    customerId: histories.customerIds[i] as string,
    value: model.method === 'rule' ? 1 - value : value,
    tier: null,
    reasons,
  }))
}

/** Whoever is of high value stays it until clearly below, so that a value that trembles moves nobody to and fro. */
export function holdFrom({ kind, parameters }: Pick<ModelRow, 'kind' | 'parameters'>): number | null {
  const high = (parameters['tiers'] as { readonly highCents?: number } | undefined)?.highCents
  return kind === 'clv' && high !== undefined ? high * 0.9 : null
}
