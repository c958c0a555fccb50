/** Forecasts of a smoothed series, with intervals. */

import { checkWhole } from '../core/check.ts'
import type { HoltWintersForm, SmoothedSeries } from './holt-winters.ts'

/** A value to come, and an interval that holds it with a probability of 95 % if errors are independent and normal. */
export interface ForecastPoint {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** The 97.5 % quantile of the normal distribution. */
const z95 = 1.959964

/**
 * The next values of a smoothed series. Each uses the latest state of its season.
 *
 * The variance of a forecast is that of one step, sse / rows, times 1 + Σ c_j² over the errors that come before it:
 * c_j = α + αβj + γ·[the season divides j] says how an error changes the forecast j steps later. With a multiplicative
 * season it depends on the seasons in between too, and is the derivative of the forecast by the error.
 *
 * @param horizon How many values, at least 1.
 * @throws RangeError unless the horizon is a whole number of at least 1.
 * @see Hyndman, Koehler, Ord & Snyder (2008), "Forecasting with Exponential Smoothing", chapter 6.
 */
export function forecastSeries(series: SmoothedSeries, horizon: number): ForecastPoint[] {
  checkWhole('horizon', horizon, 1)
  const { form, fitted, sse } = series
  const deviation = Math.sqrt(sse / fitted.length)
  const levels = levelsAhead(series, horizon)
  const states = levels.map((_, h) => series.seasons[h % form.season]!)
  const isMultiplicative = form.seasonal === 'multiplicative'
  return Array.from(levels, (level, h) => {
    const value = isMultiplicative ? level * states[h]! : level + states[h]!
    let variance = 1
    for (let i = 0; i < h; i++) {
      const effect = effectOfError(series, h - i)
      const weight = isMultiplicative
        ? (effect.onLevel * states[h]!) / states[i]! + (effect.onSeason * level) / levels[i]!
        : effect.onLevel + effect.onSeason
      variance += weight ** 2
    }
    const halfWidth = z95 * deviation * Math.sqrt(variance)
    return isMultiplicative
      ? properInterval(value, halfWidth)
      : { value, low: value - halfWidth, high: value + halfWidth }
  })
}

/** Level and trend of each of the next values, without its season. */
function levelsAhead({ form, level, trend }: SmoothedSeries, horizon: number): Float64Array {
  const levels = new Float64Array(horizon)
  for (let h = 0; h < horizon; h++) levels[h] = level + trend * dampedSteps(form, h + 1)
  return levels
}

/** How an error changes level and season of the value `steps` later, per unit of the error. */
function effectOfError({ form, parameters }: SmoothedSeries, steps: number): { onLevel: number; onSeason: number } {
  const { alpha, beta, gamma } = parameters
  return {
    onLevel: alpha + alpha * (beta ?? 0) * dampedSteps(form, steps),
    onSeason: steps % form.season === 0 ? (gamma ?? 0) : 0,
  }
}

/** The number of steps, or what a damped trend makes of it: φ + φ² + … + φ^steps. */
function dampedSteps({ damping = 1 }: HoltWintersForm, steps: number): number {
  return damping === 1 ? steps : (damping * (1 - damping ** steps)) / (1 - damping)
}

/** An interval with both ends off the value, even where the fit is perfect or the width is lost in rounding. */
function properInterval(value: number, halfWidth: number): ForecastPoint {
  const least = Math.max(Math.abs(value) * 2 ** -40, Number.MIN_VALUE)
  const width = Number.isFinite(halfWidth) ? Math.max(halfWidth, least) : Number.MAX_VALUE / 4
  return { value, low: value - width, high: value + width }
}
