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
  /** Qini coefficients of what was tried, on customers not learned from. */
  readonly tried: readonly { readonly method: AnyUplift['method']; readonly qini: number }[]
  readonly qini: number
  readonly deciles: readonly UpliftDecile[]
  /** What treating by the model, all and nobody would have brought customers not learned from, per customer. */
  readonly policy: PolicyValue
  readonly customers: number
}

const folds = 3

/**
 * Fits two methods, each on two thirds of the rows at a time, and scores the third that it has not seen; takes the one
 * whose scores find better rows, and fits it on all. What is told of it is measured on rows it had not seen.
 *
 * @throws RangeError if one side lacks rows that reacted or did not.
 */
export function trainUplift(training: UpliftTraining, onProgress: (share: number) => void = () => {}): UpliftResult {
  const { names, features, treatment, outcome, valueCents, costCents } = training
  const rows = Int32Array.from({ length: features.rows }, (_, row) => row)
  const unseen = methods.map(() => new Float64Array(features.rows))
  for (let fold = 0; fold < folds; fold++) {
    const held = rows.filter((row) => row % folds === fold)
    const heldFeatures = selectRows(features, held)
    const known = part(
      training,
      rows.filter((row) => row % folds !== fold),
    )
    for (const [m, method] of methods.entries()) {
      const scores = upliftScores(fitOne(method, names, known), names, heldFeatures)
      held.forEach((row, i) => ((unseen[m] as Float64Array)[row] = scores[i] as number))
    }
    onProgress((fold + 1) / (folds + 1))
  }
  const tried = methods.map((method, m) => ({
    method,
    qini: qiniCoefficient({ treatment, outcome, scores: unseen[m] as Float64Array }),
  }))
  const best = (tried[1]?.qini ?? 0) > (tried[0]?.qini ?? 0) ? 1 : 0
  const scores = unseen[best] as Float64Array
  return {
    uplift: fitOne(methods[best] as Method, names, training),
    tried,
    qini: tried[best]?.qini ?? Number.NaN,
    deciles: upliftByDecile({ treatment, outcome, scores }),
    policy: estimatePolicy({
      treatment,
      gains: Float64Array.from(outcome, (one) => one * valueCents),
      costCents,
      treats: Uint8Array.from(scores, (score) => (score * valueCents > costCents ? 1 : 0)),
    }),
    customers: features.rows,
  }
}

type Method = AnyUplift['method']
const methods: readonly Method[] = ['two-models', 'transformed-outcome']
type Rows = Pick<UpliftTraining, 'features' | 'treatment' | 'outcome'>

function part({ features, treatment, outcome }: Rows, rows: Int32Array): Rows {
  return {
    features: selectRows(features, rows),
    treatment: Uint8Array.from(rows, (row) => treatment[row] as number),
    outcome: Uint8Array.from(rows, (row) => outcome[row] as number),
  }
}

function fitOne(method: Method, names: readonly string[], { features, treatment, outcome }: Rows): AnyUplift {
  if (method === 'transformed-outcome') {
    return { method, model: trainTransformedOutcome(names, features, treatment, outcome) }
  }
  const { treated, untreated } = trainTwoModels(names, features, treatment, outcome)
  return { method, models: { treated: treated.model, untreated: untreated.model } }
}

/** The expected rise of the chance to react, for each row. */
export function upliftScores(uplift: AnyUplift, names: readonly string[], features: DenseMatrix): Float64Array {
  return uplift.method === 'two-models'
    ? twoModelUplift(uplift.models, names, features)
    : transformedOutcomeUplift(uplift.model, names, features)
}
