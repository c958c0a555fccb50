/** Uplift by one regression on an outcome that is transformed so that its mean is the uplift itself. */

import { checkFinite, refuse } from '../core/check.ts'
import { choleskyFactor, choleskySolve } from '../core/cholesky.ts'
import { type DenseMatrix, selectColumns } from '../core/dense-matrix.ts'
import { independentColumns } from '../core/independent-columns.ts'
import { applyScaling, fitScaling } from '../scaling.ts'
import { checkMarks } from './two-model.ts'

/** A linear model of the uplift. Plain JSON, to be stored as it is. */
export interface UpliftModel {
  readonly features: readonly string[]
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
  readonly intercept: number
  /** Of the standardised features. */
  readonly coefficients: readonly number[]
}

export interface TransformedOutcomeOptions {
  /** The chance to be treated, strictly between 0 and 1. Default: the share of treated rows. */
  readonly propensity?: number
  /** λ of the penalty λ/2·‖coefficients‖² beside half the sum of squares. Default 1. */
  readonly l2?: number
}

/**
 * Regresses outcome · (treated / e − (1 − treated) / (1 − e)) on the features, with e the chance to be treated: given the
 * features, that has the uplift for its mean.
 *
 * @param outcome Any finite numbers: reactions as 0 and 1, or amounts spent.
 * @throws RangeError if lists differ in length, a treatment is neither 0 nor 1, all or none are treated, a number is not
 * finite or an option is out of range.
 * @see Athey & Imbens (2016), "Recursive partitioning for heterogeneous causal effects", PNAS 113 (27), section 3.
 */
export function trainTransformedOutcome(
  names: readonly string[],
  features: DenseMatrix,
  treatment: ArrayLike<number>,
  outcome: ArrayLike<number>,
  { propensity, l2 = 1 }: TransformedOutcomeOptions = {},
): UpliftModel {
  if (names.length !== features.columns) refuse('names.length', names.length, `must be ${features.columns}, as columns`)
  if (!(l2 >= 0 && l2 < Number.POSITIVE_INFINITY)) refuse('l2', l2, 'must be a finite number of at least 0')
  const target = transformed(treatment, outcome, features.rows, propensity)
  const { kept } = independentColumns(features)
  const used = selectColumns(features, kept)
  const scaling = fitScaling(used)
  const { intercept, coefficients } = ridge(applyScaling(used, scaling), target, l2)
  return {
    features: kept.map((column) => names[column] as string),
    mean: Array.from(scaling.mean),
    deviation: Array.from(scaling.deviation),
    intercept,
    coefficients: Array.from(coefficients),
  }
}

/** The expected uplift of each row. @throws RangeError if a feature of the model is missing. */
export function transformedOutcomeUplift(
  model: UpliftModel,
  names: readonly string[],
  features: DenseMatrix,
): Float64Array {
  const positions = model.features.map((name) => {
    const position = names.indexOf(name)
    return position >= 0 ? position : refuse('names', name, 'must be there: the model needs it')
  })
  const scaling = { mean: Float64Array.from(model.mean), deviation: Float64Array.from(model.deviation) }
  const { rows, columns, values } = applyScaling(selectColumns(features, positions), scaling)
  const uplift = new Float64Array(rows).fill(model.intercept)
  for (let i = 0; i < rows; i++) {
    let sum = model.intercept
    for (let j = 0; j < columns; j++) sum += (model.coefficients[j] as number) * (values[i * columns + j] as number)
    uplift[i] = sum
  }
  return uplift
}

function transformed(
  treatment: ArrayLike<number>,
  outcome: ArrayLike<number>,
  rows: number,
  propensity: number | undefined,
): Float64Array {
  checkMarks('treatment', treatment, rows)
  if (outcome.length !== rows) refuse('outcome.length', outcome.length, `must be the number of rows (${rows})`)
  let treated = 0
  for (let i = 0; i < rows; i++) treated += treatment[i] as number
  if (treated === 0 || treated === rows)
    refuse('treatment', `only ${treatment[0]}`, 'must hold treated and untreated rows')
  const e = propensity ?? treated / rows
  if (!(e > 0 && e < 1)) refuse('propensity', e, 'must lie between 0 and 1, both excluded')
  return Float64Array.from({ length: rows }, (_, i) => {
    const value = checkFinite(`outcome[${i}]`, outcome[i] as number)
    return treatment[i] === 1 ? value / e : -value / (1 - e)
  })
}

/** Least squares with a penalty on all but the intercept. The features are centred, so that is the mean. */
function ridge({ rows, columns, values }: DenseMatrix, target: Float64Array, l2: number) {
  const intercept = target.reduce((sum, value) => sum + value, 0) / rows
  const gram = new Float64Array(columns * columns)
  const coefficients = new Float64Array(columns)
  for (let i = 0; i < rows; i++) {
    const row = values.subarray(i * columns, (i + 1) * columns)
    for (let j = 0; j < columns; j++) {
      const value = row[j] as number
      coefficients[j] = (coefficients[j] as number) + value * ((target[i] as number) - intercept)
      for (let k = 0; k <= j; k++)
        gram[j * columns + k] = (gram[j * columns + k] as number) + value * (row[k] as number)
    }
  }
  for (let j = 0; j < columns; j++) gram[j * columns + j] = (gram[j * columns + j] as number) + l2
  const failed = choleskyFactor(gram, columns)
  if (failed >= 0) throw new RangeError(`features: column ${failed} must not be a combination of the columns before it`)
  choleskySolve(gram, columns, coefficients)
  return { intercept, coefficients }
}
