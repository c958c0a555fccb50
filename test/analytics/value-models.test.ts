/** BG/NBD and Gamma-Gamma: properties, limits, and the reference answers. */

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import { seededRandom } from '../../src/analytics/core/random.ts'
import {
  type BgNbdParameters,
  expectedFromNewCustomer,
  expectedPurchases,
  probabilityAlive,
} from '../../src/analytics/value/bg-nbd.ts'
import { fitBgNbd } from '../../src/analytics/value/bg-nbd-fit.ts'
import {
  bgNbdLogLikelihood,
  bgNbdSlopes,
  groupHistories,
  nbdSlopes,
} from '../../src/analytics/value/bg-nbd-likelihood.ts'
import { expectedCount } from '../../src/analytics/value/expected-count.ts'
import {
  expectedSpend,
  fitGammaGamma,
  gammaGammaLogLikelihood,
  gammaGammaSlopes,
} from '../../src/analytics/value/gamma-gamma.ts'
import { forecastCustomers } from '../../src/analytics/value/lifetime-value.ts'
import { maximise, type Slopes } from '../../src/analytics/value/maximise.ts'
import {
  type CustomerHistory,
  type PurchaseHistory,
  purchaseHistories,
} from '../../src/analytics/value/purchase-history.ts'
import { cdnowTransactions } from './support/cdnow.ts'
import { hasShared, needsShared, oracle } from './support/shared.ts'

const positive = (most: number): fc.Arbitrary<number> =>
  fc.double({ min: -6, max: Math.log10(most), noNaN: true }).map((log) => 10 ** log)

const models: fc.Arbitrary<BgNbdParameters> = fc.record({
  r: positive(100),
  alpha: positive(1000),
  a: fc.oneof(fc.constant(0), fc.constant(1), positive(1000)),
  b: positive(1000),
})

const histories: fc.Arbitrary<PurchaseHistory> = fc
  .record({
    repeatCount: fc.integer({ min: 0, max: 3000 }),
    ageWeeks: fc.double({ min: 0.01, max: 1000, noNaN: true }),
    part: fc.double({ min: 0.001, max: 1, noNaN: true }),
  })
  .map(({ repeatCount, ageWeeks, part }) => ({
    repeatCount,
    ageWeeks,
    recencyWeeks: repeatCount === 0 ? 0 : ageWeeks * part,
  }))

describe('probabilityAlive', () => {
  test('is a probability, 1 without a repeat, and falls with every quiet week', () => {
    fc.assert(
      fc.property(histories, models, (history, model) => {
        const alive = probabilityAlive(history, model)
        expect(alive).toBeGreaterThanOrEqual(0)
        expect(alive).toBeLessThanOrEqual(1)
        const later = probabilityAlive({ ...history, ageWeeks: history.ageWeeks + 1 }, model)
        expect(later).toBeLessThanOrEqual(alive)
      }),
    )
    expect(probabilityAlive({ repeatCount: 0, recencyWeeks: 0, ageWeeks: 500 }, { r: 1, alpha: 1, a: 9, b: 1 })).toBe(1)
  })

  test('does not overflow for a frequent buyer who has been silent for long', () => {
    const alive = probabilityAlive(
      { repeatCount: 5000, recencyWeeks: 10, ageWeeks: 500 },
      { r: 1, alpha: 1, a: 1, b: 1 },
    )
    expect(alive).toBe(0)
  })

  test.each<[string, Partial<PurchaseHistory>, Partial<BgNbdParameters>, RegExp]>([
    ['a negative count', { repeatCount: -1 }, {}, /^repeatCount: -1 must be a whole number of at least 0/],
    ['half a purchase', { repeatCount: 1.5 }, {}, /^repeatCount: 1\.5 must be a whole number/],
    ['NaN', { ageWeeks: Number.NaN }, {}, /^ageWeeks: NaN must be a finite number/],
    ['a last purchase after the end', { recencyWeeks: 11 }, {}, /^ageWeeks: 10 must be at least recencyWeeks \(11\)/],
    [
      'a repeat at the first purchase',
      { recencyWeeks: 0 },
      {},
      /^recencyWeeks: 0 must be 0 exactly where repeatCount is/,
    ],
    [
      'a last purchase without a repeat',
      { repeatCount: 0 },
      {},
      /^recencyWeeks: 5 must be 0 exactly where repeatCount is/,
    ],
    ['a negative recency', { recencyWeeks: -1 }, {}, /^recencyWeeks: -1 must not be negative/],
    ['r of 0', {}, { r: 0 }, /^model\.r: 0 must be above 0/],
    ['an infinite alpha', {}, { alpha: Number.POSITIVE_INFINITY }, /^model\.alpha: Infinity must be a finite number/],
    ['a negative a', {}, { a: -1 }, /^model\.a: -1 must not be negative/],
  ])('refuses %s', (_, history, model, message) => {
    const run = (): number =>
      probabilityAlive(
        { repeatCount: 2, recencyWeeks: 5, ageWeeks: 10, ...history },
        { r: 1, alpha: 1, a: 1, b: 1, ...model },
      )
    expect(run).toThrow(RangeError)
    expect(run).toThrow(message)
  })
})

