/** Tails and quantiles of the distributions that tests use: Student's t and chi-square. */

import { checkFinite, refuse } from './check.ts'
import { regularizedBeta, upperGamma } from './incomplete.ts'
import { findRoot } from './root.ts'

/**
 * P(|T| ≥ |t|) for Student's t, relatively exact however small.
 *
 * @param degreesOfFreedom Any positive number; Welch's are rarely whole.
 * @throws RangeError unless t is finite and the degrees of freedom are positive.
 */
export function studentTwoSided(t: number, degreesOfFreedom: number): number {
  checkDegrees(degreesOfFreedom)
  const square = checkFinite('t', t) ** 2
  const whole = degreesOfFreedom + square
  if (whole === Number.POSITIVE_INFINITY) return 0
  return regularizedBeta(degreesOfFreedom / 2, 0.5, degreesOfFreedom / whole, square / whole)
}

/**
 * The t ≥ 0 with P(|T| ≥ t) = p for Student's t: for p = 0.05 the half-width of a 95 % interval in standard errors.
 *
 * @throws RangeError unless 0 < p < 1 and the degrees of freedom are positive.
 */
export function studentTwoSidedQuantile(p: number, degreesOfFreedom: number): number {
  if (!(p > 0 && p < 1)) refuse('p', p, 'must lie between 0 and 1, both excluded')
  checkDegrees(degreesOfFreedom)
  const miss = (t: number): number => Math.log(studentTwoSided(t, degreesOfFreedom) / p)
  let high = 2
  while (miss(high) > 0) high *= 2
  return findRoot(miss, 0, high)
}

/**
 * P(X ≥ x) of the chi-square distribution, relatively exact however small.
 *
 * @throws RangeError unless x ≥ 0 and the degrees of freedom are positive.
 */
export function chiSquareUpperTail(x: number, degreesOfFreedom: number): number {
  checkDegrees(degreesOfFreedom)
  return upperGamma(degreesOfFreedom / 2, x / 2)
}

function checkDegrees(degreesOfFreedom: number): void {
  if (!(checkFinite('degreesOfFreedom', degreesOfFreedom) > 0)) {
    refuse('degreesOfFreedom', degreesOfFreedom, 'must be positive')
  }
}
