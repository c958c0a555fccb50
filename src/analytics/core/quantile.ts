/** Quantiles of data. */

import { checkAllFinite, checkBetween } from './check.ts'

/** The values in ascending order, as the quantiles want them. @throws RangeError if there is none, or one is not finite. */
export function sortedNumbers(argument: string, values: ArrayLike<number>): Float64Array {
  return Float64Array.from(checkAllFinite(argument, values)).sort()
}

/**
 * The quantile by linear interpolation between the two nearest values (R's type 7, NumPy's default).
 *
 * @param sorted At least one value, ascending.
 * @param share From 0 (the least value) to 1 (the largest).
 * @see Hyndman & Fan (1996), "Sample Quantiles in Statistical Packages".
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const position = (sorted.length - 1) * checkBetween('share', share, 0, 1)
  const below = Math.floor(position)
  const low = sorted[below] as number
  const high = sorted[Math.min(below + 1, sorted.length - 1)] as number
  const part = position - below
  // From the nearer of the two, so that equal values give exactly that value and the end is met exactly.
  return part < 0.5 ? low + part * (high - low) : high - (1 - part) * (high - low)
}
