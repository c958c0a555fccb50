/** Differential privacy: counts and sums with Laplace noise, and a budget that runs out. */

import { checkAllFinite, checkBetween, checkFinite, refuse } from '../core/check.ts'
import type { Random } from '../core/random.ts'

/** What may be told about one group of people, in all. Store it beside the group: it must outlive the process. */
export interface PrivacyBudget {
  readonly epsilon: number
  /** Of that, already spent. */
  readonly spent: number
}

/** An answer, and the budget that is left after it. */
export interface PrivateAnswer {
  readonly value: number
  /** Half of all answers lie nearer than this to the truth. */
  readonly medianError: number
  readonly budget: PrivacyBudget
}

/** Rounding of a sum of ε must not cost the last question. */
const SLACK = 1e-9

/**
 * Takes ε from a budget: the ε of questions about the same people add up.
 *
 * @throws RangeError if the budget does not reach, or a number is not positive.
 * @see Dwork & Roth (2014), "The Algorithmic Foundations of Differential Privacy", theorem 3.16.
 */
export function spendBudget(budget: PrivacyBudget, epsilon: number): PrivacyBudget {
  checkPositive('epsilon', epsilon)
  checkPositive('budget.epsilon', budget.epsilon)
  const spent = budget.spent + epsilon
  const left = Math.max(0, budget.epsilon - budget.spent)
  if (!(spent <= budget.epsilon * (1 + SLACK))) {
    refuse('epsilon', epsilon, `must be within what is left of the privacy budget (${left} of ${budget.epsilon})`)
  }
  return { epsilon: budget.epsilon, spent: Math.min(spent, budget.epsilon) }
}

/**
 * A count of people, with noise of scale 1/ε: one person more or less changes it by at most 1.
 *
 * @throws RangeError if the count is not finite, or the budget does not reach.
 */
export function privateCount(budget: PrivacyBudget, count: number, epsilon: number, random: Random): PrivateAnswer {
  checkFinite('count', count)
  return answer(spendBudget(budget, epsilon), count, 1 / epsilon, random)
}

/**
 * A sum of one amount per person, each first moved into [low, high], with noise of scale max(|low|, |high|)/ε.
 *
 * @param bounds To be set without a look at the data, or they give something away themselves.
 * @throws RangeError if an amount is not finite, low is not below high, or the budget does not reach.
 */
export function privateSum(
  budget: PrivacyBudget,
  amounts: ArrayLike<number>,
  bounds: { readonly low: number; readonly high: number },
  epsilon: number,
  random: Random,
): PrivateAnswer {
  const { low, high } = bounds
  checkAllFinite('bounds', [low, high])
  if (!(low < high)) refuse('bounds.low', low, `must be below bounds.high (${high})`)
  let sum = 0
  for (let i = 0; i < amounts.length; i++) {
    sum += Math.min(high, Math.max(low, checkFinite(`amounts[${i}]`, amounts[i] as number)))
  }
  return answer(spendBudget(budget, epsilon), sum, Math.max(Math.abs(low), Math.abs(high)) / epsilon, random)
}

/**
 * Noise of density e^(−|x|/scale) / (2·scale).
 *
 * @param random For what leaves the house, a source that nobody can foresee; a seed only where the noise must be repeated.
 */
export function laplaceNoise(scale: number, random: Random): number {
  return laplaceQuantile(Math.max(random(), 2 ** -54), scale) // Never infinite.
}

/**
 * The x below which a share p of Laplace noise lies.
 *
 * @throws RangeError unless 0 < p < 1 and the scale is positive.
 */
export function laplaceQuantile(p: number, scale: number): number {
  checkBetween('p', p, Number.MIN_VALUE, 1 - Number.EPSILON / 2)
  checkPositive('scale', scale)
  return p < 0.5 ? scale * Math.log(2 * p) : -scale * Math.log(2 * (1 - p))
}

function answer(budget: PrivacyBudget, truth: number, scale: number, random: Random): PrivateAnswer {
  // The last bits of a double betray which truth the noise was added to; a grid far finer than the noise hides them.
  // Mironov (2012), "On significance of the least significant bits for differential privacy".
  const grid = 2 ** Math.floor(Math.log2(scale / 1024))
  const value = Math.round((truth + laplaceNoise(scale, random)) / grid) * grid
  return { value, medianError: scale * Math.LN2, budget }
}

function checkPositive(argument: string, value: number): void {
  if (!(checkFinite(argument, value) > 0)) refuse(argument, value, 'must be positive')
}
