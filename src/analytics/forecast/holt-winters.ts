/** Holt-Winters smoothing: level, trend and season of a series, updated value by value. */

import { checkAllFinite, checkBetween, checkWhole, refuse } from '../core/check.ts'

/** What a series is taken to consist of. */
export interface HoltWintersForm {
  /** Values per season; at least 2 where there is one, else it still says how many values the start is made of. */
  readonly season: number
  readonly trend: 'additive' | 'none'
  readonly seasonal: 'additive' | 'multiplicative' | 'none'
  /** What is left of the trend from one value to the next, from 0 to 1; 1 (all of it) unless given. */
  readonly damping?: number
}

/** How fast level, trend and season follow the series, each from 0 (never) to 1 (at once); null if there is none. */
export interface SmoothingParameters {
  readonly alpha: number
  readonly beta: number | null
  readonly gamma: number | null
}

/** A smoothed series, from which forecasts go on. */
export interface SmoothedSeries {
  readonly form: HoltWintersForm
  readonly parameters: SmoothingParameters
  /** The prediction of each value from those before it. */
  readonly fitted: Float64Array
  /** The sum of squared errors of these predictions. */
  readonly sse: number
  readonly level: number
  readonly trend: number
  /** The latest state of each season, the one of the next value first; zeros (or ones) without a season. */
  readonly seasons: Float64Array
}

/** Level, trend and seasons before the first value. */
export interface SmoothingStart {
  readonly level: number
  readonly trend: number
  /** The season of the first value first. */
  readonly seasons: Float64Array
}

/**
 * Smooths a series with given parameters.
 *
 * The start is made of the first two seasons: the level is the mean of the first, the trend the difference of the two
 * means per value, and the seasons are what remains of the first. Smoothing begins with the first value.
 *
 * @param values At least two seasons; above 0 with a multiplicative season.
 * @throws RangeError if values, form or parameters break these rules.
 * @see Winters (1960), "Forecasting Sales by Exponentially Weighted Moving Averages"; the season is updated with the
 * level and trend before the value, the trend with the changed level, as in Hyndman & Athanasopoulos, "Forecasting:
 * Principles and Practice", section 8.3.
 */
export function smoothSeries(
  values: Float64Array,
  form: HoltWintersForm,
  parameters: SmoothingParameters,
): SmoothedSeries {
  checkSeries(values, form)
  checkParameters(form, parameters)
  const { season, damping = 1 } = form
  const alpha = parameters.alpha
  const beta = parameters.beta ?? 0
  const gamma = parameters.gamma ?? 0
  const start = smoothingStart(values, form)
  const states = start.seasons.slice()
  const isMultiplicative = form.seasonal === 'multiplicative'
  const fitted = new Float64Array(values.length)
  let { level, trend } = start
  let sse = 0
  for (let t = 0; t < values.length; t++) {
    const value = values[t]!
    const state = states[t % season]!
    const expected = level + damping * trend
    fitted[t] = isMultiplicative ? expected * state : expected + state
    sse += (value - fitted[t]!) ** 2
    const deseasonalised = isMultiplicative ? value / state : value - state
    const newState = isMultiplicative ? value / expected : value - expected
    const newLevel = alpha * deseasonalised + (1 - alpha) * expected
    trend = beta * (newLevel - level) + (1 - beta) * damping * trend
    level = newLevel
    states[t % season] = gamma === 0 ? state : gamma * newState + (1 - gamma) * state
  }
  const next = values.length % season
  const seasons = Float64Array.from(states, (_, k) => states[(next + k) % season]!)
  return { form, parameters, fitted, sse, level, trend, seasons }
}

/** The state before the first value; see `smoothSeries`. */
export function smoothingStart(values: Float64Array, { season, trend, seasonal }: HoltWintersForm): SmoothingStart {
  const level = mean(values.subarray(0, season))
  const seasons = values.slice(0, season)
  return {
    level,
    trend: trend === 'none' ? 0 : (mean(values.subarray(season, 2 * season)) - level) / season,
    seasons: seasons.map((value) => seasonStart(value, level, seasonal)),
  }
}

/** @throws RangeError unless there are two seasons of finite values, above 0 with a multiplicative season. */
export function checkSeries(values: Float64Array, { season, seasonal, damping = 1 }: HoltWintersForm): void {
  checkWhole('season', season, seasonal === 'none' ? 1 : 2)
  checkBetween('damping', damping, 0, 1)
  checkAllFinite('values', values)
  if (values.length < 2 * season) {
    refuse('values', `${values.length} values`, `must be at least two seasons of ${season}`)
  }
  if (seasonal !== 'multiplicative') return
  const wrong = values.findIndex((value) => value <= 0)
  if (wrong >= 0) refuse(`values[${wrong}]`, values[wrong], 'must be above 0 with a multiplicative season')
}

function checkParameters({ trend, seasonal }: HoltWintersForm, { alpha, beta, gamma }: SmoothingParameters): void {
  checkBetween('alpha', alpha, 0, 1)
  if ((beta === null) !== (trend === 'none')) refuse('beta', beta, 'must be null without a trend, and only then')
  if ((gamma === null) !== (seasonal === 'none')) refuse('gamma', gamma, 'must be null without a season, and only then')
  if (beta !== null) checkBetween('beta', beta, 0, 1)
  if (gamma !== null) checkBetween('gamma', gamma, 0, 1)
}

function seasonStart(value: number, level: number, seasonal: HoltWintersForm['seasonal']): number {
  switch (seasonal) {
    case 'none':
      return 0
    case 'additive':
      return value - level
    case 'multiplicative':
      return value / level
    default:
      return seasonal satisfies never
  }
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