describe('expectedPurchases', () => {
  test('is finite, grows with the time, and stays below what NBD expects', () => {
    fc.assert(
      fc.property(histories, models, positive(500), (history, model, weeks) => {
        const count = expectedPurchases(history, model, weeks)
        expect(count).toBeGreaterThanOrEqual(0)
        expect(count).toBeLessThanOrEqual(expectedPurchases(history, { ...model, a: 0 }, weeks) * (1 + 1e-9))
        expect(expectedPurchases(history, model, 2 * weeks)).toBeGreaterThanOrEqual(count * (1 - 1e-9))
      }),
    )
  })

  test('is the NBD mean where nobody leaves', () => {
    const history = { repeatCount: 4, recencyWeeks: 3, ageWeeks: 10 }
    expect(expectedPurchases(history, { r: 2, alpha: 5, a: 0, b: 1 }, 30)).toBe((30 * 6) / 15)
    expect(expectedPurchases(history, { r: 2, alpha: 5, a: 1e-13, b: 1 }, 30)).toBeCloseTo(12, 9)
  })

  // (a + b − 1)/(a − 1) · (1 − (1 + t)^−s · 2F1(s, b; a + b − 1; t/(1 + t))), to 60 digits, by mpmath.
  test.each([
    [0.24, 1, 2.4, 5, 0.7354439146842029],
    [0.24, 1.000000001, 2.4, 5, 0.7354439144488989],
    [0.2425945, 0.792922, 2.425907, 8.83, 1.1944343188484572],
    [29.24, 0.79, 31.4, 0.9, 20.35561092108837],
    [5000.25, 0.75, 5002.5, 0.25, 1147.5186426547778],
    [0.001, 0.5, 0.25, 150, 0.01579763712271076],
    [3, 0.001, 0.5, 20, 59.69049922418562],
    [7.5, 0.25, 1.5, 1000, 1099.757716098771],
    [0.125, 2, 0.0625, 50_000, 0.7840017932533686],
  ])('of shape %d, a = %d, b = %d, time %d is exact', (shape, a, b, time, expected) => {
    expect(expectedCount({ shape, a, b }, time) / expected).toBeCloseTo(1, 12)
  })

  test('joins the sum of terms and the sum of tails without a step', () => {
    const belief = fc.record({ shape: positive(50).map((shape) => shape + 0.01), a: positive(100), b: positive(100) })
    fc.assert(
      fc.property(belief, (one) => {
        const [below, above] = [expectedCount(one, 1000), expectedCount(one, 1000 * (1 + 1e-12))]
        expect(above / below).toBeCloseTo(1, 9)
      }),
      { numRuns: 50 },
    )
  })

  test('is what a simulated crowd does', () => {
    const model = { r: 0.8, alpha: 4, a: 0.9, b: 2.5 }
    const crowd = simulate(20_000, 40, model, 5)
    const mean = crowd.reduce((sum, { repeatCount }) => sum + repeatCount, 0) / crowd.length
    expect(expectedFromNewCustomer(model, 40) / mean).toBeCloseTo(1, 1)
  })

  test('refuses a negative or infinite time', () => {
    const history = { repeatCount: 0, recencyWeeks: 0, ageWeeks: 1 }
    const model = { r: 1, alpha: 1, a: 1, b: 1 }
    expect(() => expectedPurchases(history, model, -1)).toThrow(/^weeks: -1 must not be negative/)
    expect(() => expectedPurchases(history, model, Number.POSITIVE_INFINITY)).toThrow(
      /^weeks: Infinity must be a finite/,
    )
  })
})

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

