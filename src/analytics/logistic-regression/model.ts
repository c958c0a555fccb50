/** A trained model of a yes-or-no outcome: churn, purchase, reaction to an offer. */

import { checkWhole, refuse } from '../core/check.ts'
import { type DenseMatrix, selectColumns } from '../core/dense-matrix.ts'
import { independentColumns } from '../core/independent-columns.ts'
import { applyScaling, fitScaling } from '../scaling.ts'
import { fitLogisticRegression, type LogisticFit, type LogisticFitOptions } from './fit.ts'
import { fromLibraryModel, type LibraryModel, libraryProbabilities, toLibraryModel } from './library-model.ts'

/** All that is needed to score a row. Plain JSON, to be stored as it is. */
export interface LogisticModel {
  /** The features used, in order. */
  readonly features: readonly string[]
  /** Of the training rows, one per feature. */
  readonly mean: readonly number[]
  /** Population deviations of the training rows, one per feature. */
  readonly deviation: readonly number[]
  /** Over the standardised features. */
  readonly classifier: LibraryModel
}

/** A model and what its training had to say. */
export interface LogisticTraining {
  readonly model: LogisticModel
  /** Features left out: constant, or a linear combination of a constant and earlier features. */
  readonly dropped: readonly string[]
  readonly fit: LogisticFit
  /** Features whose coefficients have no finite best value, since they tell classes apart without error. */
  readonly separating: readonly string[]
}

export interface LogisticTrainingOptions extends LogisticFitOptions {
  /** Told now and then how much of the search for features that say nothing new, the longest part, is done. */
  readonly onProgress?: (share: number) => void
}

/** Why a row scored as it did. */
export interface Reason {
  readonly feature: string
  /** The row's value, as it came. */
  readonly value: number
  /** What this feature adds to the row's log odds, against a row of average values. */
  readonly contribution: number
}

/**
 * Leaves out what says nothing new, standardises, and fits.
 *
 * @param names One per column of the features; all different.
 * @param features n × p training rows, unscaled.
 * @param target n classes, each 0 or 1.
 * @throws RangeError as `fitLogisticRegression` does, or if names and columns do not match.
 */
export function trainLogisticModel(
  names: readonly string[],
  features: DenseMatrix,
  target: ArrayLike<number>,
  { onProgress = () => {}, ...options }: LogisticTrainingOptions = {},
): LogisticTraining {
  if (names.length !== features.columns) refuse('names.length', names.length, `must be ${features.columns}, as columns`)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) refuse('names', twice, 'must not be there twice')

  const scalingOfAll = fitScaling(features) // Also refuses numbers too large to reckon with.
  const { kept, dropped } = independentColumns(features, { onProgress })
  const scaling = {
    mean: Float64Array.from(kept, (column) => scalingOfAll.mean[column] as number),
    deviation: Float64Array.from(kept, (column) => scalingOfAll.deviation[column] as number),
  }
  const fit = fitLogisticRegression(applyScaling(selectColumns(features, kept), scaling), target, options)
  const nameOf = (column: number): string => names[column] as string
  return {
    model: {
      features: kept.map(nameOf),
      mean: Array.from(scaling.mean),
      deviation: Array.from(scaling.deviation),
      classifier: toLibraryModel(fit),
    },
    dropped: dropped.map(nameOf),
    fit,
    separating: (fit.separation?.columns ?? []).map((column) => nameOf(kept[column] as number)),
  }
}

/**
 * P(1) of each row.
 *
 * @param names What the columns of the features are; the model takes those that it knows, in any order.
 * @throws RangeError if a feature of the model is missing.
 */
export function predictProbabilities(
  model: LogisticModel,
  names: readonly string[],
  features: DenseMatrix,
): Float64Array {
  const known = selectColumns(features, positionsOf(model.features, names))
  const scaling = { mean: Float64Array.from(model.mean), deviation: Float64Array.from(model.deviation) }
  return libraryProbabilities(model.classifier, applyScaling(known, scaling))
}

/**
 * The features that moved a row's score most, either way, strongest first.
 *
 * @param values The row, one value per name.
 * @throws RangeError if a feature of the model is missing, or the count is below 1.
 */
export function reasonsFor(
  model: LogisticModel,
  names: readonly string[],
  values: ArrayLike<number>,
  count: number,
): Reason[] {
  checkWhole('count', count, 1)
  const { coefficients } = fromLibraryModel(model.classifier)
  const reasons = positionsOf(model.features, names).map((position, j): Reason => {
    const value = values[position] as number
    const z = (value - (model.mean[j] as number)) / (model.deviation[j] as number)
    return { feature: model.features[j] as string, value, contribution: z * (coefficients[j] as number) }
  })
  return reasons.sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)).slice(0, count)
}

/**
 * The features of a row, those first that moved its score most: as `reasonsFor` orders them, without a word about each.
 *
 * @returns of the row of a matrix that begins at `start`; the list is the same one each time.
 * @throws RangeError if a feature of the model is missing.
 */
export function featureOrder(
  model: LogisticModel,
  names: readonly string[],
): (values: Float64Array, start: number) => readonly string[] {
  const { coefficients } = fromLibraryModel(model.classifier)
  const positions = positionsOf(model.features, names)
  const strength = new Float64Array(positions.length)
  const ordered: string[] = []
  return (values, start) => {
    for (let j = 0; j < positions.length; j++) {
      const z =
        ((values[start + (positions[j] as number)] as number) - (model.mean[j] as number)) /
        (model.deviation[j] as number)
      const moved = Math.abs(z * (coefficients[j] as number))
      let place = j
      for (; place > 0 && (strength[place - 1] as number) < moved; place--) {
        strength[place] = strength[place - 1] as number
        ordered[place] = ordered[place - 1] as string
      }
      strength[place] = moved
      ordered[place] = model.features[j] as string
    }
    return ordered
  }
}

function positionsOf(wanted: readonly string[], names: readonly string[]): number[] {
  const positions = new Map(names.map((name, i) => [name, i]))
  return wanted.map((name) => positions.get(name) ?? refuse('names', name, 'must be there: the model needs it'))
}
