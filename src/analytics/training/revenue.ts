/** The shop's revenue in the days to come, by Holt-Winters smoothing with a week's season. */

import { fitHoltWinters } from '../forecast/fit-holt-winters.ts'
import { type ForecastPoint, forecastSeries } from '../forecast/forecast.ts'

const week = 7
/** Many days say more about the trend than the last ones of a season do. */
const form = { season: week, trend: 'additive', seasonal: 'additive', damping: 0.98 } as const

export interface RevenueTraining {
  /** Cents a day, oldest first, without gaps. */
  readonly daily: readonly number[]
  /** Days that are forecast, and kept apart to judge by. */
  readonly horizonDays: number
}

export interface RevenueForecast {
  readonly forecast: readonly ForecastPoint[]
  /** Of the days kept apart: cents a day off, of the model and of "as a week ago". */
  readonly meanAbsoluteError: number
  readonly naiveError: number
  readonly predictedCents: number
  readonly actualCents: number
  /** The share of the days kept apart that lay in the interval; 95 % should. */
  readonly covered: number
}

/** @throws RangeError if there are fewer than two weeks beside the days kept apart. */
export function forecastRevenue(
  { daily, horizonDays }: RevenueTraining,
  onProgress: (share: number) => void = () => {},
): RevenueForecast {
  const known = Float64Array.from(daily.slice(0, -horizonDays))
  const later = daily.slice(-horizonDays)
  const judged = forecastSeries(fitHoltWinters(known, form), horizonDays)
  onProgress(0.5)
  const naive = later.map((_, i) => known[known.length - week + (i % week)] as number)
  const forecast = forecastSeries(fitHoltWinters(Float64Array.from(daily), form), horizonDays)
  return {
    forecast: forecast.map(({ value, low, high }) => ({ value: Math.max(0, value), low: Math.max(0, low), high })),
    meanAbsoluteError: meanError(later, (i) => judged[i]?.value ?? Number.NaN),
    naiveError: meanError(later, (i) => naive[i] as number),
    predictedCents: judged.reduce((sum, { value }) => sum + value, 0),
    actualCents: later.reduce((sum, value) => sum + value, 0),
    covered:
      later.filter((value, i) => value >= (judged[i]?.low ?? 0) && value <= (judged[i]?.high ?? 0)).length /
      later.length,
  }
}

function meanError(actual: readonly number[], predicted: (day: number) => number): number {
  return actual.reduce((sum, value, i) => sum + Math.abs(value - predicted(i)), 0) / actual.length
}
