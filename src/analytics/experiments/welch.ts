/** Two arms compared by the mean of an amount. */

import { studentTwoSided, studentTwoSidedQuantile } from '../core/distributions.ts'
import { checkValueArm, type ValueArm } from './arms.ts'
import type { Interval } from './proportions.ts'

export interface WelchTest {
  /** Variant − control. */
  readonly difference: number
  /** NaN if neither arm varies. */
  readonly t: number
  readonly degreesOfFreedom: number
  /** Two-sided, exact in the far tail. */
  readonly p: number
  /** The 95 % interval of the difference. */
  readonly interval: Interval
}

/**
 * Welch's t test, which does not take the arms' variances for equal.
 *
 * @throws RangeError unless both arms have at least two customers and finite numbers.
 * @see Welch (1947), "The generalization of Student's problem when several different population variances are involved".
 */
export function compareMeans(control: ValueArm, variant: ValueArm): WelchTest {
  checkValueArm('control', control)
  checkValueArm('variant', variant)
  const difference = variant.mean - control.mean
  const controlPart = control.deviation ** 2 / control.n
  const variantPart = variant.deviation ** 2 / variant.n
  const variance = controlPart + variantPart
  if (variance === 0) {
    const { NaN: none } = Number
    return { difference, t: none, degreesOfFreedom: none, p: none, interval: [difference, difference] }
  }
  const error = Math.sqrt(variance)
  const t = difference / error
  // In shares of the variance, so that tiny amounts do not vanish when squared.
  const degreesOfFreedom =
    1 / ((controlPart / variance) ** 2 / (control.n - 1) + (variantPart / variance) ** 2 / (variant.n - 1))
  const halfWidth = studentTwoSidedQuantile(0.05, degreesOfFreedom) * error
  return {
    difference,
    t,
    degreesOfFreedom,
    p: studentTwoSided(t, degreesOfFreedom),
    interval: [difference - halfWidth, difference + halfWidth],
  }
}
