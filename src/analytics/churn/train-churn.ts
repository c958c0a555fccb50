/** Training and judging a churn model on a shop's own history. */

import type { LaterPurchases, PurchaseHistories } from '../../domain/purchase-history.ts'
import { trainLogisticModel } from '../logistic-regression/model.ts'
import type { ChurnModel } from '../scoring/scoring-model.ts'
import { churnFeatureNames, churnFeatures, churnFeatureVersion } from './churn-features.ts'
import { fewestCustomers, fewestOfAClass } from './churn-window.ts'

/** A little penalty: with few customers, features as close as these would otherwise fight each other. */
const l2 = 1

/** 1 for every customer who did not come back, 0 for those who did. */
export function churnLabels(later: LaterPurchases): Uint8Array {
  return Uint8Array.from(later.purchases, (purchases) => (purchases === 0 ? 1 : 0))
}

/** Why these customers cannot teach a model, in a sentence; undefined if they can. */
export function tooLittleToLearn(labels: Uint8Array): string | undefined {
  const churned = labels.reduce((sum, label) => sum + label, 0)
  const stayed = labels.length - churned
  if (labels.length < fewestCustomers) {
    return `Too little data: ${labels.length} customers had bought before the training day, ${fewestCustomers} are needed.`
  }
  if (Math.min(churned, stayed) < fewestOfAClass) {
    return `Too little data: ${stayed} customers came back and ${churned} did not, ${fewestOfAClass} of each are needed.`
  }
  return undefined
}

/** What a model of coming back learns from: histories as of a day, and 1 for every customer of whom it came true. */
export interface ReturnTraining {
  readonly histories: PurchaseHistories
  readonly labels: Uint8Array
  readonly horizonDays: number
}

/** @throws RangeError if all labels are the same. */
export function trainChurnModel(
  { histories, labels, horizonDays }: ReturnTraining,
  onProgress: (share: number) => void = () => {},
): { model: ChurnModel; iterations: number; converged: boolean; dropped: readonly string[] } {
  const features = {
    rows: histories.customerIds.length,
    columns: churnFeatureNames.length,
    values: churnFeatures(histories),
  }
  const { model, fit, dropped } = trainLogisticModel(churnFeatureNames, features, labels, { l2, onProgress })
  return {
    model: { method: 'logistic-regression', featureVersion: churnFeatureVersion, horizonDays, logistic: model },
    iterations: fit.iterations,
    converged: fit.converged,
    dropped,
  }
}
