/** CUPED: what was known of the customers before the experiment explains part of their spread, and is taken out. */

import { checkAllFinite, refuse } from '../core/check.ts'
import { valueArm } from './arms.ts'
import { compareMeans, type WelchTest } from './welch.ts'

/** The customers of an arm, one entry each in both lists. */
export interface CovariateArm {
  /** What the experiment is about. */
  readonly outcome: ArrayLike<number>
  /** The same customers' value from before the experiment, usually of the same measure. */
  readonly covariate: ArrayLike<number>
}

export interface CupedTest extends WelchTest {
  /** The covariate's coefficient. */
  readonly theta: number
  /** The share of the outcome's variance that is gone: the squared correlation within the arms. */
  readonly varianceReduction: number
}

/**
 * Welch's test on outcome − θ·(covariate − its mean), with θ from both arms, each about its own means, so that the
 * effect itself does not leak into θ.
 *
 * @throws RangeError unless both arms have at least two customers, and finite numbers in lists of one length.
 * @see Deng, Xu, Kohavi & Walker (2013), "Improving the Sensitivity of Online Controlled Experiments by Utilizing
 * Pre-Experiment Data".
 */
export function cupedTest(control: CovariateArm, variant: CovariateArm): CupedTest {
  const arms = [checkedMoments('control', control), checkedMoments('variant', variant)] as const
  const total = (key: 'covariances' | 'covariateSquares' | 'outcomeSquares'): number => arms[0][key] + arms[1][key]
  const covariateSquares = total('covariateSquares')
  const theta = covariateSquares === 0 ? 0 : total('covariances') / covariateSquares
  const outcomeSquares = total('outcomeSquares')
  const explained = theta * total('covariances')
  const sizes = [control.outcome.length, variant.outcome.length] as const
  const mean = (arms[0].covariateMean * sizes[0] + arms[1].covariateMean * sizes[1]) / (sizes[0] + sizes[1])
  return {
    ...compareMeans(
      valueArm('control.outcome', adjusted(control, theta, mean)),
      valueArm('variant.outcome', adjusted(variant, theta, mean)),
    ),
    theta,
    varianceReduction: outcomeSquares === 0 ? 0 : explained / outcomeSquares,
  }
}

interface Moments {
  readonly covariateMean: number
  readonly covariances: number
  readonly covariateSquares: number
  readonly outcomeSquares: number
}

/** Sums about the arm's own means. */
function checkedMoments(argument: string, { outcome, covariate }: CovariateArm): Moments {
  const outcomeMean = valueArm(`${argument}.outcome`, outcome).mean
  checkAllFinite(`${argument}.covariate`, covariate)
  if (covariate.length !== outcome.length) {
    refuse(`${argument}.covariate.length`, covariate.length, `must be as of the outcome (${outcome.length})`)
  }
  const covariateMean = valueArm(`${argument}.covariate`, covariate).mean
  let [covariances, covariateSquares, outcomeSquares] = [0, 0, 0]
  for (let i = 0; i < outcome.length; i++) {
    const x = (covariate[i] as number) - covariateMean
    const y = (outcome[i] as number) - outcomeMean
    covariances += x * y
    covariateSquares += x * x
    outcomeSquares += y * y
  }
  return { covariateMean, covariances, covariateSquares, outcomeSquares }
}

function adjusted({ outcome, covariate }: CovariateArm, theta: number, mean: number): Float64Array {
  return Float64Array.from(outcome, (value, i) => value - theta * ((covariate[i] as number) - mean))
}
