/** The models that the product scores with, as they are stored: plain JSON, and everything needed to use them. */

import type { LogisticModel } from '../logistic-regression/model.ts'
import type { BgNbdParameters } from '../value/bg-nbd.ts'
import type { GammaGammaParameters } from '../value/gamma-gamma.ts'

/** A logistic regression over `churnFeatureNames`, held as a model of ml-logistic-regression. */
export interface ChurnModel {
  readonly method: 'logistic-regression'
  readonly featureVersion: string
  /** What the probability is about: no purchase within so many days. */
  readonly horizonDays: number
  readonly logistic: LogisticModel
  /** Over the log odds of the regression; see fitCalibration. */
  readonly calibration?: LogisticModel
}

/** The stated rule for a shop with too little data to learn from. */
export interface ChurnRule {
  readonly method: 'rule'
  /** The shop's usual interval between purchases, for customers who have none of their own. */
  readonly shopIntervalDays: number
}

/** BG/NBD with Gamma-Gamma; time in weeks, money in minor units. */
export interface ValueModel {
  readonly method: 'bg-nbd'
  readonly horizonWeeks: number
  readonly discountPerWeek: number
  readonly purchases: BgNbdParameters
  /** Null if spend could not be fitted: then a customer goes on spending as much as so far. */
  readonly spend: GammaGammaParameters | null
  readonly tiers: ValueTiers
}

/** The customer's own revenue a month goes on, discounted: the formula for a shop with too little data to learn from. */
export interface ValueRule {
  readonly method: 'rule'
  readonly horizonMonths: number
  readonly discountPerMonth: number
  readonly tiers: ValueTiers
}

/** From `highCents` on a value is high, from `middleCents` on middle, below low. */
export interface ValueTiers {
  readonly highCents: number
  readonly middleCents: number
}

/** One customer's score with its reasons, the most important first, in plain words. */
export interface ScoreWithReasons {
  readonly value: number
  readonly reasons: readonly string[]
}
