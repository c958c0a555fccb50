/** How far forecasts were off. */

import { checkAllFinite, checkWhole, refuse } from '../core/check.ts'

/** Errors of forecasts; less is better. */
export interface ForecastAccuracy {
  /** Mean absolute error. */
  readonly mae: number
  /** Root of the mean squared error. */
  readonly rmse: number
  /** Symmetric mean absolute percentage error, from 0 to 200; a forecast of 0 of a 0 counts as exact. */
  readonly smape: number
  /** The mean absolute error in units of that of the seasonal naive forecast on the training values. */
  readonly mase: number
}

/**
 * Compares forecasts with what came.
 *
 * @param training The values that the forecasts were made from: more than one season.
 * @param season Values per season, at least 1.
 * @throws RangeError if lengths do not fit, or a value is not finite.
 * @see Hyndman & Koehler (2006), "Another Look at Measures of Forecast Accuracy".
 */
export function forecastAccuracy(
  forecasts: Float64Array,
  actual: Float64Array,
  training: Float64Array,
  season: number,
): ForecastAccuracy {
  checkAllFinite('forecasts', forecasts)
  checkAllFinite('actual', actual)
  checkAllFinite('training', training)
  checkWhole('season', season, 1)
  if (forecasts.length !== actual.length)
    refuse('forecasts', forecasts.length, `must be as many as actual (${actual.length})`)
  if (training.length <= season) refuse('training', training.length, `must be more values than a season (${season})`)
  const errors = forecasts.map((forecast, i) => forecast - actual[i]!)
  const mae = mean(errors.map(Math.abs))
  const sizes = forecasts.map((forecast, i) => Math.abs(forecast) + Math.abs(actual[i]!))
  const naiveErrors = training.subarray(season).map((value, i) => Math.abs(value - training[i]!))
  return {
    mae,
    rmse: Math.sqrt(mean(errors.map((error) => error ** 2))),
    smape: 100 * mean(errors.map((error, i) => (error === 0 ? 0 : (2 * Math.abs(error)) / sizes[i]!))),
    mase: mae / mean(naiveErrors),
  }
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
