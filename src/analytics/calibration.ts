/** Probabilities that say what they mean: Platt's scaling, and how far off a curve is beyond what chance explains. */

import type { CalibrationBin } from './classification-metrics.ts'
import { refuse } from './core/check.ts'
import { type LogisticModel, predictProbabilities, trainLogisticModel } from './logistic-regression/model.ts'

const names = ['log_odds'] as const
/** Log odds beyond this are as good as certain. */
const mostLogOdds = 12

/**
 * The logistic curve over the log odds that brings probabilities nearest to what came; undefined where too little came
 * of either kind to tell.
 *
 * @throws RangeError if a probability lies outside 0 to 1 or the lengths differ.
 * @see Platt (1999), "Probabilistic outputs for support vector machines".
 */
export function fitCalibration(
  probabilities: ArrayLike<number>,
  target: ArrayLike<number>,
  fewest = 10,
): LogisticModel | undefined {
  if (probabilities.length !== target.length) refuse('target.length', target.length, 'must be as many as probabilities')
  let positives = 0
  for (let i = 0; i < target.length; i++) positives += target[i] as number
  if (Math.min(positives, target.length - positives) < fewest) return undefined
  const { model, dropped } = trainLogisticModel(names, logOdds(probabilities), target, { l2: 0.01 })
  return dropped.length > 0 ? undefined : model
}

/** The probabilities as calibrated; as they are without a calibration. */
export function calibrated(model: LogisticModel | undefined, probabilities: Float64Array): Float64Array {
  return model === undefined ? probabilities : predictProbabilities(model, names, logOdds(probabilities))
}

/**
 * The expected calibration error that a perfectly calibrated model shows on so many rows by chance alone: in each bin the
 * mean size of a normal error of variance p(1 − p)/n.
 */
export function calibrationNoise(curve: readonly CalibrationBin[]): number {
  const rows = curve.reduce((sum, bin) => sum + bin.count, 0)
  const filled = curve.filter(({ count }) => count > 0)
  return filled.reduce((sum, { count, meanPredicted: p }) => {
    const deviation = Math.sqrt((p * (1 - p)) / count)
    return sum + (count / rows) * deviation * Math.sqrt(2 / Math.PI)
  }, 0)
}

function logOdds(probabilities: ArrayLike<number>): { rows: number; columns: number; values: Float64Array } {
  const values = Float64Array.from({ length: probabilities.length }, (_, i) => {
    const p = probabilities[i] as number
    if (!(p >= 0 && p <= 1)) refuse(`probabilities[${i}]`, p, 'must lie between 0 and 1')
    return Math.max(-mostLogOdds, Math.min(mostLogOdds, Math.log(p) - Math.log1p(-p)))
  })
  return { rows: values.length, columns: 1, values }
}
