/** A test that may be looked at after every customer and stopped at any time, and still keeps its level. */

import { checkFinite, refuse } from '../core/check.ts'
import { type ConversionArm, checkConversionArm } from './arms.ts'
import { differenceVariance, type Interval } from './proportions.ts'

/** The arms as they stand at a look: totals since the start. */
export interface Look {
  readonly control: ConversionArm
  readonly variant: ConversionArm
}

export interface SequentialOptions {
  /**
   * τ: how large differences of the rates are expected to be, as a standard deviation. It must be fixed beforehand; any
   * value keeps the level, a fitting one finds an effect sooner. Default 0.01, one percentage point.
   */
  readonly expectedDifference?: number
  /** Of the intervals. Default 0.95. */
  readonly level?: number
}

export interface SequentialResult {
  /** ln of the mixture likelihood ratio of a difference against none. */
  readonly logLikelihoodRatio: number
  /** P(ever seeing a p as small as this | no difference) is at most this p. Never rises from look to look. */
  readonly p: number
  /** Variant − control; all looks' intervals hold the true difference with the level's probability, together. */
  readonly interval: Interval
}

/**
 * Always-valid p-values and intervals by the mixture sequential probability ratio test, with a normal mixture over the
 * difference and its estimated variance.
 *
 * @param looks In order; an arm never shrinks.
 * @throws RangeError if an arm has more conversions than customers, or fewer customers than at the look before, or an
 * option is out of range.
 * @see Johari, Koomen, Pekelis & Walsh (2022), "Always Valid Inference: Continuous Monitoring of A/B Tests", Operations
 * Research 70 (3), eq. (14) and Corollary 2.
 */
export function sequentialTest(
  looks: readonly Look[],
  { expectedDifference = 0.01, level = 0.95 }: SequentialOptions = {},
): SequentialResult[] {
  if (!(checkFinite('expectedDifference', expectedDifference) > 0)) {
    refuse('expectedDifference', expectedDifference, 'must be positive')
  }
  if (!(level > 0 && level < 1)) refuse('level', level, 'must lie between 0 and 1, both excluded')
  const tauSquared = expectedDifference ** 2
  let p = 1
  return looks.map((look, i) => {
    checkLook(look, i, looks[i - 1])
    const { control, variant } = look
    const variance = differenceVariance(control, variant)
    const difference = variant.conversions / variant.n - control.conversions / control.n
    const logLikelihoodRatio = logRatio(difference, variance, tauSquared)
    p = Math.min(p, Math.exp(-logLikelihoodRatio))
    const halfWidth = intervalHalfWidth(variance, tauSquared, 1 - level)
    return { logLikelihoodRatio, p, interval: [difference - halfWidth, difference + halfWidth] }
  })
}

/** Without variance yet (nobody, or everybody, converted) there is nothing to say: a ratio of 1. */
function logRatio(difference: number, variance: number, tauSquared: number): number {
  if (variance === 0) return 0
  const both = variance + tauSquared
  return 0.5 * Math.log(variance / both) + (tauSquared * difference ** 2) / (2 * variance * both)
}

/** The differences whose own ratio stays below 1/α. */
function intervalHalfWidth(variance: number, tauSquared: number, alpha: number): number {
  if (variance === 0) return Number.POSITIVE_INFINITY
  const both = variance + tauSquared
  return Math.sqrt(((variance * both) / tauSquared) * (Math.log(both / variance) - 2 * Math.log(alpha)))
}

function checkLook(look: Look, number: number, before: Look | undefined): void {
  for (const arm of ['control', 'variant'] as const) {
    const argument = `looks[${number}].${arm}`
    checkConversionArm(argument, look[arm])
    if (!before) continue
    const { n, conversions } = look[arm]
    if (n < before[arm].n) refuse(`${argument}.n`, n, `must not be below that of the look before (${before[arm].n})`)
    if (conversions < before[arm].conversions) {
      refuse(`${argument}.conversions`, conversions, 'must not be below those of the look before')
    }
  }
}
