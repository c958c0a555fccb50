/** Gamma-Gamma: what customers spend per purchase, those of whom little is known drawn to the mean of all. */

import { checkFinite, checkWhole, refuse } from '../core/check.ts'
import { digamma, logGamma, trigamma } from '../core/special.ts'
import { type Maximum, maximise, type Slopes } from './maximise.ts'

/**
 * A purchase of a customer is Gamma distributed with shape `p` and a rate of the customer's own; over all customers this
 * rate is Gamma distributed with shape `q` and rate `v` (money). Spend does not depend on how often one buys.
 */
export interface GammaGammaParameters {
  readonly p: number
  readonly q: number
  readonly v: number
}

/** The repeats of a customer and their mean amount. */
export interface SpendHistory {
  readonly repeatCount: number
  /** Null (or anything) without a repeat. */
  readonly meanSpend: number | null
}

export interface GammaGammaFit {
  readonly parameters: GammaGammaParameters
  /** Natural, of all customers with a repeat and a mean above 0, at these parameters. */
  readonly logLikelihood: number
  /** How many customers these are. */
  readonly customers: number
  /**
   * Whether the parameters are the peak of the likelihood. If not, some have run off (as where customers do not differ, or
   * do not vary): the likelihood goes on rising, but predictions hardly change any more.
   */
  readonly converged: boolean
  /** Newton steps of the best start. */
  readonly iterations: number
}

/**
 * The amount to expect per purchase: p(v + x·m)/(p·x + q − 1), in the money of the fit. Infinite where the model knows no
 * mean: without a repeat if q ≤ 1.
 *
 * @throws RangeError if the history or a parameter is not finite or out of its range.
 * @see Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", equation 5.
 */
export function expectedSpend({ repeatCount, meanSpend }: SpendHistory, { p, q, v }: GammaGammaParameters): number {
  checkWhole('repeatCount', repeatCount, 0)
  const spent = repeatCount === 0 ? 0 : repeatCount * checkSpend(meanSpend)
  const below = p * repeatCount + q - 1
  return below > 0 ? (p * (v + spent)) / below : Number.POSITIVE_INFINITY
}

/**
 * The parameters under which the customers' mean amounts are most likely; exact derivatives, several starts. Customers
 * without a repeat, or with a mean of 0, say nothing here and are passed over.
 *
 * @throws RangeError if a value is negative or not finite, or fewer than two customers have a repeat and a mean above 0.
 */
export function fitGammaGamma(histories: readonly SpendHistory[]): GammaGammaFit {
  const spends = histories
    .filter(({ repeatCount, meanSpend }) => checkWhole('repeatCount', repeatCount, 0) > 0 && checkSpend(meanSpend) > 0)
    .map(({ repeatCount, meanSpend }) => ({ x: repeatCount, m: meanSpend as number }))
    .sort((one, other) => one.x - other.x || one.m - other.m) // So that another order gives the same sums.
  const customers = spends.length
  if (customers < 2) refuse('histories', customers, 'must be at least 2 with a repeat and a mean above 0')

  // In units of the mean, so that cents and thousands are fitted alike.
  const unit = spends.reduce((sum, { m }) => sum + m / customers, 0)
  const scaled = spends.map(({ x, m }) => ({ x, m: m / unit }))
  const climb = (start: readonly number[]): Maximum => maximise((at) => gammaGammaSlopes(scaled, at), start)
  const best = starts(scaled)
    .map(climb)
    .reduce((highest, fit) => (fit.value > highest.value ? fit : highest))
  const [p, q, v] = Array.from(best.parameters) as [number, number, number]
  const { converged, iterations } = best
  const logLikelihood = best.value - customers * Math.log(unit)
  return { parameters: { p, q, v: v * unit }, logLikelihood, customers, converged, iterations }
}

/** The log-likelihood of Gamma-Gamma for all customers with a repeat and a mean above 0: natural, total. */
export function gammaGammaLogLikelihood(histories: readonly SpendHistory[], model: GammaGammaParameters): number {
  const spends = histories.flatMap(({ repeatCount: x, meanSpend: m }) =>
    x > 0 && m !== null && m > 0 ? [{ x, m }] : [],
  )
  return gammaGammaSlopes(spends, [model.p, model.q, model.v]).value
}

interface Spend {
  readonly x: number
  readonly m: number
}

/**
 * The log-likelihood by (p, q, v):
 *
 *     ln Γ(px+q)/(Γ(px) Γ(q)) + q ln v + (px−1) ln m + px ln x − (px+q) ln(xm+v)
 *
 * The gamma functions depend on x alone, so they are computed once for each x.
 *
 * @see Fader, Hardie & Lee (2005), "RFM and CLV: Using Iso-Value Curves for Customer Base Analysis", appendix.
 */
export function gammaGammaSlopes(spends: readonly Spend[], parameters: ArrayLike<number>): Slopes {
  const [p, q, v] = Array.from(parameters) as [number, number, number]
  const ofQ = { value: logGamma(q), slope: digamma(q), bend: trigamma(q) }
  let own = gammasOf(0, p, q)
  const sums = { value: 0, p: 0, q: 0, v: 0, pp: 0, pq: 0, qq: 0, pv: 0, qv: 0, vv: 0 }
  for (const { x, m } of spends) {
    if (own.x !== x) own = gammasOf(x, p, q)
    const both = x * m + v
    const share = Math.log((x * m) / both)
    const excess = Math.log1p((x * m) / v)
    sums.value += own.value - ofQ.value - q * excess + p * x * share - Math.log(m)
    sums.p += x * (own.slopeBoth - own.slope + share)
    sums.q += own.slopeBoth - ofQ.slope - excess
    sums.v += ((x / v) * (q * m - p * v)) / both
    sums.pp += x * x * (own.bendBoth - own.bend)
    sums.pq += x * own.bendBoth
    sums.qq += own.bendBoth - ofQ.bend
    sums.pv -= x / both
    sums.qv += (x * m) / (v * both)
    sums.vv += (p * x + q) / (both * both) - q / (v * v)
  }
  const { pp, pq, qq, pv, qv, vv } = sums
  return {
    value: sums.value,
    gradient: Float64Array.of(sums.p, sums.q, sums.v),
    hessian: Float64Array.of(pp, pq, pv, pq, qq, qv, pv, qv, vv),
  }
}

/** What a number of repeats contributes, by the gamma functions of px and px + q; nothing without a repeat. */
function gammasOf(x: number, p: number, q: number) {
  if (x === 0) return { x, value: 0, slope: 0, slopeBoth: 0, bend: 0, bendBoth: 0 }
  return {
    x,
    value: logGamma(p * x + q) - logGamma(p * x),
    slope: digamma(p * x),
    slopeBoth: digamma(p * x + q),
    bend: trigamma(p * x),
    bendBoth: trigamma(p * x + q),
  }
}

/** The three likeliest of a grid of shapes, with the rate that gives a mean of 1. */
function starts(spends: readonly Spend[]): number[][] {
  const shapes = [0.3, 1, 3, 10, 30]
  const grid = shapes.flatMap((p) => shapes.map((q) => [p, q, Math.max(q - 1, q / 2) / p]))
  const tried = grid.map((start) => ({ start, value: gammaGammaSlopes(spends, start).value }))
  tried.sort((one, other) => other.value - one.value)
  return tried.slice(0, 3).map(({ start }) => start)
}

function checkSpend(meanSpend: number | null): number {
  const spend = checkFinite('meanSpend', meanSpend ?? Number.NaN)
  return spend >= 0 ? spend : refuse('meanSpend', spend, 'must not be negative')
}
