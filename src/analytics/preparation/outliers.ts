/** Values far from the rest: found by median and MAD, tamed by winsorising. */

import { checkBetween, checkFinite, refuse } from '../core/check.ts'
import { quantile, sortedNumbers } from '../core/quantile.ts'

/** Where the bulk of some values lies, and which lie outside. */
export interface Outliers {
  readonly median: number
  /**
   * The robust deviation: 1.4826 times the median distance from the median (MAD), which for a normal distribution is its
   * standard deviation. Where over half of the values are equal, 1.2533 times the mean distance instead; 0 if all are.
   */
  readonly deviation: number
  /** The least and the largest value that is no outlier: median ± threshold · deviation. */
  readonly fences: { readonly low: number; readonly high: number }
  /** The positions of the outliers, ascending. */
  readonly positions: Int32Array
}

/** Makes the MAD and the mean distance of a normal distribution its standard deviation. */
const madFactor = 1.4826022185056018
const meanFactor = 1.2533141373155001

/**
 * Finds values more than `threshold` robust deviations from the median. One wild value cannot hide another, as it can
 * where the mean and the standard deviation judge.
 *
 * @param threshold Above 0; 3.5 unless given.
 * @throws RangeError if there is no value, one is not finite, or the threshold is not above 0.
 * @see Iglewicz & Hoaglin (1993), "How to Detect and Handle Outliers".
 */
export function findOutliers(values: ArrayLike<number>, threshold = 3.5): Outliers {
  if (!(checkFinite('threshold', threshold) > 0)) refuse('threshold', threshold, 'must be above 0')
  const sorted = sortedNumbers('values', values)
  const median = quantile(sorted, 0.5)
  const distances = sorted.map((value) => Math.abs(value - median)).sort()
  const mad = quantile(distances, 0.5)
  const mean = distances.reduce((sum, distance) => sum + distance / distances.length, 0)
  const deviation = mad > 0 ? madFactor * mad : meanFactor * mean
  const fences = { low: median - threshold * deviation, high: median + threshold * deviation }
  return {
    median,
    deviation,
    fences,
    positions: positionsWhere(values, (value) => value < fences.low || value > fences.high),
  }
}

/** Values drawn in to a range, and which were. */
export interface Winsorised {
  readonly values: Float64Array
  readonly low: number
  readonly high: number
  /** The positions of values that were below and are now `low`, and of those that were above and are now `high`. */
  readonly raised: Int32Array
  readonly lowered: Int32Array
}

/** The shares below and above which values are drawn in. */
export interface WinsorShares {
  /** 0.05 unless given. */
  readonly low?: number
  /** 0.95 unless given. */
  readonly high?: number
}

/**
 * Winsorises: values below the quantile `low` become that quantile, values above `high` that one. Every row stays.
 *
 * @throws RangeError if there is no value, one is not finite, or the shares are not in order between 0 and 1.
 */
export function winsorise(values: ArrayLike<number>, { low = 0.05, high = 0.95 }: WinsorShares = {}): Winsorised {
  const sorted = sortedNumbers('values', values)
  checkBetween('low', low, 0, 1)
  checkBetween('high', high, low, 1)
  return drawIn(values, quantile(sorted, low), quantile(sorted, high))
}

/** Draws outliers in to the fences of `findOutliers`: what lies within stays as it is. */
export function drawInOutliers(values: ArrayLike<number>, threshold = 3.5): Winsorised {
  const { fences } = findOutliers(values, threshold)
  return drawIn(values, fences.low, fences.high)
}

function drawIn(values: ArrayLike<number>, low: number, high: number): Winsorised {
  return {
    values: Float64Array.from(values, (value) => Math.min(Math.max(value, low), high)),
    low,
    high,
    raised: positionsWhere(values, (value) => value < low),
    lowered: positionsWhere(values, (value) => value > high),
  }
}

function positionsWhere(values: ArrayLike<number>, holds: (value: number) => boolean): Int32Array {
  return Int32Array.from(Array.from(values).flatMap((value, position) => (holds(value) ? [position] : [])))
}
