/** How good predicted probabilities of a yes-or-no outcome are. */

import { checkBetween, checkWhole, refuse } from './core/check.ts'

/** The certainty beyond which a wrong prediction costs no more: the log loss of a false "never" stays finite. */
const LEAST_PROBABILITY = Number.EPSILON

/** What a threshold makes of probabilities. */
export interface ThresholdMetrics {
  readonly truePositives: number
  readonly falsePositives: number
  readonly trueNegatives: number
  readonly falseNegatives: number
  readonly accuracy: number
  /** 0 if nothing is predicted positive. */
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** Rows of about the same predicted probability, and what became of them. */
export interface CalibrationBin {
  /** low ≤ probability < high; the last bin holds 1 too. */
  readonly low: number
  readonly high: number
  readonly count: number
  readonly meanPredicted: number
  readonly observedRate: number
}

/** A slice of the rows, from those with the highest scores down. */
export interface GainSlice {
  /** From 1. */
  readonly slice: number
  readonly count: number
  readonly positives: number
  /** The slice's rate of positives over that of all rows. */
  readonly lift: number
  /** The share of all positives in this slice and those before. */
  readonly cumulativeGain: number
}

/**
 * The area under the ROC curve: the probability that a positive row scores above a negative one, ties counted half.
 *
 * @param scores Any numbers that rise with the chance of a positive.
 * @throws RangeError unless both classes are there and every score is a number.
 * @see Hanley & McNeil (1982), Radiology 143: its identity with the Mann-Whitney statistic.
 */
export function areaUnderCurve(scores: ArrayLike<number>, target: ArrayLike<number>): number {
  const positives = checkedPositives(scores, target)
  const negatives = target.length - positives
  if (positives === 0 || negatives === 0) refuse('target', `only ${target[0]}`, 'must hold both classes')
  let rankSum = 0
  forEachTie(scores, fallingOrder(scores), (from, to, rows) => {
    const rank = scores.length - (from + to - 1) / 2 // Their mean rank, counted from the lowest score as 1.
    for (const row of rows) rankSum += rank * (target[row] as number)
  })
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives)
}

/**
 * The mean over the positives of the precision at their rank; tied scores share one rank.
 *
 * @throws RangeError unless there is a positive and every score is a number.
 */
export function averagePrecision(scores: ArrayLike<number>, target: ArrayLike<number>): number {
  const positives = checkedPositives(scores, target)
  if (positives === 0) refuse('target', 'only 0', 'must hold a positive')
  let found = 0
  let sum = 0
  forEachTie(scores, fallingOrder(scores), (_from, to, rows) => {
    const before = found
    for (const row of rows) found += target[row] as number
    sum += (found - before) * (found / to)
  })
  return sum / positives
}

/**
 * −mean ln P(what happened). A probability within 2.2e-16 of 0 or 1 counts as that far from it.
 *
 * @throws RangeError unless every probability lies between 0 and 1 and every target is 0 or 1.
 */
export function logLoss(probabilities: ArrayLike<number>, target: ArrayLike<number>): number {
  checkProbabilities(probabilities, target)
  let sum = 0
  for (let i = 0; i < target.length; i++) {
    const p = Math.min(Math.max(probabilities[i] as number, LEAST_PROBABILITY), 1 - LEAST_PROBABILITY)
    sum -= target[i] === 1 ? Math.log(p) : Math.log1p(-p)
  }
  return sum / target.length
}

/**
 * The mean squared distance of the probability from what happened.
 *
 * @throws RangeError as `logLoss` does.
 */
export function brierScore(probabilities: ArrayLike<number>, target: ArrayLike<number>): number {
  checkProbabilities(probabilities, target)
  let sum = 0
  for (let i = 0; i < target.length; i++) sum += ((probabilities[i] as number) - (target[i] as number)) ** 2
  return sum / target.length
}

/**
 * Counts and rates when rows of at least the threshold are called positive.
 *
 * @throws RangeError as `logLoss` does.
 */
export function thresholdMetrics(
  probabilities: ArrayLike<number>,
  target: ArrayLike<number>,
  threshold = 0.5,
): ThresholdMetrics {
  const positives = checkProbabilities(probabilities, target)
  checkBetween('threshold', threshold, 0, 1)
  let called = 0
  let truePositives = 0
  for (let i = 0; i < target.length; i++) {
    if ((probabilities[i] as number) < threshold) continue
    called++
    truePositives += target[i] as number
  }
  const falsePositives = called - truePositives
  const falseNegatives = positives - truePositives
  const trueNegatives = target.length - called - falseNegatives
  return {
    truePositives,
    falsePositives,
    trueNegatives,
    falseNegatives,
    accuracy: (truePositives + trueNegatives) / target.length,
    precision: called === 0 ? 0 : truePositives / called,
    recall: positives === 0 ? 0 : truePositives / positives,
    f1: called + positives === 0 ? 0 : (2 * truePositives) / (called + positives),
  }
}

