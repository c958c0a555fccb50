/** Uplift by two models: how the customer would probably act with the offer, less how without. */

import { refuse } from '../core/check.ts'
import { type DenseMatrix, selectRows } from '../core/dense-matrix.ts'
import type { LogisticFitOptions } from '../logistic-regression/fit.ts'
import {
  type LogisticModel,
  type LogisticTraining,
  predictProbabilities,
  trainLogisticModel,
} from '../logistic-regression/model.ts'

/** Plain JSON, to be stored as it is. */
export interface TwoModels {
  readonly treated: LogisticModel
  readonly untreated: LogisticModel
}

/** The trainings of both models. */
export interface TwoModelTraining {
  readonly treated: LogisticTraining
  readonly untreated: LogisticTraining
}

/**
 * Fits one model on the treated rows and one on the untreated, each with its own scaling.
 *
 * @param names One per column of the features.
 * @param treatment 1 where a row was treated, else 0; by chance, or the scores mean nothing.
 * @param outcome 1 where it reacted, else 0.
 * @param options The penalty is 1 unless given.
 * @throws RangeError if lists differ in length, a mark is neither 0 nor 1, or one side lacks rows of a class.
 * @see Radcliffe & Surry (1999), "Differential response analysis"; the "T-learner" of Künzel et al. (2019).
 */
export function trainTwoModels(
  names: readonly string[],
  features: DenseMatrix,
  treatment: ArrayLike<number>,
  outcome: ArrayLike<number>,
  options: LogisticFitOptions = {},
): TwoModelTraining {
  checkMarks('treatment', treatment, features.rows)
  checkMarks('outcome', outcome, features.rows)
  const train = (side: 0 | 1): LogisticTraining => {
    const rows: number[] = []
    for (let i = 0; i < features.rows; i++) if (treatment[i] === side) rows.push(i)
    const what = side === 1 ? 'treated' : 'untreated'
    const reactions = rows.reduce((sum, row) => sum + (outcome[row] as number), 0)
    if (reactions === 0 || reactions === rows.length) {
      refuse('outcome', `${reactions} of ${rows.length}`, `${what} rows reacted: some must, and some must not`)
    }
    const target = Uint8Array.from(rows, (row) => outcome[row] as number)
    return trainLogisticModel(names, selectRows(features, rows), target, { l2: 1, ...options })
  }
  return { treated: train(1), untreated: train(0) }
}

/** P(reacts | treated) − P(reacts | untreated) of each row. @throws RangeError if a feature of a model is missing. */
export function twoModelUplift(models: TwoModels, names: readonly string[], features: DenseMatrix): Float64Array {
  const untreated = predictProbabilities(models.untreated, names, features)
  return predictProbabilities(models.treated, names, features).map((p, i) => p - (untreated[i] as number))
}

/** @throws RangeError unless there is a mark for every row, each 0 or 1. */
export function checkMarks(argument: string, marks: ArrayLike<number>, rows: number): void {
  if (marks.length !== rows) refuse(`${argument}.length`, marks.length, `must be the number of rows (${rows})`)
  for (let i = 0; i < rows; i++) {
    if (marks[i] !== 0 && marks[i] !== 1) refuse(`${argument}[${i}]`, marks[i], 'must be 0 or 1')
  }
}
