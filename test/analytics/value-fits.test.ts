/** Fitting the value models: derivatives, peaks, and what has none. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { expectedPurchases, probabilityAlive } from '../../src/analytics/value/bg-nbd.ts'
import { fitBgNbd } from '../../src/analytics/value/bg-nbd-fit.ts'
import {
  bgNbdLogLikelihood,
  bgNbdSlopes,
  groupHistories,
  nbdSlopes,
} from '../../src/analytics/value/bg-nbd-likelihood.ts'
import {
  expectedSpend,
  fitGammaGamma,
  gammaGammaLogLikelihood,
  gammaGammaSlopes,
} from '../../src/analytics/value/gamma-gamma.ts'
import { maximise, type Slopes } from '../../src/analytics/value/maximise.ts'
import { live, simulate } from './support/bg-nbd-crowd.ts'

describe('the derivatives', () => {
  const groups = groupHistories([
    { repeatCount: 0, recencyWeeks: 0, ageWeeks: 30 },
    { repeatCount: 1, recencyWeeks: 3, ageWeeks: 30 },
    { repeatCount: 7, recencyWeeks: 25, ageWeeks: 30.5 },
    { repeatCount: 7, recencyWeeks: 25, ageWeeks: 30.5 },
  ])
  const spends = [
    { x: 1, m: 30 },
    { x: 3, m: 12 },
    { x: 3, m: 55 },
  ]
  const parameters = (count: number): fc.Arbitrary<number[]> =>
    fc.array(fc.double({ min: 0.1, max: 20, noNaN: true }), { minLength: count, maxLength: count })

  test.each<[string, number, (at: ArrayLike<number>) => Slopes]>([
    ['BG/NBD', 4, (at) => bgNbdSlopes(groups, at)],
    ['NBD', 2, (at) => nbdSlopes(groups, at)],
    ['Gamma-Gamma', 3, (at) => gammaGammaSlopes(spends, at)],
  ])('of %s are those of its likelihood', (_, count, slopesAt) => {
    fc.assert(
      fc.property(parameters(count), (at) => {
        const { gradient, hessian } = slopesAt(at)
        at.forEach((value, i) => {
          const step = 1e-5 * value
          const shifted = (by: number): Slopes => slopesAt(at.map((other, j) => (j === i ? other + by : other)))
          const [up, down] = [shifted(step), shifted(-step)]
          expect(close(gradient[i]!, (up.value - down.value) / (2 * step), 1e-5)).toBe(true)
          for (let j = 0; j < count; j++) {
            expect(close(hessian[i * count + j]!, (up.gradient[j]! - down.gradient[j]!) / (2 * step), 1e-5)).toBe(true)
          }
        })
      }),
    )
  })
})

describe('maximise', () => {
  test('finds the peak of a curved ridge, and says that it is one', () => {
    // In logarithms: −(u − 1)² − 50(v − u²)², with its peak at u = v = 1.
    const slopesAt = (at: Float64Array): Slopes =>
      byParameters(at, ([u, v]) => {
        const miss = v - u * u
        return {
          value: -((u - 1) ** 2) - 50 * miss * miss,
          gradient: [-2 * (u - 1) + 200 * u * miss, -100 * miss],
          hessian: [-2 + 200 * miss - 400 * u * u, 200 * u, 200 * u, -100],
        }
      })
    const { parameters, converged, value } = maximise(slopesAt, [0.2, 5])
    expect(converged).toBe(true)
    expect(Array.from(parameters, Math.log)).toEqual([expect.closeTo(1, 9), expect.closeTo(1, 9)])
    expect(value).toBeCloseTo(0, 12)
  })

  test('does not call it a peak where the function rises for ever', () => {
    const slopesAt = ([x]: Float64Array): Slopes => ({
      value: -1 / x!,
      gradient: Float64Array.of(1 / x! ** 2),
      hessian: Float64Array.of(-2 / x! ** 3),
    })
    const { parameters, converged } = maximise(slopesAt, [1])
    expect(converged).toBe(false)
    expect(parameters[0]).toBeGreaterThan(1e5)
  })
})

describe('fitBgNbd', () => {
  test('finds the parameters that made the customers', () => {
    const made = { r: 0.8, alpha: 4, a: 0.9, b: 2.5 }
    const { parameters, converged, limit } = fitBgNbd(simulate(20_000, 50, made, 3))
    expect({ converged, limit }).toEqual({ converged: true, limit: null })
    for (const name of ['r', 'alpha', 'a', 'b'] as const) {
      expect(Math.abs(Math.log(parameters[name] / made[name]))).toBeLessThan(0.15)
    }
  })

  test('gives the same fit, bit for bit, in any order of the customers', () => {
    const crowd = simulate(300, 40, { r: 0.8, alpha: 4, a: 0.9, b: 2.5 }, 8)
    expect(fitBgNbd(crowd.toReversed())).toEqual(fitBgNbd(crowd))
  })

  test('sees that there is no maximum where nobody leaves, and falls back to NBD', () => {
    const regulars = Array.from({ length: 200 }, (_, i) => ({
      repeatCount: 1 + (i % 7) ** 2,
      recencyWeeks: 29,
      ageWeeks: 30,
    }))
    const { parameters, logLikelihood, limit, converged } = fitBgNbd(regulars)
    expect({ limit, converged, a: parameters.a }).toEqual({ limit: 'nbd', converged: true, a: 0 })
    expect(logLikelihood).toBeCloseTo(bgNbdLogLikelihood(regulars, parameters), 6)
    expect(logLikelihood).toBeGreaterThan(bgNbdLogLikelihood(regulars, { ...parameters, a: 1e-4, b: 1 }))
    expect(probabilityAlive(regulars[5]!, parameters)).toBe(1)
    expect(expectedPurchases(regulars[5]!, parameters, 10)).toBe((10 * (parameters.r + 26)) / (parameters.alpha + 30))
  })

  test.each([
    ['all leave with one chance', (uniform: () => number) => ({ rate: -0.2 * Math.log(1 - uniform()), drop: 0.2 })],
    [
      'some leave at once, the rest never',
      (uniform: () => number) => ({ rate: -0.2 * Math.log(1 - uniform()), drop: uniform() < 0.3 ? 1 : 0 }),
    ],
  ])('says so where the parameters run off since %s, and still predicts', (_, customer) => {
    const random = seededRandom(2)
    const crowd = Array.from({ length: 1000 }, () => {
      const { rate, drop } = customer(random)
      return live(20 + 14 * random(), rate, drop, random)
    })
    const fits = [crowd, crowd.slice(0, 500), crowd.slice(500)].map((part) => fitBgNbd(part))
    const ranOff = fits.filter(({ converged }) => !converged)
    expect(ranOff.length).toBeGreaterThan(0)
    for (const { parameters } of ranOff) {
      const counts = crowd.map((history) => expectedPurchases(history, parameters, 20))
      expect(counts.every((count) => count >= 0 && count < 1000)).toBe(true)
    }
  })

  test('refuses customers of whom none has a repeat', () => {
    const none = [{ repeatCount: 0, recencyWeeks: 0, ageWeeks: 3 }]
    expect(() => fitBgNbd(none)).toThrow(/^histories: "no customer" has a repeat purchase: at least one must/)
    expect(() => fitBgNbd([])).toThrow(RangeError)
    expect(() => fitBgNbd([{ repeatCount: 2, recencyWeeks: 9, ageWeeks: 3 }])).toThrow(/^ageWeeks: 3 must be at least/)
  })
})

describe('Gamma-Gamma', () => {
  test('expects between the mean of all and the customer’s own, nearer to the latter with every purchase', () => {
    const model = { p: 6, q: 4, v: 15 }
    const of = (repeatCount: number, meanSpend: number): number => expectedSpend({ repeatCount, meanSpend }, model)
    expect(of(0, 0)).toBeCloseTo((6 * 15) / 3, 12)
    expect(expectedSpend({ repeatCount: 0, meanSpend: null }, model)).toBeCloseTo(30, 12)
    const drawn = [1, 2, 5, 50].map((repeats) => of(repeats, 100))
    expect(drawn).toEqual(drawn.toSorted((a, b) => a - b))
    expect(drawn[0]).toBeGreaterThan(30)
    expect(drawn[3]).toBeLessThan(100)
  })

  test('knows no mean of all with q up to 1', () => {
    expect(expectedSpend({ repeatCount: 0, meanSpend: null }, { p: 2, q: 0.9, v: 1 })).toBe(Number.POSITIVE_INFINITY)
    expect(expectedSpend({ repeatCount: 1, meanSpend: 5 }, { p: 2, q: 0.9, v: 1 })).toBeCloseTo(12 / 1.9, 12)
  })

  test('fits money in any unit alike', () => {
    const random = seededRandom(4)
    const spends = Array.from({ length: 200 }, () => ({
      repeatCount: 1 + Math.floor(4 * random()),
      meanSpend: 5 - 30 * Math.log(random()),
    }))
    const fit = fitGammaGamma(spends)
    const cents = fitGammaGamma(
      spends.map(({ repeatCount, meanSpend }) => ({ repeatCount, meanSpend: 1e5 * meanSpend })),
    )
    expect(fit.converged && cents.converged).toBe(true)
    expect(cents.parameters.p).toBeCloseTo(fit.parameters.p, 6)
    expect(cents.parameters.v / 1e5).toBeCloseTo(fit.parameters.v, 6)
    expect(fit.logLikelihood).toBeCloseTo(gammaGammaLogLikelihood(spends, fit.parameters), 8)
  })

  test('says that parameters run off where customers do not differ', () => {
    const alike = Array.from({ length: 40 }, (_, i) => ({ repeatCount: 1 + (i % 3), meanSpend: 20 }))
    const { converged, parameters } = fitGammaGamma(alike)
    expect(converged).toBe(false)
    expect(expectedSpend({ repeatCount: 0, meanSpend: null }, parameters)).toBeCloseTo(20, 3)
  })

  test('refuses negative money, NaN and too few customers', () => {
    expect(() => fitGammaGamma([{ repeatCount: 1, meanSpend: -2 }])).toThrow(/^meanSpend: -2 must not be negative/)
    expect(() => fitGammaGamma([{ repeatCount: 1, meanSpend: Number.NaN }])).toThrow(/^meanSpend: NaN must be a finite/)
    expect(() =>
      fitGammaGamma([
        { repeatCount: 1, meanSpend: 2 },
        { repeatCount: 0, meanSpend: null },
      ]),
    ).toThrow(/^histories: 1 must be at least 2 with a repeat and a mean above 0/)
  })
})

function close(a: number, b: number, share: number): boolean {
  return Math.abs(a - b) <= share * (1 + Math.abs(a) + Math.abs(b))
}

/** A function of logarithms, with its derivatives by the parameters themselves. */
function byParameters(
  at: Float64Array,
  of: (logs: [number, number]) => { value: number; gradient: number[]; hessian: number[] },
): Slopes {
  const { value, gradient, hessian } = of([Math.log(at[0]!), Math.log(at[1]!)])
  return {
    value,
    gradient: Float64Array.from(gradient, (slope, i) => slope / at[i]!),
    hessian: Float64Array.from(hessian, (bend, i) => {
      const [row, column] = [i >> 1, i & 1]
      return (bend - (row === column ? gradient[row]! : 0)) / (at[row]! * at[column]!)
    }),
  }
}
