/** Fits Holt-Winters smoothing to a series. */

import { refuse } from '../core/check.ts'
import { leastInBox } from './box-search.ts'
import {
  checkSeries,
  type HoltWintersForm,
  type SmoothedSeries,
  type SmoothingParameters,
  smoothSeries,
} from './holt-winters.ts'
import { squaredErrorsOf } from './squared-errors.ts'

/** Steps of smoothing that a search takes, about: some tenths of a second. Short series are searched all the closer. */
const stepsAffordable = 40_000_000
const evaluationsAtLeast = 40_000
const evaluationsAtMost = 400_000

/** A sum of squares so many times the least that is known is not gone on with: there is no way down from there. */
const hopeless = 1000

/**
 * Smooths a series with the parameters that predict it best: those in [0, 1] with the least one-step sum of squares.
 *
 * @param values At least two seasons; above 0 with a multiplicative season.
 * @throws RangeError if values or form break the rules of `smoothSeries`, or if values are so large that squares of
 * errors are no numbers any more.
 */
export function fitHoltWinters(values: Float64Array, form: HoltWintersForm): SmoothedSeries {
  checkSeries(values, form)
  const squaredErrors = squaredErrorsOf(values, form)
  const hasTrend = form.trend !== 'none'
  const hasSeason = form.seasonal !== 'none'
  const parametersAt = (point: readonly number[]): SmoothingParameters => ({
    alpha: point[0]!,
    beta: hasTrend ? point[1]! : null,
    gamma: hasSeason ? point[hasTrend ? 2 : 1]! : null,
  })
  let least = Number.MAX_VALUE / hopeless
  const evaluations = Math.min(
    evaluationsAtMost,
    Math.max(evaluationsAtLeast, Math.floor(stepsAffordable / values.length)),
  )
  const { point, value } = leastInBox(1 + Number(hasTrend) + Number(hasSeason), evaluations, (point) => {
    const { alpha, beta, gamma } = parametersAt(point)
    const sse = squaredErrors(alpha, beta ?? 0, gamma ?? 0, least * hopeless)
    least = Math.min(least, sse)
    return sse
  })
  if (value === Infinity) {
    const largest = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
    refuse('values', largest, 'must be small enough for squares of errors to be finite')
  }
  return smoothSeries(values, form, parametersAt(point))
}
