/** Holt-Winters smoothing, its fit and forecasts, decomposition and the measures of forecasts. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { forecastAccuracy } from '../../src/analytics/forecast/accuracy.ts'
import { autocorrelations } from '../../src/analytics/forecast/autocorrelation.ts'
import { leastInBox } from '../../src/analytics/forecast/box-search.ts'
import { continueDates, parseSeriesDate } from '../../src/analytics/forecast/date-steps.ts'
import { decomposeSeries } from '../../src/analytics/forecast/decomposition.ts'
import { fitHoltWinters } from '../../src/analytics/forecast/fit-holt-winters.ts'
import { forecastSeries } from '../../src/analytics/forecast/forecast.ts'
import {
  type HoltWintersForm,
  type SmoothingParameters,
  smoothSeries,
} from '../../src/analytics/forecast/holt-winters.ts'
import { runs } from '../support/property-runs.ts'

const trends = ['additive', 'none'] as const
const seasonals = ['additive', 'multiplicative', 'none'] as const

const someForm = fc.record({
  season: fc.integer({ min: 2, max: 5 }),
  trend: fc.constantFrom(...trends),
  seasonal: fc.constantFrom(...seasonals),
  damping: fc.constantFrom(1, 0.9),
})
const someShare = fc.constantFrom(0, 0.05, 0.3, 0.5, 0.9, 1)
const someValue = fc.integer({ min: 1, max: 10_000 }).map((hundredths) => hundredths / 100)

const someSmoothing = fc
  .record({ form: someForm, alpha: someShare, beta: someShare, gamma: someShare })
  .chain(({ form, alpha, beta, gamma }) =>
    fc.record({
      form: fc.constant(form),
      parameters: fc.constant<SmoothingParameters>({
        alpha,
        beta: form.trend === 'none' ? null : beta,
        gamma: form.seasonal === 'none' ? null : gamma,
      }),
      values: fc.array(someValue, { minLength: 2 * form.season, maxLength: 30 }).map((list) => Float64Array.from(list)),
    }),
  )

/** The recursion as the page of definitions has it, with nothing but lists that grow. */
function definition(values: Float64Array, form: HoltWintersForm, parameters: SmoothingParameters, horizon: number) {
  const { season: P, damping: phi = 1 } = form
  const { alpha: a, beta, gamma } = parameters
  const isMultiplicative = form.seasonal === 'multiplicative'
  const mean = (from: number, to: number): number => values.slice(from, to).reduce((x, y) => x + y, 0) / (to - from)
  const levels = [mean(0, P)]
  const slopes = [form.trend === 'none' ? 0 : (mean(P, 2 * P) - mean(0, P)) / P]
  const states: number[] = []
  for (let i = 0; i < P; i++) {
    const additive = form.seasonal === 'none' ? 0 : values[i]! - levels[0]!
    states.push(isMultiplicative ? values[i]! / levels[0]! : additive)
  }
  const fitted: number[] = []
  for (const [t, y] of values.entries()) {
    const base = levels[t]! + phi * slopes[t]!
    const s = states[t]!
    fitted.push(isMultiplicative ? base * s : base + s)
    levels.push(a * (isMultiplicative ? y / s : y - s) + (1 - a) * base)
    slopes.push(beta === null ? 0 : beta * (levels[t + 1]! - levels[t]!) + (1 - beta) * phi * slopes[t]!)
    states.push(gamma === null ? s : gamma * (isMultiplicative ? y / base : y - base) + (1 - gamma) * s)
  }
  const n = values.length
  const ahead = Array.from({ length: horizon }, (_, i) => {
    let slope = 0
    for (let k = 1; k <= i + 1; k++) slope += phi ** k * slopes[n]!
    const s = states[n + (i % P)]!
    return isMultiplicative ? (levels[n]! + slope) * s : levels[n]! + slope + s
  })
  return { fitted, ahead }
}

