/** What is believed of conversion rates after an experiment: Beta posteriors, compared exactly. */

import { checkFinite, refuse } from '../core/check.ts'
import { logBetaDensity, regularizedBeta } from '../core/incomplete.ts'
import { integratePieces } from '../core/quadrature.ts'
import { type ConversionArm, checkConversionArm } from './arms.ts'

/** A Beta distribution. */
export interface BetaDistribution {
  readonly alpha: number
  readonly beta: number
}

/** Every rate equally likely. The other usual choice, Jeffreys's, has ½ and ½. */
export const UNIFORM_PRIOR: BetaDistribution = { alpha: 1, beta: 1 }

/**
 * What is believed of an arm's rate.
 *
 * @throws RangeError unless the arm is sound and the prior's parameters are at least ½.
 */
export function posteriorOf(arm: ConversionArm, prior = UNIFORM_PRIOR): BetaDistribution {
  checkConversionArm('arm', arm)
  return {
    alpha: posteriorParameter('prior.alpha', prior.alpha, arm.conversions),
    beta: posteriorParameter('prior.beta', prior.beta, arm.n - arm.conversions),
  }
}

/** P(the variant's rate > the control's), to about 1e-10 (1e-7 with Jeffreys's prior). @throws RangeError as `posteriorOf` does. */
export function probabilityBetter(control: ConversionArm, variant: ConversionArm, prior = UNIFORM_PRIOR): number {
  const [, better] = probabilitiesToBeBest([control, variant], prior)
  return better as number
}

/**
 * For each arm the probability that its rate is the highest of all, as exactly as `probabilityBetter`. They add up to 1.
 *
 * @throws RangeError unless there is an arm, all are sound, and the prior's parameters are at least ½.
 */
export function probabilitiesToBeBest(arms: readonly ConversionArm[], prior = UNIFORM_PRIOR): number[] {
  if (arms.length === 0) refuse('arms', 'nothing', 'must hold at least one arm')
  const posteriors = arms.map((arm) => posteriorOf(arm, prior))
  const breakpoints = breakpointsOf(posteriors)
  return posteriors.map((own, i) => {
    const others = posteriors.filter((_, j) => j !== i)
    const density = (x: number): number => {
      if (x === 1) return 0 // A node that rounding put on the end, where a density may be infinite.
      const here = Math.exp(logBetaDensity(own.alpha, own.beta, x))
      return here === 0 ? 0 : others.reduce((product, other) => product * cdf(other, x), here)
    }
    return Math.min(1, integratePieces(density, breakpoints))
  })
}

/**
 * What choosing an arm is expected to cost in conversion rate, E[max(other − chosen, 0)]: small also when it is uncertain
 * which one is better, as long as they are close.
 *
 * @throws RangeError as `posteriorOf` does.
 * @see Stucchio (2015), "Bayesian A/B Testing at VWO".
 */
export function expectedLoss(chosen: ConversionArm, other: ConversionArm, prior = UNIFORM_PRIOR): number {
  const mine = posteriorOf(chosen, prior)
  const theirs = posteriorOf(other, prior)
  const density = (x: number): number => cdf(mine, x) * regularizedBeta(theirs.beta, theirs.alpha, 1 - x, x)
  return integratePieces(density, breakpointsOf([mine, theirs]))
}

function cdf({ alpha, beta }: BetaDistribution, x: number): number {
  return regularizedBeta(alpha, beta, x)
}

/**
 * Where to cut [0, 1] so that every one of the densities and their integrals is smooth between: in steps of half its
 * deviation where it is high, in growing steps in its tails, in shrinking ones towards the ends.
 */
function breakpointsOf(distributions: readonly BetaDistribution[]): Float64Array {
  const points = [0, 1]
  for (const { alpha, beta } of distributions) {
    const mean = alpha / (alpha + beta)
    const deviation = Math.sqrt((mean * (1 - mean)) / (alpha + beta + 1))
    for (let k = -16; k <= 16; k++) points.push(mean + 0.5 * k * deviation)
    for (let k = 9; k < 60; k *= 1.25) points.push(mean + k * deviation, mean - k * deviation)
    // Jeffreys's density is infinite at an end where nobody has been seen yet.
    for (let share = 0.5; share > (alpha < 1 ? 1e-30 : 1e-6); share /= 2) points.push(mean * share)
    for (let share = 0.5; share > (beta < 1 ? 1e-16 : 1e-6); share /= 2) points.push(1 - (1 - mean) * share)
  }
  return Float64Array.from(points.filter((x) => x >= 0 && x <= 1)).sort()
}

function posteriorParameter(argument: string, prior: number, count: number): number {
  if (!(checkFinite(argument, prior) >= 0.5)) refuse(argument, prior, 'must be at least 0.5')
  return prior + count
}
