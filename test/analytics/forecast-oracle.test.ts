/** Forecasts of real revenue, against the reference answers. */

import { describe, expect, test } from 'vitest'
import { forecastAccuracy } from '../../src/analytics/forecast/accuracy.ts'
import { autocorrelations } from '../../src/analytics/forecast/autocorrelation.ts'
import { centredMovingAverage, decomposeSeries } from '../../src/analytics/forecast/decomposition.ts'
import { fitHoltWinters } from '../../src/analytics/forecast/fit-holt-winters.ts'
import { forecastSeries } from '../../src/analytics/forecast/forecast.ts'
import { smoothSeries } from '../../src/analytics/forecast/holt-winters.ts'
import { dataText, hasShared, needsShared, oracle } from './support/shared.ts'

interface Metrics {
  readonly mae: number
  readonly rmse: number
  readonly smape: number
  readonly mase: number
}

interface Answers {
  readonly config: {
    readonly log: string
    readonly freq: 'D' | 'W'
    readonly start: string
    readonly end: string
    readonly period: number
    readonly h: number
  }
  readonly n: number
  readonly sum: number
  readonly fixed: {
    readonly sse: number
    readonly level: number
    readonly trend: number
    readonly season: readonly number[]
    readonly forecast: readonly number[]
    readonly test: Metrics
  }
  readonly 'fixed_damped_0.9': { readonly sse: number; readonly forecast: readonly number[] }
  readonly opt: {
    readonly sse: number
    readonly forecast: readonly number[]
    readonly params: { readonly alpha: number; readonly beta: number; readonly gamma: number }
  }
  readonly baseline_seasonal_naive: Metrics
  readonly baseline_mean: Metrics
  readonly 'ses_alpha_.25_start_y0': { readonly level: number }
  readonly moving_average_m_last: number
  readonly decompose_additive: {
    readonly seasonal_first_period: readonly number[]
    readonly trend_first_valid: readonly (number | null)[]
    readonly resid_sd: number
  }
  readonly acf_lags_1_to_14: readonly number[]
}

const dayMs = 86_400_000

/** Revenue by day or by week of seven days from the start; a last week that is not complete is left out. */
function revenue({ log, freq, start, end }: Answers['config']): Float64Array {
  const firstMs = Date.parse(start)
  const days = new Float64Array((Date.parse(end) - firstMs) / dayMs + 1)
  for (const line of dataText(`${log}.csv.gz`).trim().split('\n').slice(1)) {
    const [, date, , amount] = line.split(',')
    const day = (Date.parse(date!) - firstMs) / dayMs
    if (day >= 0 && day < days.length) days[day]! += Number(amount)
  }
  if (freq === 'D') return days
  return Float64Array.from({ length: Math.floor(days.length / 7) }, (_, week) =>
    total(days.subarray(7 * week, 7 * week + 7)),
  )
}

function total(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** To nine places of the number itself. */
function close(wanted: number): number {
  return expect.closeTo(wanted, 9 - Math.ceil(Math.log10(Math.abs(wanted) + 1e-300))) as number
}

function closeAll(wanted: readonly number[]): number[] {
  return wanted.map(close)
}

function metricsLike({ mae, rmse, smape, mase }: Metrics): Metrics {
  return { mae: close(mae), rmse: close(rmse), smape: close(smape), mase: close(mase) }
}

const all = hasShared ? (oracle('timeseries') as Answers[]) : []

describe.skipIf(!hasShared)(`real revenue${needsShared}`, () => {
  describe.each(all)('of $config.log by $config.freq', (answers) => {
    const { period, h } = answers.config
    const values = revenue(answers.config)
    const training = values.slice(0, -h)
    const actual = values.slice(-h)
    const form = { season: period, trend: 'additive', seasonal: 'additive' } as const
    const given = { alpha: 0.3, beta: 0.05, gamma: 0.1 }

    test('is the same series', () => {
      expect([values.length, total(values)]).toEqual([answers.n, close(answers.sum)])
    })

    test('smooths with given parameters to the same state and forecasts', () => {
      const series = smoothSeries(training, form, given)
      const { sse, level, trend, season, forecast } = answers.fixed
      expect(series).toMatchObject({ sse: close(sse), level: close(level), trend: close(trend) })
      expect(Array.from(series.seasons)).toEqual(closeAll(season))
      const forecasts = forecastSeries(series, h).map(({ value }) => value)
      expect(forecasts).toEqual(closeAll(forecast))
      const accuracy = forecastAccuracy(Float64Array.from(forecasts), actual, training, period)
      expect(accuracy).toEqual(metricsLike(answers.fixed.test))
    })

    test('smooths with a damped trend to the same forecasts', () => {
      const series = smoothSeries(training, { ...form, damping: 0.9 }, given)
      expect(series.sse).toEqual(close(answers['fixed_damped_0.9'].sse))
      expect(forecastSeries(series, h).map(({ value }) => value)).toEqual(
        closeAll(answers['fixed_damped_0.9'].forecast),
      )
    })

    test('is fitted as well as the reference, with the same parameters', () => {
      const { parameters, sse } = fitHoltWinters(training, form)
      expect(sse).toBeLessThanOrEqual(answers.opt.sse * (1 + 1e-9))
      expect(parameters.alpha).toBeCloseTo(answers.opt.params.alpha, 6)
      expect(parameters.beta).toBeCloseTo(answers.opt.params.beta, 6)
      expect(parameters.gamma).toBeCloseTo(answers.opt.params.gamma, 6)
    })

    test('has the same errors of naive and of mean forecasts', () => {
      const naive = actual.map((_, i) => training[training.length - period + (i % period)]!)
      const mean = actual.map(() => total(training) / training.length)
      expect(forecastAccuracy(naive, actual, training, period)).toEqual(metricsLike(answers.baseline_seasonal_naive))
      expect(forecastAccuracy(mean, actual, training, period)).toEqual(metricsLike(answers.baseline_mean))
    })

    test('has the same level by simple smoothing from the first value', () => {
      const simple = { season: 1, trend: 'none', seasonal: 'none' } as const
      const { level } = smoothSeries(training, simple, { alpha: 0.25, beta: null, gamma: null })
      expect(level).toEqual(close(answers['ses_alpha_.25_start_y0'].level))
    })

    test('falls into the same trend, season and rest', () => {
      const { trend, season, rest } = decomposeSeries(values, period, 'additive')
      const wanted = answers.decompose_additive
      expect(Array.from(season.subarray(0, period))).toEqual(closeAll(wanted.seasonal_first_period))
      const start = Array.from(trend.subarray(0, period + 2), (value) => (Number.isNaN(value) ? null : value))
      expect(start).toEqual(wanted.trend_first_valid.map((value) => (value === null ? null : close(value))))
      const known = rest.filter((value) => !Number.isNaN(value))
      const mean = total(known) / known.length
      expect(Math.sqrt(total(known.map((value) => (value - mean) ** 2)) / known.length)).toEqual(close(wanted.resid_sd))
    })

    test.skipIf(period % 2 === 0)('has the same last moving average', () => {
      const averages = centredMovingAverage(training, period)
      expect(averages.at(-1 - (period - 1) / 2)).toEqual(close(answers.moving_average_m_last))
    })

    test('has the same autocorrelations', () => {
      expect(Array.from(autocorrelations(values, 14))).toEqual(closeAll(answers.acf_lags_1_to_14))
    })
  })
})
