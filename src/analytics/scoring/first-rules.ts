/** The rules that score until the first training has run. */

import type { ChurnRule, ValueRule } from './scoring-model.ts'

export const firstRules = {
  churn: { method: 'rule', shopIntervalDays: 60 } satisfies ChurnRule,
  purchase: { method: 'rule', shopIntervalDays: 60 } satisfies ChurnRule,
  clv: {
    method: 'rule',
    horizonMonths: 12,
    discountPerMonth: 0.01,
    // Nobody has been compared with anybody yet: a year's value of 200 is high, of 50 middle.
    tiers: { highCents: 20_000, middleCents: 5_000 },
  } satisfies ValueRule,
} as const