describe('smoothing', () => {
  test('follows the definition in every form, one step back and many ahead', () => {
    fc.assert(
      fc.property(someSmoothing, ({ form, parameters, values }) => {
        const wanted = definition(values, form, parameters, 3 * form.season)
        // A multiplicative season breaks down where level and trend are 0; that is not what is looked at here.
        fc.pre(wanted.fitted.every((value) => Number.isFinite(value) && Math.abs(value) < 1e6))
        const series = smoothSeries(values, form, parameters)
        const close = (value: number): number => expect.closeTo(value, 6) as number
        expect(Array.from(series.fitted)).toEqual(wanted.fitted.map(close))
        expect(forecastSeries(series, 3 * form.season).map(({ value }) => value)).toEqual(wanted.ahead.map(close))
        expect(series.sse).toBeCloseTo(
          wanted.fitted.reduce((sum, f, t) => sum + (values[t]! - f) ** 2, 0),
          3,
        )
      }),
      { numRuns: runs(300) },
    )
  })

  test.each([1, 2, 3])('uses the latest state of a season %i seasons ahead', (seasonsAhead) => {
    // The last peak was ten times as high as all before. With gamma 1 the next ones are expected to be as high.
    const values = Float64Array.of(1, 3, 1, 3, 1, 3, 1, 30)
    const series = smoothSeries(
      values,
      { season: 2, trend: 'none', seasonal: 'additive' },
      { alpha: 0, beta: null, gamma: 1 },
    )
    expect(forecastSeries(series, 2 * seasonsAhead).at(-1)?.value).toBe(30)
  })

  test('with alpha 1 and nothing else predicts each value by the one before', () => {
    const values = Float64Array.of(5, 3, 8, 1, 9)
    const { fitted } = smoothSeries(
      values,
      { season: 2, trend: 'none', seasonal: 'none' },
      { alpha: 1, beta: null, gamma: null },
    )
    expect(Array.from(fitted)).toEqual([4, 5, 3, 8, 1])
  })

  test.each<[string, number[], Partial<HoltWintersForm>, Partial<SmoothingParameters>, RegExp]>([
    ['too few values', [1, 2, 3], {}, {}, /^values: "3 values" must be at least two seasons of 2/],
    ['NaN', [1, 2, Number.NaN, 3], {}, {}, /^values\[2\]: NaN must be a finite number/],
    ['no values', [], {}, {}, /^values: "nothing" must hold at least one number/],
    ['a season of one', [1, 2, 3, 4], { season: 1 }, {}, /^season: 1 must be a whole number of at least 2/],
    ['half a season', [1, 2, 3, 4], { season: 1.5 }, {}, /^season: 1.5 must be a whole number/],
    [
      'zero in a multiplicative season',
      [1, 2, 0, 3],
      { seasonal: 'multiplicative' },
      {},
      /^values\[2\]: 0 must be above 0/,
    ],
    ['damping above 1', [1, 2, 3, 4], { damping: 1.1 }, {}, /^damping: 1.1 must lie between 0 and 1/],
    ['alpha above 1', [1, 2, 3, 4], {}, { alpha: 1.1 }, /^alpha: 1.1 must lie between 0 and 1/],
    ['no beta', [1, 2, 3, 4], {}, { beta: null }, /^beta: null must be null without a trend, and only then/],
    ['gamma without a season', [1, 2, 3, 4], { seasonal: 'none' }, {}, /^gamma: 0.5 must be null without a season/],
  ])('refuses %s', (_, values, form, parameters, message) => {
    const smooth = (): unknown =>
      smoothSeries(
        Float64Array.from(values),
        { season: 2, trend: 'additive', seasonal: 'additive', ...form },
        { alpha: 0.5, beta: 0.5, gamma: 0.5, ...parameters },
      )
    expect(smooth).toThrow(RangeError)
    expect(smooth).toThrow(message)
  })
})