describe.skipIf(!hasShared)(`real customers${needsShared}`, () => {
  const [answer] = hasShared ? (oracle('clv') as [ClvAnswer]) : []
  const known = (): CustomerHistory[] => purchaseHistories(cdnowTransactions(), dayNumber(answer!.config.cal_end))

  test('have the histories of the reference', () => {
    const all = known()
    const sum = (of: (history: CustomerHistory) => number): number => all.reduce((total, one) => total + of(one), 0)
    expect(all).toHaveLength(answer!.n_customers)
    expect(sum(({ repeatCount }) => repeatCount)).toBe(answer!.sum_x)
    expect(sum(({ recencyWeeks }) => recencyWeeks)).toBeCloseTo(answer!.sum_tx, 6)
    expect(sum(({ ageWeeks }) => ageWeeks)).toBeCloseTo(answer!.sum_T, 6)
    for (const [i, [id, x, recency, age, mean]] of answer!.first10_sorted_by_id.entries()) {
      const { customerId, repeatCount, recencyWeeks, ageWeeks, meanSpend } = all[i]!
      expect([customerId, repeatCount, meanSpend === null]).toEqual([id, x, mean === null])
      expect(recencyWeeks).toBeCloseTo(recency, 5)
      expect(ageWeeks).toBeCloseTo(age, 5)
      expect(meanSpend ?? 0).toBeCloseTo(mean ?? 0, 5)
    }
  })

  test('have the likelihoods, the peak and the parameters of the reference', () => {
    const all = known()
    const { params_opt: best, ll, ll_at_1111: atOnes } = answer!.bgnbd
    expect(bgNbdLogLikelihood(all, best) / ll).toBeCloseTo(1, 9)
    expect(bgNbdLogLikelihood(all, { r: 1, alpha: 1, a: 1, b: 1 }) / atOnes).toBeCloseTo(1, 9)
    const fit = fitBgNbd(all)
    expect(fit).toMatchObject({ converged: true, limit: null, logLikelihood: expect.closeTo(ll, 6) })
    for (const name of ['r', 'alpha', 'a', 'b'] as const) expect(fit.parameters[name] / best[name]).toBeCloseTo(1, 5)
    const spend = fitGammaGamma(all)
    expect(spend).toMatchObject({ converged: true, customers: answer!.gamma_gamma.n })
    expect(spend.logLikelihood).toBeCloseTo(answer!.gamma_gamma.ll, 6)
    for (const name of ['p', 'q', 'v'] as const) {
      expect(spend.parameters[name] / answer!.gamma_gamma.params_opt[name]).toBeCloseTo(1, 5)
    }
  })

  test('get the predictions of the reference from its parameters', () => {
    const byId = new Map(known().map((one) => [one.customerId, one]))
    const model = answer!.bgnbd.params_opt
    for (const [id, , , , , count, alive, spend] of answer!.customers20.rows) {
      const history = byId.get(id)!
      expect(expectedPurchases(history, model, answer!.config.t_weeks) / count).toBeCloseTo(1, 7)
      expect(probabilityAlive(history, model) / alive).toBeCloseTo(1, 9)
      expect(expectedSpend(history, answer!.gamma_gamma.params_opt) / spend).toBeCloseTo(1, 9)
    }
    for (const [weeks, count] of Object.entries(answer!.bgnbd.expected_purchases_new_customer)) {
      expect(expectedFromNewCustomer(model, Number(weeks)) / count).toBeCloseTo(1, 9)
    }
  })

  test('buy afterwards about as often as the fit expects, by the errors of the reference', () => {
    const { config, holdout } = answer!
    const all = known()
    const forecasts = forecastCustomers(all, {
      purchases: fitBgNbd(all).parameters,
      spend: null,
      horizonWeeks: config.t_weeks,
    })
    const later = purchaseHistories(cdnowTransactions(), dayNumber(config.obs_end))
    const total = new Map(later.map(({ customerId, repeatCount }) => [customerId, repeatCount]))
    const misses = forecasts.map(
      ({ customerId, expectedPurchases: count }, i) => count - (total.get(customerId)! - all[i]!.repeatCount),
    )
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(misses.map(Math.abs)) / holdout.bgnbd.mae).toBeCloseTo(1, 4)
    expect(Math.sqrt(mean(misses.map((miss) => miss * miss))) / holdout.bgnbd.rmse).toBeCloseTo(1, 4)
    expect(forecasts.every(({ expectedSpend: spend, lifetimeValue }) => spend === null && lifetimeValue === null)).toBe(
      true,
    )
  })
})

interface ClvAnswer {
  readonly config: { readonly cal_end: string; readonly obs_end: string; readonly t_weeks: number }
  readonly n_customers: number
  readonly sum_x: number
  readonly sum_tx: number
  readonly sum_T: number
  readonly first10_sorted_by_id: [string, number, number, number, number | null, number][]
  readonly bgnbd: {
    readonly params_opt: BgNbdParameters
    readonly ll: number
    readonly ll_at_1111: number
    readonly expected_purchases_new_customer: Record<string, number>
  }
  readonly gamma_gamma: {
    readonly params_opt: { p: number; q: number; v: number }
    readonly ll: number
    readonly n: number
  }
  readonly customers20: {
    readonly rows: [string, number, number, number, number | null, number, number, number, number, number][]
  }
  readonly holdout: { readonly bgnbd: { readonly mae: number; readonly rmse: number } }
}

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

/** Customers as BG/NBD sees them, each followed for the given weeks. */
function simulate(count: number, weeks: number, { r, alpha, a, b }: BgNbdParameters, seed: number): PurchaseHistory[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const [x, y] = [gamma(a, random), gamma(b, random)]
    return live(weeks, gamma(r, random) / alpha, x / (x + y), random)
  })
}

function live(ageWeeks: number, rate: number, drop: number, random: () => number): PurchaseHistory {
  let [repeatCount, recencyWeeks, now] = [0, 0, 0]
  for (;;) {
    now -= Math.log(1 - random()) / rate
    if (now > ageWeeks) return { repeatCount, recencyWeeks, ageWeeks }
    repeatCount++
    recencyWeeks = now
    if (random() < drop) return { repeatCount, recencyWeeks, ageWeeks }
  }
}

/** A Gamma variate of rate 1, by Marsaglia and Tsang (2000). */
function gamma(shape: number, random: () => number): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random()) ** (1 / shape)
  const d = shape - 1 / 3
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    const v = (1 + normal / Math.sqrt(9 * d)) ** 3
    if (v > 0 && Math.log(1 - random()) < 0.5 * normal * normal + d - d * v + d * Math.log(v)) return d * v
  }
}