/**
 * The calibration curve in bins of equal width; bins without rows are left out.
 *
 * @throws RangeError as `logLoss` does.
 */
export function calibrationCurve(
  probabilities: ArrayLike<number>,
  target: ArrayLike<number>,
  bins = 10,
): CalibrationBin[] {
  checkWhole('bins', bins, 1)
  checkProbabilities(probabilities, target)
  const count = new Float64Array(bins)
  const predicted = new Float64Array(bins)
  const observed = new Float64Array(bins)
  for (let i = 0; i < target.length; i++) {
    const p = probabilities[i] as number
    const bin = Math.min(bins - 1, Math.floor(p * bins))
    count[bin] = (count[bin] as number) + 1
    predicted[bin] = (predicted[bin] as number) + p
    observed[bin] = (observed[bin] as number) + (target[i] as number)
  }
  return Array.from(count, (rows, bin) => ({
    low: bin / bins,
    high: (bin + 1) / bins,
    count: rows,
    meanPredicted: (predicted[bin] as number) / rows,
    observedRate: (observed[bin] as number) / rows,
  })).filter((bin) => bin.count > 0)
}

/**
 * The mean distance between predicted and observed rate over the bins of a calibration curve, weighted by their rows.
 *
 * @throws RangeError if there is no bin.
 * @see Naeini, Cooper & Hauskrecht (2015), "Obtaining Well Calibrated Probabilities Using Bayesian Binning".
 */
export function expectedCalibrationError(curve: readonly CalibrationBin[]): number {
  const rows = curve.reduce((sum, bin) => sum + bin.count, 0)
  if (rows === 0) refuse('curve', 'nothing', 'must hold at least one bin with rows')
  return curve.reduce((sum, bin) => sum + Math.abs(bin.meanPredicted - bin.observedRate) * bin.count, 0) / rows
}

/**
 * Lift and gain by slices of equal size from the highest scores down; ties stay in row order.
 *
 * @throws RangeError unless there is a positive, every score is a number, and there are at least as many rows as slices.
 */
export function gainSlices(scores: ArrayLike<number>, target: ArrayLike<number>, slices = 10): GainSlice[] {
  const positives = checkedPositives(scores, target)
  if (positives === 0) refuse('target', 'only 0', 'must hold a positive')
  checkWhole('slices', slices, 1, target.length)
  const order = fallingOrder(scores)
  let found = 0
  return Array.from({ length: slices }, (_, s) => {
    const rows = order.subarray(Math.ceil((s * order.length) / slices), Math.ceil(((s + 1) * order.length) / slices))
    const inSlice = rows.reduce((sum, row) => sum + (target[row] as number), 0)
    found += inSlice
    return {
      slice: s + 1,
      count: rows.length,
      positives: inSlice,
      lift: (inSlice / rows.length) * (target.length / positives),
      cumulativeGain: found / positives,
    }
  })
}

/** Row numbers by falling score; equal scores by row number. */
export function fallingOrder(scores: ArrayLike<number>): Uint32Array {
  const order = Uint32Array.from({ length: scores.length }, (_, row) => row)
  return order.sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
}

/** Visits the runs of equal scores: ranks `from` to `to` − 1 of the order, and their rows. */
function forEachTie(
  scores: ArrayLike<number>,
  order: Uint32Array,
  visit: (from: number, to: number, rows: Uint32Array) => void,
): void {
  for (let from = 0; from < order.length; ) {
    let to = from + 1
    while (to < order.length && scores[order[to] as number] === scores[order[from] as number]) to++
    visit(from, to, order.subarray(from, to))
    from = to
  }
}

function checkProbabilities(probabilities: ArrayLike<number>, target: ArrayLike<number>): number {
  for (let i = 0; i < probabilities.length; i++) checkBetween(`probabilities[${i}]`, probabilities[i] as number, 0, 1)
  return checkedPositives(probabilities, target)
}

/** How many targets are 1. */
function checkedPositives(scores: ArrayLike<number>, target: ArrayLike<number>): number {
  if (target.length === 0) refuse('target', 'nothing', 'must hold at least one row')
  if (scores.length !== target.length) refuse('scores.length', scores.length, `must be as of target (${target.length})`)
  let positives = 0
  for (let i = 0; i < target.length; i++) {
    const value = target[i] as number
    if (value !== 0 && value !== 1) refuse(`target[${i}]`, value, 'must be 0 or 1')
    if (Number.isNaN(scores[i])) refuse(`scores[${i}]`, scores[i], 'must be a number')
    positives += value
  }
  return positives
}
