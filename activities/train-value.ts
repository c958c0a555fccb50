/** Lifetime value: BG/NBD and Gamma-Gamma, judged on what was bought later, then fitted again on everything. */

import type { ValueModel } from '../src/analytics/scoring/scoring-model.ts'
import { valuesByRule } from '../src/analytics/scoring/value-rule.ts'
import { customerHistories, valueScores } from '../src/analytics/scoring/value-scores.ts'
import { fitBgNbd } from '../src/analytics/value/bg-nbd-fit.ts'
import { fitGammaGamma } from '../src/analytics/value/gamma-gamma.ts'
import { forecastCustomers } from '../src/analytics/value/lifetime-value.ts'
import { valueTiers } from '../src/analytics/value/value-tiers.ts'
import type { PurchaseHistories } from '../src/domain/purchase-history.ts'
import { dayMs } from '../src/domain/time.ts'
import { firstRules } from './scoring.ts'
import type { ModelDraft, Trainer } from './trainer.ts'

/** A year ahead, at some ten per cent of interest a year. */
const horizonWeeks = 52
const discountPerWeek = 0.002

const fewestCustomers = 200
const fewestReturning = 30
const shortestJudgedWeeks = 3
const longestJudgedWeeks = 26

/** A total that misses the truth by more than this factor is worse than no forecast. */
const worstFactor = 2

export const valueTrainer: Trainer = {
  async draft(store, nowMs) {
    const span = await store.orderSpan(nowMs)
    const judgedWeeks = Math.min(longestJudgedWeeks, Math.floor((span?.days ?? 0) / 3 / 7))
    if (!span || judgedWeeks < shortestJudgedWeeks) {
      const days = Math.floor(span?.days ?? 0)
      return rule(store, nowMs, `Too little data: orders cover ${days} days, ${shortestJudgedWeeks * 21} are needed.`)
    }
    const trainAtMs = nowMs - judgedWeeks * 7 * dayMs
    const { histories } = await store.histories({ asOfMs: trainAtMs })
    const returning = histories.purchases.reduce((sum, purchases) => sum + (purchases > 1 ? 1 : 0), 0)
    if (histories.customerIds.length < fewestCustomers || returning < fewestReturning) {
      const found = `${histories.customerIds.length} customers, ${returning} of whom came back`
      return rule(store, nowMs, `Too little data: ${found}; ${fewestCustomers} and ${fewestReturning} are needed.`)
    }
    return {
      method: 'bg-nbd',
      parameters: { horizonWeeks, discountPerWeek, judgedWeeks, trainAtMs, asOfMs: nowMs },
      trainedFromMs: span.firstMs,
      trainedToMs: nowMs,
      featureVersion: null,
    }
  },

  async fit(store, model) {
    const { trainAtMs, asOfMs } = windowOf(model.parameters)
    const calibration = fit((await store.histories({ asOfMs: trainAtMs })).histories)
    const { histories } = await store.histories({ asOfMs })
    const whole = fit(histories)
    const untiered: ValueModel = {
      method: 'bg-nbd',
      horizonWeeks,
      discountPerWeek,
      ...whole,
      tiers: { highCents: Number.POSITIVE_INFINITY, middleCents: Number.POSITIVE_INFINITY },
    }
    const { limits } = valueTiers(valueScores(untiered, histories).map(({ value }) => value))
    return { ...whole, tiers: { highCents: limits.high, middleCents: limits.middle }, calibration }
  },

  async evaluate(store, model) {
    const { trainAtMs, judgedWeeks, calibration } = windowOf(model.parameters)
    const untilMs = trainAtMs + judgedWeeks * 7 * dayMs
    const { histories, later } = await store.histories({ asOfMs: trainAtMs, untilMs })
    const forecasts = forecastCustomers(customerHistories(histories), {
      purchases: calibration.purchases,
      spend: calibration.spend,
      horizonWeeks: judgedWeeks,
    })
    const predicted = forecasts.map(({ expectedPurchases }) => expectedPurchases)
    const actual = Array.from(later.purchases)
    return {
      customers: predicted.length,
      weeks: judgedWeeks,
      predictedPurchases: sum(predicted),
      actualPurchases: sum(actual),
      meanAbsoluteError: sum(predicted.map((value, i) => Math.abs(value - (actual[i] as number)))) / predicted.length,
      predictedCents: sum(forecasts.map((one) => one.lifetimeValue ?? 0)),
      actualCents: sum(Array.from(later.revenueCents)),
    }
  },

  verdict({ metrics }) {
    const { predictedPurchases, actualPurchases, weeks } = metrics as Record<string, number | undefined>
    const factor = (predictedPurchases ?? Number.NaN) / (actualPurchases ?? Number.NaN)
    const measured = `${predictedPurchases?.toFixed(0)} purchases predicted for ${weeks} later weeks, ${actualPurchases} made`
    return factor <= worstFactor && factor >= 1 / worstFactor
      ? { promote: true, reason: `Fits later data: ${measured}.` }
      : { promote: false, reason: `Does not fit later data: ${measured}.` }
  },
}

function fit(histories: PurchaseHistories): Pick<ValueModel, 'purchases' | 'spend'> {
  const customers = customerHistories(histories)
  const spending = customers.filter(({ repeatCount, meanSpend }) => repeatCount > 0 && (meanSpend ?? 0) > 0)
  return {
    purchases: fitBgNbd(customers).parameters,
    spend: spending.length < fewestReturning ? null : fitGammaGamma(customers).parameters,
  }
}

async function rule(store: Parameters<Trainer['draft']>[0], nowMs: number, tooLittle: string): Promise<ModelDraft> {
  const { histories } = await store.histories({ asOfMs: nowMs })
  const { method, ...parameters } = firstRules.clv
  const values = valuesByRule(histories, parameters)
  const limits = values.length === 0 ? undefined : valueTiers(values).limits
  const tiers = limits ? { highCents: limits.high, middleCents: limits.middle } : parameters.tiers
  return {
    method,
    parameters: { ...parameters, tiers },
    trainedFromMs: null,
    trainedToMs: null,
    featureVersion: null,
    tooLittle,
  }
}

interface Window {
  readonly trainAtMs: number
  readonly asOfMs: number
  readonly judgedWeeks: number
  readonly calibration: Pick<ValueModel, 'purchases' | 'spend'>
}

function windowOf(parameters: Readonly<Record<string, unknown>>): Window {
  return parameters as unknown as Window
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
