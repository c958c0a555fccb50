/** BG/NBD and Gamma-Gamma on the CDNOW data, against lifetimes. */

import { dayNumber } from '../../src/analytics/core/calendar-day.ts'
import { type BgNbdParameters, expectedPurchases } from '../../src/analytics/value/bg-nbd.ts'
import { type BgNbdFit, fitBgNbd } from '../../src/analytics/value/bg-nbd-fit.ts'
import { bgNbdLogLikelihood } from '../../src/analytics/value/bg-nbd-likelihood.ts'
import {
  fitGammaGamma,
  type GammaGammaFit,
  type GammaGammaParameters,
  gammaGammaLogLikelihood,
} from '../../src/analytics/value/gamma-gamma.ts'
import { purchaseHistories } from '../../src/analytics/value/purchase-history.ts'
import { difference, type InputFolder, once, type Row } from './row.ts'
import { sales, salesFiles } from './sales.ts'

const WEEKS = 39

type Shop = 'CDNOW sample' | 'CDNOW'

const histories = {
  'CDNOW sample': once(() => purchaseHistories(sales('CDNOW sample'), dayNumber('1997-09-30'))),
  CDNOW: once(() => purchaseHistories(sales('CDNOW'), dayNumber('1997-09-30'))),
}

/** All rows of this part. */
export const valueRows: readonly Row[] = [
  { ...bgNbdRow('CDNOW sample'), target: 0.5 },
  { ...bgNbdRow('CDNOW'), target: 0.5 },
  predictionRow('CDNOW'),
  gammaGammaRow('CDNOW sample'),
]

function bgNbdRow(shop: Shop): Row {
  return {
    name: `BG/NBD fit on ${shop}`,
    tool: 'lifetimes BetaGeoFitter',
    home: 'lifetimes',
    task: 'bg_nbd',
    data: [salesFiles[shop]],
    prepare(inputs) {
      const customers = histories[shop]()
      return {
        input: { file: historyFile(inputs, shop) },
        ours: () => fitBgNbd(customers),
        agreement: (fit: BgNbdFit, theirs: BgNbdParameters) =>
          difference('log-likelihood', fit.logLikelihood, bgNbdLogLikelihood(customers, theirs)),
      }
    },
  }
}

function predictionRow(shop: Shop): Row {
  return {
    name: `BG/NBD purchases expected in ${WEEKS} weeks, every customer of ${shop}`,
    tool: 'lifetimes BetaGeoFitter',
    home: 'lifetimes',
    task: 'bg_nbd_predictions',
    data: [salesFiles[shop]],
    prepare(inputs) {
      const customers = histories[shop]()
      const { parameters } = fitBgNbd(customers)
      return {
        input: { file: historyFile(inputs, shop), weeks: WEEKS },
        ours: () => customers.reduce((sum, customer) => sum + expectedPurchases(customer, parameters, WEEKS), 0),
        agreement: (ours: number, theirs: { total: number }) => difference('purchases', ours, theirs.total),
      }
    },
  }
}

function historyFile(inputs: InputFolder, shop: Shop): string {
  const customers = histories[shop]()
  return inputs.write(`histories-${shop}`, () => ({
    repeatCount: customers.map(({ repeatCount }) => repeatCount),
    recencyWeeks: customers.map(({ recencyWeeks }) => recencyWeeks),
    ageWeeks: customers.map(({ ageWeeks }) => ageWeeks),
  }))
}

function gammaGammaRow(shop: Shop): Row {
  return {
    name: `Gamma-Gamma fit on ${shop}`,
    tool: 'lifetimes GammaGammaFitter',
    home: 'lifetimes',
    task: 'gamma_gamma',
    data: [salesFiles[shop]],
    prepare(inputs) {
      const spenders = histories[shop]().filter(({ repeatCount, meanSpend }) => repeatCount > 0 && (meanSpend ?? 0) > 0)
      const file = inputs.write(`spends-${shop}`, () => ({
        repeatCount: spenders.map(({ repeatCount }) => repeatCount),
        meanSpend: spenders.map(({ meanSpend }) => meanSpend),
      }))
      return {
        input: { file },
        ours: () => fitGammaGamma(spenders),
        agreement: (fit: GammaGammaFit, theirs: GammaGammaParameters) =>
          difference('log-likelihood', fit.logLikelihood, gammaGammaLogLikelihood(spenders, theirs)),
      }
    },
  }
}
