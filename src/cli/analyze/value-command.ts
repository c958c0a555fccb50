/** `perennial analyze value`: who will still buy, how often, and what that is worth. */

import { Command } from 'commander'
import { dayNumber } from '../../analytics/core/calendar-day.ts'
import { type BgNbdFit, fitBgNbd } from '../../analytics/value/bg-nbd-fit.ts'
import { fitGammaGamma, type GammaGammaFit } from '../../analytics/value/gamma-gamma.ts'
import { type CustomerForecast, forecastCustomers } from '../../analytics/value/lifetime-value.ts'
import { type CustomerHistory, purchaseHistories } from '../../analytics/value/purchase-history.ts'
import { dayOption, numberOption, refuseOption, wholeOption } from './options.ts'
import { startProgress, textFacts, textTableHead, warn, writeResult } from './output.ts'
import { readTransactions } from './transactions-file.ts'

interface Options {
  readonly transactions: string
  readonly calibrationEnd: string
  readonly horizonWeeks: number
  readonly discountPerWeek: number
  readonly json?: boolean
}

/** What one run found. */
interface Valued {
  readonly histories: readonly CustomerHistory[]
  readonly purchases: BgNbdFit
  /** Null if fewer than two customers have a repeat with money in it. */
  readonly spend: GammaGammaFit | null
  readonly forecasts: readonly CustomerForecast[]
}

/** The `value` command. */
export function valueCommand(): Command {
  return new Command('value')
    .description('Predict purchases and lifetime value of customers (BG/NBD and Gamma-Gamma).')
    .requiredOption('--transactions <file>', 'CSV file with the columns customer_id, date and amount')
    .requiredOption('--calibration-end <date>', 'the last day to learn from', dayOption('--calibration-end'))
    .requiredOption('--horizon-weeks <weeks>', 'how far to predict', wholeOption('--horizon-weeks', 1))
    .option(
      '--discount-per-week <share>',
      'by how much a week makes money worth less',
      numberOption('--discount-per-week', { least: 0 }),
      0,
    )
    .option('--json', 'print one JSON document')
    .action(run)
}

function run(options: Options): void {
  const valued = valueCustomers(options)
  warnOfTrouble(valued)
  writeResult(options.json, documentOf(valued), () => readable(valued, options))
}

function valueCustomers(options: Options): Valued {
  const { calibrationEnd, horizonWeeks, discountPerWeek } = options
  const histories = purchaseHistories(
    readTransactions('--transactions', options.transactions),
    dayNumber(calibrationEnd),
  )
  const withRepeat = histories.filter(({ repeatCount }) => repeatCount > 0)
  if (withRepeat.length === 0) {
    refuseOption('--calibration-end', calibrationEnd, 'must be a day by which some customer bought on two days')
  }
  const purchases = fitBgNbd(histories)
  const spending = withRepeat.filter(({ meanSpend }) => meanSpend !== null && meanSpend > 0)
  const spend = spending.length < 2 ? null : fitGammaGamma(spending)

  const progress = startProgress('Predicting')
  const forecasts = forecastCustomers(histories, {
    purchases: purchases.parameters,
    spend: spend?.parameters ?? null,
    horizonWeeks,
    discountPerWeek,
    onProgress: (share) => progress.report(share),
  })
  progress.done()
  return { histories, purchases, spend, forecasts }
}

function warnOfTrouble({ purchases, spend, forecasts }: Valued): void {
  if (purchases.limit === 'nbd') {
    warn(
      'BG/NBD has no finite maximum: nothing shows that a customer has left. Predictions are those of its NBD limit.',
    )
  }
  if (!purchases.converged)
    warn(`${purchases.limit ? 'NBD' : 'BG/NBD'} has no finite maximum: some parameters ran off.`)
  if (spend === null) warn('Gamma-Gamma needs two customers with a repeat and money in it: no spend is predicted.')
  else if (!spend.converged) warn('Gamma-Gamma has no finite maximum: some parameters ran off.')
  if (spend !== null && forecasts.some(({ expectedSpend }) => expectedSpend === null)) {
    warn(
      `Gamma-Gamma knows no mean (q = ${spend.parameters.q} is not above 1): without a repeat no spend is predicted.`,
    )
  }
}

function documentOf({ histories, purchases, spend, forecasts }: Valued): object {
  const { r, alpha, a, b } = purchases.parameters
  const { logLikelihood } = purchases
  return {
    bgnbd: purchases.limit
      ? { r, alpha, a: null, b: null, limit: 'nbd', logLikelihood }
      : { r, alpha, a, b, logLikelihood },
    gammaGamma: spend
      ? { ...spend.parameters, logLikelihood: spend.logLikelihood }
      : { p: null, q: null, v: null, logLikelihood: null },
    customers: forecasts.map(({ customerId: id, ...forecast }, i) => {
      const { repeatCount: frequency, recencyWeeks, ageWeeks, meanSpend: monetary } = histories[i] as CustomerHistory
      return { id, frequency, recencyWeeks, ageWeeks, monetary, ...forecast }
    }),
  }
}

function readable({ histories, purchases, spend, forecasts }: Valued, options: Options): string {
  const { r, alpha, a, b } = purchases.parameters
  const total = (of: (forecast: CustomerForecast) => number | null): number =>
    forecasts.reduce((sum, forecast) => sum + (of(forecast) ?? 0), 0)
  const facts = textFacts({
    customers: histories.length,
    'with a repeat': histories.filter(({ repeatCount }) => repeatCount > 0).length,
    model: purchases.limit ? 'NBD (BG/NBD has no finite maximum: nobody seems to leave)' : 'BG/NBD',
    'r, alpha': `${r.toPrecision(6)}, ${alpha.toPrecision(6)}`,
    'a, b': purchases.limit ? null : `${a.toPrecision(6)}, ${b.toPrecision(6)}`,
    'log-likelihood': purchases.logLikelihood,
    converged: endOf(purchases),
    'Gamma-Gamma p, q, v': spend
      ? Object.values(spend.parameters)
          .map((value) => value.toPrecision(6))
          .join(', ')
      : null,
    'its log-likelihood': spend?.logLikelihood ?? null,
    'its converged': spend ? endOf(spend) : null,
    [`purchases in ${options.horizonWeeks} weeks`]: total(({ expectedPurchases }) => expectedPurchases),
    'lifetime value of all': total(({ lifetimeValue }) => lifetimeValue),
  })
  const order = forecasts.map((_, i) => i).sort((i, j) => worthOf(forecasts, j) - worthOf(forecasts, i))
  const rows = order.map((i) => {
    const { repeatCount, recencyWeeks, ageWeeks, meanSpend } = histories[i] as CustomerHistory
    const { customerId, probabilityAlive, expectedPurchases, expectedSpend, lifetimeValue } = forecasts[
      i
    ] as CustomerForecast
    const known = [customerId, repeatCount, recencyWeeks, ageWeeks, meanSpend]
    return [...known, probabilityAlive, expectedPurchases, expectedSpend, lifetimeValue]
  })
  const headings = ['customer', 'repeats', 'recency', 'age', 'mean', 'alive', 'purchases', 'spend', 'lifetime value']
  return `${facts}\n\n${textTableHead(headings, rows)}`
}

function worthOf(forecasts: readonly CustomerForecast[], i: number): number {
  const { lifetimeValue, expectedPurchases } = forecasts[i] as CustomerForecast
  return lifetimeValue ?? expectedPurchases
}

function endOf({ converged, iterations }: { converged: boolean; iterations: number }): string {
  return `${converged ? 'yes' : 'no'}, after ${iterations} Newton steps`
}
