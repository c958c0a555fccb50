/** Who reacts because of an offer, learned from experiments with a hold-out and judged on customers not learned from. */

import { type DenseMatrix, selectRows } from '../core/dense-matrix.ts'
import { qiniCoefficient, type UpliftDecile, upliftByDecile } from '../uplift/qini.ts'
import { trainTransformedOutcome, transformedOutcomeUplift, type UpliftModel } from '../uplift/transformed-outcome.ts'
import { type TwoModels, trainTwoModels, twoModelUplift } from '../uplift/two-model.ts'
import { estimatePolicy, type PolicyValue } from './policy-value.ts'

export interface UpliftTraining {
  readonly names: readonly string[]
  readonly features: DenseMatrix
  /** 1 where treated, else 0; by chance. */
  readonly treatment: Uint8Array
  /** 1 where it reacted, else 0. */
  readonly outcome: Uint8Array
  /** What a reaction is worth, and what treating costs; they say who is worth treating. */
  readonly valueCents: number
  readonly costCents: number
}

export type AnyUplift =
  | { readonly method: 'two-models'; readonly models: TwoModels }
  | { readonly method: 'transformed-outcome'; readonly model: UpliftModel }

export interface UpliftResult {
  readonly uplift: AnyUplift
  /** Qini coefficients of what was tried, on the customers held out. */
  readonly tried: readonly { readonly method: AnyUplift['method']; readonly qini: number }[]
  readonly qini: number
  readonly deciles: readonly UpliftDecile[]
  /** What treating by the model, all and nobody would have brought the customers held out, per customer. */
  readonly policy: PolicyValue
  readonly customers: number
}

/**
 * Fits both methods on two thirds of the rows and takes the one with the higher Qini coefficient on another sixth; the
 * rest judges it.
 *
 * @throws RangeError if one side lacks rows that reacted or did not.
 */
export function trainUplift(training: UpliftTraining, onProgress: (share: number) => void = () => {}): UpliftResult {
  const { names, features, treatment, outcome, valueCents, costCents } = training
  const rowsOf = (parts: readonly number[]): Int32Array =>
    Int32Array.from({ length: features.rows }, (_, row) => row).filter((row) => parts.includes(row % 6))
  const of = (rows: Int32Array) => ({
    features: selectRows(features, rows),
    treatment: Uint8Array.from(rows, (row) => treatment[row] as number),
    outcome: Uint8Array.from(rows, (row) => outcome[row] as number),
  })
  const train = of(rowsOf([0, 1, 2, 3]))
  const choose = of(rowsOf([4]))
  const test = of(rowsOf([5]))
  const { treated, untreated } = trainTwoModels(names, train.features, train.treatment, train.outcome)
  onProgress(0.6)
  const candidates: AnyUplift[] = [
    { method: 'two-models', models: { treated: treated.model, untreated: untreated.model } },
    {
      method: 'transformed-outcome',
      model: trainTransformedOutcome(names, train.features, train.treatment, train.outcome),
    },
  ]
  onProgress(0.9)
  const tried = candidates.map((candidate) => ({
    method: candidate.method,
    qini: qiniCoefficient({ ...choose, scores: upliftScores(candidate, names, choose.features) }),
  }))
  const uplift = candidates[(tried[1]?.qini ?? 0) > (tried[0]?.qini ?? 0) ? 1 : 0] as AnyUplift
  const scores = upliftScores(uplift, names, test.features)
  const gains = Float64Array.from(test.outcome, (one) => one * valueCents)
  return {
    uplift,
    tried,
    qini: qiniCoefficient({ ...test, scores }),
    deciles: upliftByDecile({ ...test, scores }),
    policy: estimatePolicy({
      treatment: test.treatment,
      gains,
      costCents,
      treats: Uint8Array.from(scores, (score) => (score * valueCents > costCents ? 1 : 0)),
    }),
    customers: features.rows,
  }
}

/** The expected rise of the chance to react, for each row. */
export function upliftScores(uplift: AnyUplift, names: readonly string[], features: DenseMatrix): Float64Array {
  return uplift.method === 'two-models'
    ? twoModelUplift(uplift.models, names, features)
    : transformedOutcomeUplift(uplift.model, names, features)
}
