/** The value models on real customers, against the reference answers. */

import { describe, expect, test } from 'vitest'
import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import {
  type BgNbdParameters,
  expectedFromNewCustomer,
  expectedPurchases,
  probabilityAlive,
} from '../../src/analytics/value/bg-nbd.ts'
import { fitBgNbd } from '../../src/analytics/value/bg-nbd-fit.ts'
import { bgNbdLogLikelihood } from '../../src/analytics/value/bg-nbd-likelihood.ts'
import { expectedSpend, fitGammaGamma } from '../../src/analytics/value/gamma-gamma.ts'
import { forecastCustomers } from '../../src/analytics/value/lifetime-value.ts'
import { type CustomerHistory, purchaseHistories } from '../../src/analytics/value/purchase-history.ts'
import { cdnowTransactions } from './support/cdnow.ts'
import { hasShared, needsShared, oracle } from './support/shared.ts'

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
