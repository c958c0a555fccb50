/** Classical seasonal decomposition: a series as trend, season and rest. */

import { checkAllFinite, checkWhole, refuse } from '../core/check.ts'

/** The parts of a series, value by value: their sum (or product) is the series. */
export interface Decomposition {
  /** The centred moving average over a season; NaN where a season around the value is not complete. */
  readonly trend: Float64Array
  /** What the phase of the season adds (mean 0 over a season) or multiplies by (mean 1). */
  readonly season: Float64Array
  /** What is left; NaN where the trend is. */
  readonly rest: Float64Array
}

/**
 * Splits a series into trend, season and rest.
 *
 * @param values At least two seasons; above 0 if multiplicative.
 * @param season Values per season, at least 2.
 * @throws RangeError if they break these rules.
 * @see Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", section 3.4 (classical decomposition).
 */
export function decomposeSeries(
  values: Float64Array,
  season: number,
  kind: 'additive' | 'multiplicative',
): Decomposition {
  checkWhole('season', season, 2)
  checkAllFinite('values', values)
  if (values.length < 2 * season)
    refuse('values', `${values.length} values`, `must be at least two seasons of ${season}`)
  const isAdditive = kind === 'additive'
  const wrong = isAdditive ? -1 : values.findIndex((value) => value <= 0)
  if (wrong >= 0) refuse(`values[${wrong}]`, values[wrong], 'must be above 0 in a multiplicative decomposition')

  const without = (value: number, part: number): number => (isAdditive ? value - part : value / part)
  const trend = centredMovingAverage(values, season)
  const phases = phaseMeans(
    values.map((value, t) => without(value, trend[t]!)),
    season,
  )
  const centre = phases.reduce((sum, phase) => sum + phase, 0) / season
  const seasons = values.map((_, t) => without(phases[t % season]!, centre))
  const rest = values.map((value, t) => without(without(value, trend[t]!), seasons[t]!))
  return { trend, season: seasons, rest }
}

/**
 * The mean of the `width` values around each value; with an even width the outermost two, one on each side, count half.
 * NaN where one of them is missing.
 */
export function centredMovingAverage(values: Float64Array, width: number): Float64Array {
  checkWhole('width', width, 1)
  const reach = Math.floor(width / 2)
  const outermost = width % 2 === 0 ? 0.5 : 1
  return values.map((_, t) => {
    if (t < reach || t + reach >= values.length) return Number.NaN
    let sum = outermost * values[t - reach]!
    for (let i = t - reach + 1; i < t + reach; i++) sum += values[i]!
    if (reach > 0) sum += outermost * values[t + reach]!
    return sum / width
  })
}

/** The mean of each phase of the season, over the values that are numbers. */
function phaseMeans(values: Float64Array, season: number): Float64Array {
  const sums = new Float64Array(season)
  const counts = new Float64Array(season)
  for (const [t, value] of values.entries()) {
    if (Number.isNaN(value)) continue
    sums[t % season]! += value
    counts[t % season]! += 1
  }
  return sums.map((sum, phase) => sum / counts[phase]!)
}
