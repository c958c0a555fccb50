/** How much a series resembles itself a while ago: its season shows as a peak. */

import { checkAllFinite, checkWhole, refuse } from '../core/check.ts'

/**
 * The autocorrelations at lags 1 to `lags`.
 *
 * @param values Not all the same.
 * @param lags At least 1 and below the number of values.
 * @throws RangeError if they break these rules.
 * @see Box & Jenkins (1976), "Time Series Analysis", section 2.1.5 (the estimate with one divisor for all lags).
 */
export function autocorrelations(values: Float64Array, lags: number): Float64Array {
  checkAllFinite('values', values)
  checkWhole('lags', lags, 1, values.length - 1)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const deviations = values.map((value) => value - mean)
  const variation = deviations.reduce((sum, deviation) => sum + deviation ** 2, 0)
  if (variation === 0) refuse('values', values[0], 'must not be all values of the series')
  return Float64Array.from({ length: lags }, (_, i) => {
    let sum = 0
    for (let t = i + 1; t < values.length; t++) sum += deviations[t]! * deviations[t - i - 1]!
    return sum / variation
  })
}
