/** What is reckoned in a thread: pure functions of plain data. */

import { trainChurnModel } from '../../src/analytics/churn/train-churn.ts'
import { clusterCustomers } from '../../src/analytics/training/clusters.ts'
import { trainOfferUplift } from '../../src/analytics/training/offer-uplift.ts'
import { minePatterns, mineRules } from '../../src/analytics/training/patterns.ts'
import { chooseRecommender } from '../../src/analytics/training/recommender-choice.ts'
import { forecastRevenue } from '../../src/analytics/training/revenue.ts'
import { learnSendHours } from '../../src/analytics/training/send-hours.ts'
import { fitValueModels } from '../../src/analytics/training/value.ts'

export const jobs = {
  churn: trainChurnModel,
  value: fitValueModels,
  clusters: clusterCustomers,
  rules: mineRules,
  sequences: minePatterns,
  recommender: chooseRecommender,
  uplift: trainOfferUplift,
  sendHours: learnSendHours,
  revenue: forecastRevenue,
} as const

export type JobName = keyof typeof jobs
export type JobInput<N extends JobName> = Parameters<(typeof jobs)[N]>[0]
export type JobResult<N extends JobName> = ReturnType<(typeof jobs)[N]>
