/** Lifetime value: BG/NBD and Gamma-Gamma, judged on what was bought later, then fitted again on everything. */

import { firstRules } from '../../src/analytics/scoring/first-rules.ts'
import type { ValueModel } from '../../src/analytics/scoring/scoring-model.ts'
import { valuesByRule } from '../../src/analytics/scoring/value-rule.ts'
import { customerHistories } from '../../src/analytics/scoring/value-scores.ts'
import { fewestReturning } from '../../src/analytics/training/value.ts'
import { forecastCustomers } from '../../src/analytics/value/lifetime-value.ts'
import { valueTiers } from '../../src/analytics/value/value-tiers.ts'
import type { LaterPurchases, PurchaseHistories } from '../../src/domain/purchase-history.ts'
import { dayMs } from '../../src/domain/time.ts'
import { scoreInPages } from './score-pages.ts'
import { shadowScores } from './shadow.ts'
import type { ModelDraft, Trainer, TrainerNeeds } from './trainer.ts'

/** A year ahead, at some ten per cent of interest a year. */
const horizonWeeks = 52
const discountPerWeek = 0.002

const fewestCustomers = 200
const shortestJudgedWeeks = 3
const longestJudgedWeeks = 26

/** A total that misses the truth by more than this factor is worse than no forecast. */
const worstFactor = 2

/** By how much less of a purchase a customer's forecast must be off, on average, to replace a model. */
const margin = 0.005

export const valueTrainer: Trainer = {
  async draft(needs, nowMs) {
    const { store } = needs
    const span = await store.orderSpan(nowMs)
    const judgedWeeks = Math.min(longestJudgedWeeks, Math.floor((span?.days ?? 0) / 3 / 7))
    if (!span || judgedWeeks < shortestJudgedWeeks) {
      const days = Math.floor(span?.days ?? 0)
      return rule(needs, nowMs, `Too little data: orders cover ${days} days, ${shortestJudgedWeeks * 21} are needed.`)
    }
    const trainAtMs = nowMs - judgedWeeks * 7 * dayMs
    const { histories } = await store.histories({ asOfMs: trainAtMs })
    const returning = histories.purchases.reduce((sum, purchases) => sum + (purchases > 1 ? 1 : 0), 0)
    if (histories.customerIds.length < fewestCustomers || returning < fewestReturning) {
      const found = `${histories.customerIds.length} customers, ${returning} of whom came back`
      return rule(needs, nowMs, `Too little data: ${found}; ${fewestCustomers} and ${fewestReturning} are needed.`)
    }
    return {
      method: 'bg-nbd',
      parameters: { horizonWeeks, discountPerWeek, judgedWeeks, trainAtMs, asOfMs: nowMs },
      trainedFromMs: span.firstMs,
      trainedToMs: nowMs,
      featureVersion: null,
    }
  },

  async fit({ store, compute }, model) {
    const { trainAtMs, asOfMs } = windowOf(model.parameters)
    const { histories: before } = await store.histories({ asOfMs: trainAtMs })
    const { histories: whole } = await store.histories({ asOfMs })
    return { ...(await compute('value', { before, whole, horizonWeeks, discountPerWeek })) }
  },

  async evaluate({ store }, model, champion) {
    const { trainAtMs, judgedWeeks, calibration } = windowOf(model.parameters)
    const untilMs = trainAtMs + judgedWeeks * 7 * dayMs
    const { histories, later } = await store.histories({ asOfMs: trainAtMs, untilMs })
    const own = judged(calibration, histories, later, judgedWeeks)
    // The part of the model in use that had not seen these weeks either.
    const standing = champion?.method === 'bg-nbd' ? windowOf(champion.parameters).calibration : undefined
    return {
      ...own,
      weeks: judgedWeeks,
      ...(standing
        ? { championMeanAbsoluteError: judged(standing, histories, later, judgedWeeks).meanAbsoluteError }
        : {}),
    }
  },

  shadow: (needs, model, champion, nowMs) => shadowScores(needs, model, champion, nowMs),

  judgement({ metrics }) {
    const { predictedPurchases = Number.NaN, actualPurchases = Number.NaN } = metrics as Record<string, number>
    const factor = predictedPurchases / actualPurchases
    const champion = metrics['championMeanAbsoluteError']
    const error = Number(metrics['meanAbsoluteError'])
    return {
      measure: 'purchases off per customer',
      value: error,
      champion: typeof champion === 'number' ? champion : undefined,
      higherIsBetter: false,
      margin,
      useless: factor <= worstFactor && factor >= 1 / worstFactor ? undefined : 'Does not fit later data',
      words: `${predictedPurchases.toFixed(0)} purchases predicted for ${Number(metrics['weeks'])} later weeks, ${actualPurchases} made, ${error.toFixed(3)} off per customer`,
    }
  },

  apply: (needs, model, pages) => scoreInPages(needs, model, pages),
}

type Fitted = Pick<ValueModel, 'purchases' | 'spend'>

function judged({ purchases, spend }: Fitted, histories: PurchaseHistories, later: LaterPurchases, weeks: number) {
  const forecasts = forecastCustomers(customerHistories(histories), { purchases, spend, horizonWeeks: weeks })
  const predicted = forecasts.map(({ expectedPurchases }) => expectedPurchases)
  const actual = Array.from(later.purchases)
  const values = forecasts.map((one, i) => one.lifetimeValue ?? one.expectedPurchases * spendSoFar(histories, i))
  return {
    customers: predicted.length,
    predictedPurchases: sum(predicted),
    actualPurchases: sum(actual),
    meanAbsoluteError: sum(predicted.map((value, i) => Math.abs(value - (actual[i] as number)))) / predicted.length,
    predictedCents: sum(values),
    actualCents: sum(Array.from(later.revenueCents)),
    deciles: decilesOf(values, later.revenueCents),
  }
}

function spendSoFar({ revenueCents, purchases }: PurchaseHistories, i: number): number {
  return (revenueCents[i] as number) / (purchases[i] as number)
}

/** By falling prediction: what each tenth of the customers was to spend, and spent. */
function decilesOf(
  predicted: readonly number[],
  actual: Float64Array,
): { customers: number; predictedCents: number; actualCents: number }[] {
  const order = predicted.map((_, i) => i).sort((a, b) => (predicted[b] as number) - (predicted[a] as number))
  return Array.from({ length: 10 }, (_, decile) => {
    const rows = order.filter((_row, place) => Math.floor((10 * place) / order.length) === decile)
    return {
      customers: rows.length,
      predictedCents: sum(rows.map((row) => predicted[row] as number)),
      actualCents: sum(rows.map((row) => actual[row] as number)),
    }
  })
}

async function rule({ store }: TrainerNeeds, nowMs: number, tooLittle: string): Promise<ModelDraft> {
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
  readonly calibration: Fitted
}

function windowOf(parameters: Readonly<Record<string, unknown>>): Window {
  return parameters as unknown as Window
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
