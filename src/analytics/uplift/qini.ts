/** How well uplift scores find the customers who react because of the offer. */

import { fallingOrder } from '../classification-metrics.ts'
import { refuse } from '../core/check.ts'
import { checkMarks } from './two-model.ts'

/** A tenth of the rows, from the highest scores down. */
export interface UpliftDecile {
  /** 1 to 10. */
  readonly decile: number
  /** Rows treated. */
  readonly treated: number
  /** Rows not treated. */
  readonly control: number
  /** The treated rows' rate of reaction less the others'; NaN if one side is empty. */
  readonly uplift: number
}

/** Scored rows and what became of them, one entry per row in all three. */
export interface UpliftOutcomes {
  readonly scores: ArrayLike<number>
  /** 1 where treated, else 0. */
  readonly treatment: ArrayLike<number>
  /** 1 where it reacted, else 0. */
  readonly outcome: ArrayLike<number>
}

/**
 * The Qini curve: Q(k) = Y_T(k) − Y_C(k)·N_T(k) / N_C(k) for the k rows with the highest scores, with Y the reactions and N
 * the rows of the treated and the untreated; 0 while no row is untreated. Equal scores stay in row order.
 *
 * @returns Q(1) … Q(n).
 * @throws RangeError if there is no row, lists differ in length, a score is not a number or a mark is neither 0 nor 1.
 * @see Radcliffe (2007), "Using control groups to target on predicted lift".
 */
export function qiniCurve(outcomes: UpliftOutcomes): Float64Array {
  const { treatment, outcome } = outcomes
  const order = checkedOrder(outcomes)
  let [treated, control, treatedReactions, controlReactions] = [0, 0, 0, 0]
  return Float64Array.from(order, (row) => {
    if (treatment[row] === 1) {
      treated++
      treatedReactions += outcome[row] as number
    } else {
      control++
      controlReactions += outcome[row] as number
    }
    return control === 0 ? 0 : treatedReactions - (controlReactions * treated) / control
  })
}

/**
 * The mean height of the Qini curve over the straight line to its end, per row: above 0 if the scores find better rows than
 * chance does.
 *
 * @throws RangeError as `qiniCurve` does.
 */
export function qiniCoefficient(outcomes: UpliftOutcomes): number {
  const curve = qiniCurve(outcomes)
  const n = curve.length
  const end = curve[n - 1] as number
  let sum = 0
  for (let k = 1; k <= n; k++) sum += (curve[k - 1] as number) - (k / n) * end
  return sum / n / n
}

/**
 * What the treatment did in each tenth of the rows, by falling score: row j of n, from 0, is in decile ⌊10j/n⌋ + 1.
 *
 * @throws RangeError as `qiniCurve` does.
 */
export function upliftByDecile(outcomes: UpliftOutcomes): UpliftDecile[] {
  const { treatment, outcome } = outcomes
  const order = checkedOrder(outcomes)
  const rows = { treated: new Float64Array(10), control: new Float64Array(10) }
  const reactions = { treated: new Float64Array(10), control: new Float64Array(10) }
  order.forEach((row, j) => {
    const decile = Math.floor((10 * j) / order.length)
    const side = treatment[row] === 1 ? 'treated' : 'control'
    rows[side][decile] = (rows[side][decile] as number) + 1
    reactions[side][decile] = (reactions[side][decile] as number) + (outcome[row] as number)
  })
  const rate = (side: 'treated' | 'control', i: number): number =>
    (reactions[side][i] as number) / (rows[side][i] as number)
  return Array.from({ length: 10 }, (_, i) => ({
    decile: i + 1,
    treated: rows.treated[i] as number,
    control: rows.control[i] as number,
    uplift: rate('treated', i) - rate('control', i),
  }))
}

function checkedOrder({ scores, treatment, outcome }: UpliftOutcomes): Uint32Array {
  if (scores.length === 0) refuse('scores', 'nothing', 'must hold at least one row')
  checkMarks('treatment', treatment, scores.length)
  checkMarks('outcome', outcome, scores.length)
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) refuse(`scores[${i}]`, scores[i], 'must be a number')
  }
  return fallingOrder(scores)
}
