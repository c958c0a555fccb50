/** Sending more customers to the arms that do better, while still learning about the others. */

import { checkBetween, refuse } from '../core/check.ts'
import type { Random } from '../core/random.ts'
import { randomBeta } from '../core/random-variates.ts'
import type { ConversionArm } from './arms.ts'
import { posteriorOf, probabilitiesToBeBest, UNIFORM_PRIOR } from './bayesian.ts'

/**
 * The arm for the next customer: the one whose rate, drawn from what is believed of it, is highest.
 *
 * @returns The arm's number.
 * @throws RangeError unless there is an arm, all are sound, and the prior's parameters are at least ½.
 * @see Thompson (1933), "On the likelihood that one unknown probability exceeds another"; Chapelle & Li (2011), "An
 * Empirical Evaluation of Thompson Sampling".
 */
export function thompsonChoice(arms: readonly ConversionArm[], random: Random, prior = UNIFORM_PRIOR): number {
  if (arms.length === 0) refuse('arms', 'nothing', 'must hold at least one arm')
  let best = 0
  let highest = -1
  arms.forEach((arm, i) => {
    const { alpha, beta } = posteriorOf(arm, prior)
    const rate = randomBeta(alpha, beta, random)
    if (rate > highest) [best, highest] = [i, rate]
  })
  return best
}

/**
 * The shares of a batch of customers that Thompson sampling would give to the arms: the probabilities to be best, of
 * which each arm keeps at least a floor, so that a change of taste is still noticed.
 *
 * @param floor The least share of an arm, from 0 to 1 / number of arms. Default 0.
 * @returns One share per arm; they add up to 1.
 * @throws RangeError as `thompsonChoice` does, or if the floor is out of range.
 */
export function thompsonShares(arms: readonly ConversionArm[], floor = 0, prior = UNIFORM_PRIOR): number[] {
  const best = probabilitiesToBeBest(arms, prior)
  checkBetween('floor', floor, 0, 1 / arms.length)
  const total = best.reduce((sum, share) => sum + share, 0)
  const free = 1 - floor * arms.length
  return best.map((share) => floor + (free * share) / total)
}