describe('the fit', () => {
  test('has the least sum of squares of a grid of parameters, in every form', () => {
    const grid = Array.from({ length: 11 }, (_, i) => i / 10)
    fc.assert(
      fc.property(someSmoothing, ({ form, values }) => {
        const fit = fitHoltWinters(values, form)
        for (const alpha of grid) {
          for (const beta of form.trend === 'none' ? [null] : grid) {
            for (const gamma of form.seasonal === 'none' ? [null] : grid) {
              const { sse } = smoothSeries(values, form, { alpha, beta, gamma })
              // A sum that is no number is no better.
              expect(sse < fit.sse * (1 - 1e-9) - 1e-12).toBe(false)
            }
          }
        }
      }),
      { numRuns: runs(15) },
    )
  })

  test('is the same again, and reports what smoothing with its parameters gives', () => {
    const values = Float64Array.from({ length: 60 }, (_, t) => 50 + t + 10 * Math.sin(t) + ((t * 7919) % 13))
    const form = { season: 6, trend: 'additive', seasonal: 'multiplicative' } as const
    const fit = fitHoltWinters(values, form)
    expect(fitHoltWinters(values, form)).toEqual(fit)
    expect(smoothSeries(values, form, fit.parameters)).toEqual(fit)
  })

  test('scales with the values', () => {
    const values = Float64Array.from({ length: 40 }, (_, t) => 50 + t + ((t * 7919) % 13))
    const form = { season: 4, trend: 'additive', seasonal: 'additive' } as const
    const fit = fitHoltWinters(values, form)
    const scaled = fitHoltWinters(
      values.map((value) => value * 1024),
      form,
    )
    expect(scaled.sse / fit.sse).toBeCloseTo(1024 ** 2, 3)
    expect(scaled.parameters.alpha).toBeCloseTo(fit.parameters.alpha, 5)
  })

  test('finds a constant series constant', () => {
    for (const trend of trends) {
      for (const seasonal of seasonals) {
        const fit = fitHoltWinters(new Float64Array(12).fill(7), { season: 3, trend, seasonal })
        expect(fit.sse).toBe(0)
        expect(forecastSeries(fit, 4).map(({ value }) => value)).toEqual([7, 7, 7, 7])
      }
    }
  })

  test('refuses values whose squares are no numbers', () => {
    const values = Float64Array.of(1e200, -1e200, 1e200, 1e200, -1e200, 1e200)
    expect(() => fitHoltWinters(values, { season: 2, trend: 'none', seasonal: 'none' })).toThrow(/^values: .* squares/)
  })
})

describe('the search in a box', () => {
  test.each([
    ['in the middle', [0.3, 0.6, 0.2]],
    ['in a corner', [0, 1, 0]],
    ['close to an edge', [0.0004, 0.5, 0.999]],
  ])('finds a minimum %s', (_, wanted) => {
    const { point } = leastInBox(3, 50_000, (shares) =>
      shares.reduce((sum, share, axis) => sum + (share - wanted[axis]!) ** 2, 0),
    )
    for (const [axis, share] of point.entries()) expect(share).toBeCloseTo(wanted[axis]!, 5)
  })

  test('finds the deepest of many dips, past values that are no numbers', () => {
    const { point } = leastInBox(1, 1000, ([x = 0]) => (x > 0.9 ? Number.NaN : Math.cos(40 * x) - x))
    // Dips are 2π/40 apart; the last before 0.9 is the deepest.
    expect(point[0]).toBeCloseTo((11 * Math.PI + Math.asin(1 / 40)) / 40, 6)
  })
})

