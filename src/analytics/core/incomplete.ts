/** The regularised incomplete gamma and beta functions: the tails of most distributions of statistics. */

import { checkFinite, refuse } from './check.ts'
import { continuedFraction } from './continued-fraction.ts'
import { devianceTerm, LOG_SQRT_TWO_PI, stirlingRemainder } from './special.ts'

/**
 * P(a, x) = γ(a, x) / Γ(a), the lower tail of the gamma distribution, relatively exact where it is small.
 *
 * @throws RangeError unless a > 0 and x ≥ 0, both finite.
 */
export function lowerGamma(a: number, x: number): number {
  return x < a + 1 ? gammaSeries(a, x) : 1 - gammaFraction(a, x)
}

/**
 * Q(a, x) = 1 − P(a, x), relatively exact where it is small.
 *
 * @throws RangeError unless a > 0 and x ≥ 0, both finite.
 */
export function upperGamma(a: number, x: number): number {
  return x < a + 1 ? 1 - gammaSeries(a, x) : gammaFraction(a, x)
}

/**
 * I_x(a, b), the distribution function of Beta(a, b) at x; relatively exact where it is small.
 *
 * @param complement 1 − x, for callers who know it to more digits than the subtraction gives.
 * @throws RangeError unless a, b > 0 and 0 ≤ x ≤ 1.
 * @see Didonato & Morris (1992), "Algorithm 708", ACM TOMS 18 (3): the continued fraction and when to use it.
 */
export function regularizedBeta(a: number, b: number, x: number, complement = 1 - x): number {
  checkPositive('a', a)
  checkPositive('b', b)
  if (!(x >= 0 && x <= 1)) refuse('x', x, 'must lie between 0 and 1')
  if (x === 0) return 0
  if (complement === 0) return 1
  const inLowerTail = x < (a + 1) / (a + b + 2)
  return inLowerTail ? betaFraction(a, b, x, complement) : 1 - betaFraction(b, a, complement, x)
}

/** The logarithm of the density of Beta(a, b) at 0 < x < 1, exact to the last digits also for a, b of many millions. */
export function logBetaDensity(a: number, b: number, x: number, complement = 1 - x): number {
  return logBetaKernel(a, b, x, complement) - Math.log(x) - Math.log(complement)
}

/** ln of x^a (1 − x)^b / B(a, b), by Loader's saddle point: with large a and b the logarithms themselves would cancel. */
function logBetaKernel(a: number, b: number, x: number, complement: number): number {
  const n = a + b
  const remainders = stirlingRemainder(a) + stirlingRemainder(b) - stirlingRemainder(n)
  // The means miss a and b by the same amount; from the larger of x and its complement it would lose digits.
  const excess = x < complement ? n * x - a : b - n * complement
  const deviance = devianceTerm(a, n * x, excess) + devianceTerm(b, n * complement, -excess)
  return 0.5 * Math.log((a / n) * b) - LOG_SQRT_TWO_PI - remainders - deviance
}

/** I_x(a, b) below the mean. The even part of DLMF 8.17.22, as in Algorithm 708: there no term cancels near x = 1. */
function betaFraction(a: number, b: number, x: number, complement: number): number {
  const first = a * complement - b * x + 1
  const share = (m: number): number => ((a + m) / (a + 2 * m + 1)) * (first + m * (1 + complement))
  const fraction = continuedFraction(
    (m) => (((a + m - 1) / (a + 2 * m - 1)) * m * (b - m) * x * (a + b + m - 1) * x) / (a + 2 * m - 1),
    (m) => (m === 0 ? share(0) : m + (m * (b - m) * x) / (a + 2 * m - 1) + share(m)), // At m = 0 and a = 1 it is 0/0.
  )
  return Math.exp(logBetaKernel(a, b, x, complement)) / fraction
}

/** ln of x^a e^(−x) / Γ(a), by Loader's saddle point. */
function logGammaKernel(a: number, x: number): number {
  return 0.5 * Math.log(a) - LOG_SQRT_TWO_PI - stirlingRemainder(a) - devianceTerm(a, x)
}

/** P(a, x) as a power series. DLMF 8.11.4. */
function gammaSeries(a: number, x: number): number {
  checkGammaArguments(a, x)
  if (x === 0) return 0
  let term = 1 / a
  let sum = term
  for (let n = 1; ; n++) {
    term *= x / (a + n)
    const next = sum + term
    if (next === sum) return Math.min(1, sum * Math.exp(logGammaKernel(a, x)))
    sum = next
  }
}

/** Q(a, x) as a continued fraction, for x ≥ a + 1. DLMF 8.9.2, its even part. */
function gammaFraction(a: number, x: number): number {
  checkGammaArguments(a, x)
  const fraction = continuedFraction(
    (k) => k * (a - k),
    (k) => x + 2 * k + 1 - a,
  )
  return Math.exp(logGammaKernel(a, x)) / fraction
}

function checkGammaArguments(a: number, x: number): void {
  checkPositive('a', a)
  if (checkFinite('x', x) < 0) refuse('x', x, 'must not be negative')
}

function checkPositive(argument: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) refuse(argument, value, 'must be a positive finite number')
}
