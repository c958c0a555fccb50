/** Two arms compared by their conversion rates. */

import { checkBetween, checkWhole } from '../core/check.ts'
import { normalTwoSided, normalUpperQuantile, Z_95 } from '../core/normal.ts'
import { type ConversionArm, checkConversionArm } from './arms.ts'

/** Low and high end. */
export type Interval = readonly [low: number, high: number]

export interface ProportionTest {
  readonly controlRate: number
  readonly variantRate: number
  /** Variant − control. */
  readonly difference: number
  /** The difference as a share of the control's rate; NaN if that is 0. */
  readonly relativeLift: number
  /** With the pooled variance; NaN if all convert or none does. */
  readonly z: number
  /** Two-sided, without continuity correction, exact in the far tail. */
  readonly p: number
  /** The 95 % interval of the difference, with the unpooled variance (Wald). */
  readonly interval: Interval
}

/**
 * The two-proportion z test.
 *
 * @throws RangeError unless both arms have customers, and no more conversions than those.
 */
export function compareProportions(control: ConversionArm, variant: ConversionArm): ProportionTest {
  checkConversionArm('control', control)
  checkConversionArm('variant', variant)
  const controlRate = control.conversions / control.n
  const variantRate = variant.conversions / variant.n
  const difference = variantRate - controlRate
  const pooled = (control.conversions + variant.conversions) / (control.n + variant.n)
  const z = difference / Math.sqrt(pooled * (1 - pooled) * (1 / control.n + 1 / variant.n))
  const halfWidth = Z_95 * Math.sqrt(differenceVariance(control, variant))
  return {
    controlRate,
    variantRate,
    difference,
    relativeLift: controlRate === 0 ? Number.NaN : difference / controlRate,
    z,
    p: Number.isNaN(z) ? Number.NaN : normalTwoSided(z),
    interval: [difference - halfWidth, difference + halfWidth],
  }
}

/** The variance of the difference of the rates, not pooled. */
export function differenceVariance(control: ConversionArm, variant: ConversionArm): number {
  return rateVariance(control) + rateVariance(variant)
}

/**
 * An interval for one rate that holds its level near 0 and 1 too.
 *
 * @throws RangeError unless 0 < level < 1 and there are no more conversions than customers.
 * @see Wilson (1927), "Probable inference, the law of succession, and statistical inference".
 */
export function wilsonInterval(arm: ConversionArm, level = 0.95): Interval {
  checkConversionArm('arm', arm)
  checkBetween('level', level, 1e-12, 1 - 1e-12)
  const z = normalUpperQuantile((1 - level) / 2)
  const { n, conversions } = arm
  const rate = conversions / n
  const centre = (conversions + (z * z) / 2) / (n + z * z)
  const halfWidth = (z / (n + z * z)) * Math.sqrt(n * rate * (1 - rate) + (z * z) / 4)
  // At the ends the exact bound is 0 or 1, and rounding would step beyond it.
  return [conversions === 0 ? 0 : centre - halfWidth, conversions === n ? 1 : centre + halfWidth]
}

/**
 * An interval for the difference variant − control that never leaves [−1, 1] and holds its level for small arms too.
 *
 * @throws RangeError as `wilsonInterval` does.
 * @see Newcombe (1998), "Interval estimation for the difference between independent proportions", method 10.
 */
export function newcombeInterval(control: ConversionArm, variant: ConversionArm, level = 0.95): Interval {
  const [controlLow, controlHigh] = wilsonInterval(control, level)
  const [variantLow, variantHigh] = wilsonInterval(variant, level)
  const controlRate = control.conversions / control.n
  const variantRate = variant.conversions / variant.n
  const difference = variantRate - controlRate
  return [
    difference - Math.hypot(variantRate - variantLow, controlHigh - controlRate),
    difference + Math.hypot(variantHigh - variantRate, controlRate - controlLow),
  ]
}

/** What a test is to notice, and how surely. */
export interface SampleSizeQuestion {
  /** The rate without the change. */
  readonly baseline: number
  /** The least absolute change of the rate that must not go unnoticed; negative for a fall. */
  readonly effect: number
  /** Two-sided. Default 0.05. */
  readonly alpha?: number
  /** The chance to notice the effect. Default 0.8. */
  readonly power?: number
}

/**
 * How many customers each arm of a conversion test needs.
 *
 * @throws RangeError unless both rates lie strictly between 0 and 1, the effect is not 0, and alpha and power lie strictly
 * between 0 and 1.
 * @see Fleiss, Levin & Paik (2003), "Statistical Methods for Rates and Proportions", 4.2, without continuity correction.
 */
export function sampleSizePerArm({ baseline, effect, alpha = 0.05, power = 0.8 }: SampleSizeQuestion): number {
  const other = baseline + effect
  checkInside('baseline', baseline)
  checkInside('baseline + effect', other)
  checkInside('alpha', alpha)
  checkInside('power', power)
  if (effect === 0) throw new RangeError('effect: 0 must not be 0: no number of customers can show it')
  const mean = (baseline + other) / 2
  const chance = normalUpperQuantile(alpha / 2) * Math.sqrt(2 * mean * (1 - mean))
  const miss = normalUpperQuantile(1 - power) * Math.sqrt(baseline * (1 - baseline) + other * (1 - other))
  return checkWhole('the number of customers', Math.ceil(((chance + miss) / effect) ** 2), 1)
}

function checkInside(argument: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new RangeError(`${argument}: ${value} must lie between 0 and 1, both excluded`)
}

function rateVariance({ n, conversions }: ConversionArm): number {
  const rate = conversions / n
  return (rate * (1 - rate)) / n
}
