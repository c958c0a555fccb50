/** Churn risk of many customers at once, with the reasons for each. */

import type { PurchaseHistories } from '../../domain/purchase-history.ts'
import { calibrated } from '../calibration.ts'
import {
  type ChurnFeature,
  churnFeatureNames,
  churnFeatures,
  churnFeatureVersion,
  knownFeatureVersions,
  silenceRatio,
} from '../churn/churn-features.ts'
import { riskByRule } from '../churn/rule-of-thumb.ts'
import { refuse } from '../core/check.ts'
import { featureOrder, predictProbabilities } from '../logistic-regression/model.ts'
import type { ChurnModel, ChurnRule, ScoreWithReasons } from './scoring-model.ts'

const mostReasons = 3

/**
 * The probability, from 0 to 1, that each customer does not come back within the horizon.
 *
 * @throws RangeError if the model was trained on other features than this version knows.
 */
export function churnScores(model: ChurnModel | ChurnRule, histories: PurchaseHistories): ScoreWithReasons[] {
  if (model.method === 'rule') {
    const risks = riskByRule(histories, model.shopIntervalDays)
    return Array.from(risks, (value, i) => ({ value, reasons: [silenceInWords(histories, i)] }))
  }
  if (!knownFeatureVersions.includes(model.featureVersion)) {
    refuse('model.featureVersion', model.featureVersion, `must be ${churnFeatureVersion}: train the model again`)
  }
  const rows = histories.customerIds.length
  const columns = churnFeatureNames.length
  const values = churnFeatures(histories)
  const raw = predictProbabilities(model.logistic, churnFeatureNames, { rows, columns, values })
  const risks = calibrated(model.calibration, raw)
  const orderOf = featureOrder(model.logistic, churnFeatureNames)
  return Array.from(risks, (value, i) => {
    const reasons: string[] = []
    for (const feature of orderOf(values, i * columns)) {
      const sentence = sentenceFor(feature as ChurnFeature, histories, i)
      if (!reasons.includes(sentence)) reasons.push(sentence)
      if (reasons.length === mostReasons) break
    }
    return { value, reasons }
  })
}

/** A feature of this customer in plain words. */
function sentenceFor(feature: ChurnFeature, histories: PurchaseHistories, i: number): string {
  const purchases = histories.purchases[i] as number
  const { behaviour } = histories
  switch (feature) {
    case 'log_purchases':
    case 'bought_once':
      if (purchases === 0) return 'never bought'
      return purchases === 1 ? 'bought once' : `bought on ${purchases} days`
    case 'log_age_days':
      return `customer for ${days(histories.ageDays[i] as number)}`
    case 'log_average_value':
      return `spends ${((histories.revenueCents[i] as number) / Math.max(1, purchases) / 100).toFixed(2)} a purchase`
    case 'log_recent_purchases':
      return `${histories.recentPurchases[i] as number} purchases in the last 90 days`
    case 'log_silence_days':
      return `quiet for ${days(histories.silenceDays[i] as number)}`
    case 'log_month_purchases':
      return `${behaviour?.monthPurchases[i] ?? 0} purchases in the last 30 days`
    case 'discount_share':
      return `${percent(behaviour?.discountShare[i])} of the price given as discount`
    case 'refund_share':
      return `${percent(behaviour?.refundShare[i])} of the revenue was refunded`
    case 'log_active_days':
      return `active on ${behaviour?.activeDays[i] ?? 0} of the last 30 days`
    case 'log_quiet_days':
      return `last seen ${days(behaviour?.quietDays[i] ?? (histories.silenceDays[i] as number))} ago`
    case 'silence_ratio':
      return silenceInWords(histories, i)
  }
}

function silenceInWords(histories: PurchaseHistories, i: number): string {
  const silence = histories.silenceDays[i] as number
  const ratio = silenceRatio(histories.purchases[i] as number, silence, histories.ageDays[i] as number)
  return ratio === undefined ? `quiet for ${days(silence)}` : `quiet for ${ratio.toFixed(1)} times the usual interval`
}

function days(count: number): string {
  return count === 1 ? '1 day' : `${count} days`
}

function percent(share: number | undefined): string {
  return `${Math.round((share ?? 0) * 100)} %`
}
