/** Uplift by one model: the treatment multiplies everybody's odds alike, so it moves those most who are likely to be moved. */

import { refuse } from '../core/check.ts'
import type { DenseMatrix } from '../core/dense-matrix.ts'
import type { LogisticFitOptions } from '../logistic-regression/fit.ts'
import { fromLibraryModel, toLibraryModel } from '../logistic-regression/library-model.ts'
import { type LogisticModel, trainLogisticModel } from '../logistic-regression/model.ts'
import { checkMarks, type TwoModels } from './two-model.ts'

/**
 * Fits the outcome on the features and the treatment, without products of the two. Beside two models that leaves one number
 * to be learned of the treatment instead of one per feature: what little is lost is often less than the noise that goes.
 *
 * @returns the model as two that differ in nothing but their intercept.
 * @throws RangeError if lists differ in length, a mark is neither 0 nor 1, all or none are treated, or all outcomes are alike.
 * @see Lo (2002), "The true lift model", without its products; the "S-learner" of Künzel et al. (2019).
 */
export function trainOneModel(
  names: readonly string[],
  features: DenseMatrix,
  treatment: ArrayLike<number>,
  outcome: ArrayLike<number>,
  options: LogisticFitOptions = {},
): TwoModels {
  checkMarks('treatment', treatment, features.rows)
  checkMarks('outcome', outcome, features.rows)
  const columns = features.columns + 1
  const values = new Float64Array(features.rows * columns)
  for (let i = 0; i < features.rows; i++) {
    values[i * columns] = treatment[i] as number
    values.set(features.values.subarray(i * features.columns, (i + 1) * features.columns), i * columns + 1)
  }
  // The first column, so that it is never the one left out as a combination of others.
  const { model } = trainLogisticModel(['', ...names], { rows: features.rows, columns, values }, outcome, {
    l2: 1,
    ...options,
  })
  if (model.features[0] !== '') refuse('treatment', treatment[0], 'must differ between rows')
  return { treated: withTreatment(model, 1), untreated: withTreatment(model, 0) }
}

/** The model of those for whom the first feature has this value, without it. */
function withTreatment({ features, mean, deviation, classifier }: LogisticModel, value: 0 | 1): LogisticModel {
  const { intercept, coefficients } = fromLibraryModel(classifier)
  const [ofTreatment = 0, ...others] = coefficients
  return {
    features: features.slice(1),
    mean: mean.slice(1),
    deviation: deviation.slice(1),
    classifier: toLibraryModel({
      intercept: intercept + (ofTreatment * (value - (mean[0] as number))) / (deviation[0] as number),
      coefficients: others,
    }),
  }
}