describe('forecasts', () => {
  test('have intervals of the width that the formula gives', () => {
    const values = Float64Array.of(3, 8, 4, 9, 6, 12, 5, 11)
    const form = { season: 2, trend: 'additive', seasonal: 'additive' } as const
    const series = smoothSeries(values, form, { alpha: 0.4, beta: 0.3, gamma: 0.2 })
    const [first, second, third] = forecastSeries(series, 3)
    const width = (effects: number[]): number =>
      1.959964 * Math.sqrt((series.sse / 8) * (1 + effects.reduce((sum, c) => sum + c * c, 0)))
    expect(first!.high - first!.value).toBeCloseTo(width([]), 12)
    expect(second!.high - second!.value).toBeCloseTo(width([0.4 + 0.12]), 12)
    expect(third!.value - third!.low).toBeCloseTo(width([0.4 + 0.12, 0.4 + 0.24 + 0.2]), 12)
  })

  test('lie strictly within their interval with a multiplicative season, however good the fit', () => {
    fc.assert(
      fc.property(someSmoothing, fc.boolean(), ({ form, values }, isPeriodic) => {
        const shape = isPeriodic ? values.map((_, t) => values[t % form.season]!) : values
        const series = fitHoltWinters(shape, { ...form, seasonal: 'multiplicative' })
        for (const { value, low, high } of forecastSeries(series, 7)) expect(low < value && value < high).toBe(true)
      }),
      { numRuns: runs(15) },
    )
  })

  test('hold the truth about as often as they say', () => {
    // A level that wanders by the model itself: of 200 series about 190 next values lie in the interval.
    let state = 12345
    const random = (): number => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0
      return state / 2 ** 32
    }
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    let held = 0
    for (let run = 0; run < 200; run++) {
      let level = 100
      const values = Float64Array.from({ length: 61 }, () => {
        const error = normal()
        const value = level + error
        level += 0.4 * error
        return value
      })
      const fit = fitHoltWinters(values.subarray(0, 60), { season: 1, trend: 'none', seasonal: 'none' })
      const [next] = forecastSeries(fit, 1)
      if (next!.low <= values[60]! && values[60]! <= next!.high) held++
    }
    expect(held).toBeGreaterThan(178)
    expect(held).toBeLessThan(199)
  })

  test.each([0, -1, 1.5])('refuse a horizon of %f', (horizon) => {
    const series = smoothSeries(
      Float64Array.of(1, 2, 3, 4),
      { season: 1, trend: 'none', seasonal: 'none' },
      { alpha: 0.5, beta: null, gamma: null },
    )
    expect(() => forecastSeries(series, horizon)).toThrow(/^horizon: .* must be a whole number of at least 1/)
  })
})

describe('the decomposition', () => {
  test.each(['additive', 'multiplicative'] as const)('of a line with an %s season gives these parts back', (kind) => {
    for (const phases of [
      [4, -1, -3],
      [4, -1, -2, -1],
    ]) {
      const season = phases.length
      // Symmetric around 1, as a mean of products is no product of means.
      const factor = (t: number): number => (kind === 'additive' ? phases[t % season]! : 1 + phases[t % season]! / 10)
      const trendAt = (t: number): number => (kind === 'additive' ? 20 + 2 * t : 20)
      const values = Float64Array.from({ length: 5 * season }, (_, t) =>
        kind === 'additive' ? trendAt(t) + factor(t) : trendAt(t) * factor(t),
      )
      const parts = decomposeSeries(values, season, kind)
      const reach = Math.floor(season / 2)
      for (let t = 0; t < values.length; t++) {
        expect(parts.season[t]).toBeCloseTo(factor(t), 10)
        const isInside = t >= reach && t < values.length - reach
        expect([parts.trend[t], parts.rest[t]].map(Number.isNaN)).toEqual([!isInside, !isInside])
        if (!isInside) continue
        const nothing = kind === 'additive' ? 0 : 1
        expect(Math.abs(parts.trend[t]! - trendAt(t)) + Math.abs(parts.rest[t]! - nothing)).toBeLessThan(1e-10)
      }
    }
  })

  test('refuses what it cannot split', () => {
    const four = Float64Array.of(1, 2, 3, 4)
    expect(() => decomposeSeries(four, 1, 'additive')).toThrow(/^season: 1 must/)
    expect(() => decomposeSeries(four, 3, 'additive')).toThrow(/^values: "4 values" must be at least two seasons of 3/)
    expect(() => decomposeSeries(Float64Array.of(1, 2, -3, 4), 2, 'multiplicative')).toThrow(
      /^values\[2\]: -3 must be above 0/,
    )
    expect(() => decomposeSeries(Float64Array.of(1, 2, Infinity, 4), 2, 'additive')).toThrow(/^values\[2\]: Infinity/)
  })
})

