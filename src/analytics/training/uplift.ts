/** Who reacts because of an offer, learned from experiments with a hold-out and judged on customers not learned from. */

import { type DenseMatrix, selectRows } from '../core/dense-matrix.ts'
import { trainOneModel } from '../uplift/one-model.ts'
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
  | { readonly method: 'two-models' | 'one-model'; readonly models: TwoModels }
  | { readonly method: 'transformed-outcome'; readonly model: UpliftModel }

export interface UpliftResult {
  readonly uplift: AnyUplift
  /** Qini coefficients of what was tried, on customers not learned from. */
  readonly tried: readonly { readonly method: AnyUplift['method']; readonly drawn: number; readonly qini: number }[]
  readonly qini: number
  readonly deciles: readonly UpliftDecile[]
  /** What treating by the model, all and nobody would have brought customers not learned from, per customer. */
  readonly policy: PolicyValue
  readonly customers: number
}

/**
 * Tries several methods, each fitted on two thirds of the rows at a time, on the third that it has not seen; takes the one
 * whose scores find better rows, and fits it on all. What is told of it is measured on rows it had not seen.
 *
 * @throws RangeError if one side lacks rows that reacted or did not.
 */
export function trainUplift(training: UpliftTraining, onProgress: (share: number) => void = () => {}): UpliftResult {
  const { features, treatment, outcome, valueCents, costCents } = training
  const { scores, ...found } = chooseUplift(training, onProgress)
  return {
    ...found,
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

type Rows = Pick<UpliftTraining, 'names' | 'features' | 'treatment' | 'outcome'>

export interface ChosenUplift extends Pick<UpliftResult, 'uplift' | 'tried' | 'qini'> {
  /** Of every row, learned or not, by models that had not seen it. */
  readonly scores: Float64Array
}

const folds = 3

/** @param learns If given, only rows with a 1 here are learned from and compared; the others are scored all the same. */
export function chooseUplift(
  training: Rows,
  onProgress: (share: number) => void = () => {},
  learns: Uint8Array = new Uint8Array(training.features.rows).fill(1),
): ChosenUplift {
  const { names, features, treatment, outcome } = training
  const all = Int32Array.from({ length: features.rows }, (_, row) => row)
  const own = all.filter((row) => learns[row] === 1)
  const foldOf = foldsBySide(treatment, learns)
  const unseen = candidates.map(() => new Float64Array(features.rows))
  for (let fold = 0; fold < folds; fold++) {
    const held = all.filter((row) => foldOf[row] === fold)
    const heldFeatures = selectRows(features, held)
    const known = part(
      training,
      own.filter((row) => foldOf[row] !== fold),
    )
    for (const [c, candidate] of candidates.entries()) {
      const scores = upliftScores(fitOne(candidate, known), names, heldFeatures)
      held.forEach((row, i) => ((unseen[c] as Float64Array)[row] = scores[i] as number))
    }
    onProgress((fold + 1) / (folds + 1))
  }
  const pick = <T extends Uint8Array | Float64Array>(values: T): T => values.filter((_, row) => learns[row] === 1) as T
  const tried = candidates.map((candidate, c) => ({
    ...candidate,
    qini: qiniCoefficient({
      treatment: pick(treatment),
      outcome: pick(outcome),
      scores: pick(unseen[c] as Float64Array),
    }),
  }))
  const best = tried.reduce((most, { qini }, c) => (qini > (tried[most]?.qini ?? Number.NaN) ? c : most), 0)
  return {
    uplift: fitOne(candidates[best] as Candidate, part(training, own)),
    tried,
    qini: tried[best]?.qini ?? Number.NaN,
    scores: unseen[best] as Float64Array,
  }
}

/** Each side is dealt out by itself: no order of the rows leaves a fold without one. */
function foldsBySide(treatment: Uint8Array, learns: Uint8Array): Uint8Array {
  const dealt = [0, 0, 0]
  return treatment.map((treated, row) => {
    const side = learns[row] === 1 ? treated : 2
    const place = dealt[side] as number
    dealt[side] = place + 1
    return place % folds
  })
}

/** `drawn`: the penalty, as a share of the rows: so far are effects of single features drawn to none. */
interface Candidate {
  readonly method: AnyUplift['method']
  readonly drawn: number
}

const candidates: readonly Candidate[] = [
  { method: 'two-models', drawn: 0 },
  { method: 'two-models', drawn: 0.05 },
  { method: 'transformed-outcome', drawn: 0 },
  { method: 'one-model', drawn: 0 },
]

function part({ names, features, treatment, outcome }: Rows, rows: Int32Array): Rows {
  return {
    names,
    features: selectRows(features, rows),
    treatment: Uint8Array.from(rows, (row) => treatment[row] as number),
    outcome: Uint8Array.from(rows, (row) => outcome[row] as number),
  }
}

function fitOne({ method, drawn }: Candidate, { names, features, treatment, outcome }: Rows): AnyUplift {
  const l2 = Math.max(1, drawn * features.rows)
  if (method === 'transformed-outcome') {
    return { method, model: trainTransformedOutcome(names, features, treatment, outcome, { l2 }) }
  }
  if (method === 'one-model') return { method, models: trainOneModel(names, features, treatment, outcome, { l2 }) }
  const { treated, untreated } = trainTwoModels(names, features, treatment, outcome, { l2 })
  return { method, models: { treated: treated.model, untreated: untreated.model } }
}

/** The expected rise of the chance to react, for each row. */
export function upliftScores(uplift: AnyUplift, names: readonly string[], features: DenseMatrix): Float64Array {
  return uplift.method === 'transformed-outcome'
    ? transformedOutcomeUplift(uplift.model, names, features)
    : twoModelUplift(uplift.models, names, features)
}
