/**
 * Logistic regressions as two-class models of ml-logistic-regression, whose prediction the product calls. The library
 * trains by 50,000 steps of gradient descent and knows no intercept: the weights come from our own fit, and the
 * intercept is the weight of a column of ones.
 */

import LogisticRegression, { type ModelJson } from 'ml-logistic-regression'
import { Matrix } from 'ml-matrix'
import { checkFinite, refuse } from '../core/check.ts'
import type { DenseMatrix } from '../core/dense-matrix.ts'

/** The library's own JSON of a model, as `LogisticRegression.load` takes it. */
export type LibraryModel = ModelJson

/** What a library model says, in the words of a regression. */
export interface LinearWeights {
  readonly intercept: number
  /** One per feature. */
  readonly coefficients: ArrayLike<number>
}

/** The library model of a fit, with classes 0 and 1. */
export function toLibraryModel({ intercept, coefficients }: LinearWeights): LibraryModel {
  const weights = [intercept, ...Array.from(coefficients)]
  // The library asks classifier c for "not class c", so the first one says P(1) and the second P(0).
  const classifiers = [weights, weights.map((weight) => -weight)].map((row) => ({
    numSteps: 0,
    learningRate: 0,
    weights: [row],
  }))
  return { name: 'LogisticRegression', numSteps: 0, learningRate: 0, numberClasses: 2, classifiers }
}

/**
 * Intercept and coefficients of a library model.
 *
 * @throws RangeError unless it is a two-class model with finite weights.
 */
export function fromLibraryModel(model: LibraryModel): { intercept: number; coefficients: number[] } {
  if (model.name !== 'LogisticRegression') refuse('model.name', model.name, 'must be "LogisticRegression"')
  if (model.numberClasses !== 2) refuse('model.numberClasses', model.numberClasses, 'must be 2')
  const weights = model.classifiers[0]?.weights[0]
  if (!weights || weights.length === 0) return refuse('model.classifiers', 'the first', 'must have weights')
  weights.forEach((weight, i) => checkFinite(`model.classifiers[0].weights[0][${i}]`, weight))
  const [intercept, ...coefficients] = weights as [number, ...number[]]
  return { intercept, coefficients }
}

/**
 * P(1) of each row, by the library.
 *
 * @param features n × p, in the units the model was fitted in.
 * @throws RangeError unless the model is one of two classes and has a weight for every feature.
 */
export function libraryProbabilities(model: LibraryModel, features: DenseMatrix): Float64Array {
  const { coefficients } = fromLibraryModel(model)
  if (coefficients.length !== features.columns) {
    refuse('features.columns', features.columns, `must be as in the model (${coefficients.length})`)
  }
  const design = Matrix.ones(features.rows, features.columns + 1)
  for (let i = 0; i < features.rows; i++) {
    for (let j = 0; j < features.columns; j++) {
      design.set(i, j + 1, features.values[i * features.columns + j] as number)
    }
  }
  // A copy: loading puts the library's own objects into the list that it is given.
  const loaded = LogisticRegression.load({ ...model, classifiers: [...model.classifiers] })
  const scores = loaded.classifiers[0]?.testScores(design)
  return Float64Array.from(scores ?? [])
}