describe('measures', () => {
  test('of accuracy are those worked out by hand', () => {
    const measured = forecastAccuracy(Float64Array.of(2, 0), Float64Array.of(1, 0), Float64Array.of(1, 2, 4, 8), 2)
    expect(measured).toEqual({
      mae: 0.5,
      rmse: Math.SQRT1_2,
      smape: expect.closeTo(100 / 3, 12),
      mase: expect.closeTo(0.5 / 4.5, 12),
    })
  })

  test('of accuracy refuse lists of different length and too short a training', () => {
    const one = Float64Array.of(1)
    const two = Float64Array.of(1, 2)
    expect(() => forecastAccuracy(one, two, two, 1)).toThrow(/^forecasts: 1 must be as many as actual \(2\)/)
    expect(() => forecastAccuracy(one, one, two, 2)).toThrow(/^training: 2 must be more values than a season \(2\)/)
  })

  test('of likeness to itself are those worked out by hand', () => {
    expect(Array.from(autocorrelations(Float64Array.of(1, -1, 1, -1), 2))).toEqual([-0.75, 0.5])
    expect(() => autocorrelations(Float64Array.of(3, 3, 3), 1)).toThrow(/^values: 3 must not be all values/)
    expect(() => autocorrelations(Float64Array.of(1, 2), 2)).toThrow(/^lags: 2 must be a whole number/)
  })
})

describe('dates', () => {
  test.each([
    ['days', ['2024-02-26', '2024-02-27'], ['2024-02-28', '2024-02-29', '2024-03-01']],
    [
      'days but for one',
      ['2024-03-01', '2024-03-02', '2024-03-04', '2024-03-05'],
      ['2024-03-06', '2024-03-07', '2024-03-08'],
    ],
    ['weeks', ['2024-12-18', '2024-12-25'], ['2025-01-01', '2025-01-08', '2025-01-15']],
    ['months', ['2023-12', '2024-01'], ['2024-02', '2024-03', '2024-04']],
    ['first days of months', ['2023-11-01', '2023-12-01', '2024-01-01'], ['2024-02-01', '2024-03-01', '2024-04-01']],
    [
      'hours',
      ['2024-03-01T22:00Z', '2024-03-01T23:00Z'],
      ['2024-03-02T00:00Z', '2024-03-02T01:00Z', '2024-03-02T02:00Z'],
    ],
    [
      'hours with seconds',
      ['2024-03-01 22:00:00', '2024-03-01 23:00:00'],
      ['2024-03-02 00:00:00', '2024-03-02 01:00:00', '2024-03-02 02:00:00'],
    ],
    [
      'steps that are equally common by the shorter',
      ['2024-01-01', '2024-01-04', '2024-01-05'],
      ['2024-01-06', '2024-01-07', '2024-01-08'],
    ],
  ])('go on by %s', (_, dates, wanted) => {
    expect(continueDates(dates.map(parseSeriesDate), 3)).toEqual(wanted)
  })

  test.each(['2024-02-30', '2024-13-01', '01.02.2024', '2024-1-1', '', '2024-01-01T25:00', '20240101'])(
    'refuse %j',
    (text) => {
      expect(() => parseSeriesDate(text)).toThrow(/^date: .* must be a date that exists/)
    },
  )
})
