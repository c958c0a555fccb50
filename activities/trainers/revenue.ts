/** The shop's revenue in the four weeks to come, with an interval; judged on the four weeks that were last. */

import type { RevenueForecast } from '../../src/analytics/training/revenue.ts'
import { dayMs } from '../../src/domain/time.ts'
import { nothingYet, type Trainer } from './trainer.ts'

const horizonDays = 28
const mostDays = 730
const fewestDays = 56

export const revenueTrainer: Trainer = {
  async draft({ store }, nowMs) {
    const daily = await store.dailyRevenue(nowMs, mostDays)
    if (daily.length < fewestDays) {
      return nothingYet(`Too little data: orders cover ${daily.length} days, ${fewestDays} are needed.`)
    }
    return {
      method: 'holt-winters',
      parameters: { asOfMs: nowMs, horizonDays },
      trainedFromMs: nowMs - daily.length * dayMs,
      trainedToMs: nowMs,
      featureVersion: null,
    }
  },

  async fit({ store, compute }, model) {
    const daily = await store.dailyRevenue(Number(model.parameters['asOfMs']), mostDays)
    return { revenue: await compute('revenue', { daily, horizonDays }) }
  },

  async evaluate(_needs, model) {
    const { forecast: _forecast, ...measured } = model.parameters['revenue'] as RevenueForecast
    return measured
  },

  judgement({ metrics }) {
    const value = Number(metrics['meanAbsoluteError'] ?? Number.NaN)
    const naive = Number(metrics['naiveError'] ?? Number.NaN)
    const off = (Number(metrics['predictedCents']) / Number(metrics['actualCents']) - 1) * 100
    return {
      measure: 'cents off a day',
      value,
      // Yesterday's forecast ends today: a newer one only has to beat "as a week ago".
      champion: naive,
      rival: 'by the week before',
      higherIsBetter: false,
      margin: 0,
      words: `${value.toFixed(0)} cents off a day, ${naive.toFixed(0)} by last week's, ${off.toFixed(0)} % off in total`,
    }
  },

  apply: async () => ({ customers: 0, crossings: 0 }),
}
