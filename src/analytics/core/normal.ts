/** The normal distribution and the error function, with all their digits in the far tails. */

import { refuse } from './check.ts'
import { continuedFraction } from './continued-fraction.ts'
import { LOG_SQRT_TWO_PI } from './special.ts'

const TWO_OVER_SQRT_PI = 2 / Math.sqrt(Math.PI)

/** The 97.5 % point of the normal distribution: the half-width of a 95 % interval in standard errors. */
export const Z_95 = 1.959963984540054

/** erf x = 2/√π ∫₀ˣ e^(−t²) dt. */
export function erf(x: number): number {
  return Math.abs(x) < 1 ? erfSeries(x) : Math.sign(x) * (1 - erfcTail(Math.abs(x)))
}

/** erfc x = 1 − erf x, relatively exact for large x, down to the smallest double. */
export function erfc(x: number): number {
  if (Math.abs(x) < 1) return 1 - erfSeries(x)
  return x > 0 ? erfcTail(x) : 2 - erfcTail(-x)
}

/** The density of the standard normal distribution. */
function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x - LOG_SQRT_TWO_PI)
}

/** P(Z ≤ x) of the standard normal distribution; relatively exact in the lower tail. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x * Math.SQRT1_2)
}

/** P(Z > x) of the standard normal distribution; relatively exact in the upper tail. */
export function normalUpperTail(x: number): number {
  return 0.5 * erfc(x * Math.SQRT1_2)
}

/** P(|Z| ≥ |z|): the two-sided p-value of a z statistic; relatively exact however small. */
export function normalTwoSided(z: number): number {
  return erfc(Math.abs(z) * Math.SQRT1_2)
}

/**
 * The x with P(Z > x) = tail, so that tails far smaller than a double's distance from 1 can be asked for.
 *
 * @throws RangeError unless 0 < tail < 1.
 * @see Abramowitz & Stegun (1964), 26.2.23 for the start; Halley's method does the rest.
 */
export function normalUpperQuantile(tail: number): number {
  if (!(tail > 0 && tail < 1)) refuse('tail', tail, 'must lie between 0 and 1, both excluded')
  if (tail === 0.5) return 0
  const small = Math.min(tail, 1 - tail)
  const t = Math.sqrt(-2 * Math.log(small))
  const ratio = (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  let x = t - ratio
  for (let step = 0; step < 3; step++) {
    const miss = (normalUpperTail(x) - small) / normalDensity(x)
    x += miss / (1 - 0.5 * miss * x)
  }
  return tail < 0.5 ? x : -x
}

/** The x with P(Z ≤ x) = p. @throws RangeError unless 0 < p < 1. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) refuse('p', p, 'must lie between 0 and 1, both excluded')
  return -normalUpperQuantile(p)
}

/** For |x| < 1: 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!, whose terms all have one sign. Abramowitz & Stegun 7.1.6. */
function erfSeries(x: number): number {
  const square = x * x
  let term = x
  let sum = x
  for (let n = 1; ; n++) {
    term *= (2 * square) / (2 * n + 1)
    const next = sum + term
    if (next === sum) return TWO_OVER_SQRT_PI * Math.exp(-square) * sum
    sum = next
  }
}

const one = (): number => 1

/** For x ≥ 1, by the continued fraction of Abramowitz & Stegun 7.1.14. */
function erfcTail(x: number): number {
  if (x > 27.5) return 0 // Below the smallest double.
  // Two exact parts of x²: rounded as a whole, the exponential of a square of 700 would lose three digits.
  const coarse = Math.fround(x)
  const gauss = Math.exp(-coarse * coarse) * Math.exp((coarse - x) * (coarse + x))
  const step = 1 / (2 * x * x)
  return (0.5 * TWO_OVER_SQRT_PI * gauss) / (x * continuedFraction((k) => k * step, one))
}
