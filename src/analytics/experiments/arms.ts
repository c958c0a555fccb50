/** What an arm of an experiment has shown. */

import { checkAllFinite, checkWhole, refuse } from '../core/check.ts'

/** Of so many customers, so many converted. */
export interface ConversionArm {
  readonly n: number
  readonly conversions: number
}

/** Amounts in an arm, summed up. */
export interface ValueArm {
  readonly n: number
  readonly mean: number
  /** The sample deviation, with n − 1. */
  readonly deviation: number
}

/** @throws RangeError unless n is a whole number of at least 1 and the conversions one from 0 to n. */
export function checkConversionArm(argument: string, { n, conversions }: ConversionArm): void {
  checkWhole(`${argument}.n`, n, 1)
  checkWhole(`${argument}.conversions`, conversions, 0, n)
}

/** @throws RangeError unless n is a whole number of at least 2, mean and deviation are finite and that is not negative. */
export function checkValueArm(argument: string, { n, mean, deviation }: ValueArm): void {
  checkWhole(`${argument}.n`, n, 2)
  checkAllFinite(argument, [mean, deviation])
  if (deviation < 0) refuse(`${argument}.deviation`, deviation, 'must not be negative')
}

/**
 * Sums amounts up.
 *
 * @throws RangeError if there are fewer than two, or one is not finite.
 */
export function valueArm(argument: string, values: ArrayLike<number>): ValueArm {
  checkAllFinite(argument, values)
  if (values.length < 2) refuse(`${argument}.length`, values.length, 'must be at least 2')
  const n = values.length
  let sum = 0
  for (let i = 0; i < n; i++) sum += values[i] as number
  const rough = sum / n
  let rest = 0
  let squares = 0
  for (let i = 0; i < n; i++) {
    const difference = (values[i] as number) - rough
    rest += difference
    squares += difference * difference
  }
  const variance = Math.max(0, squares - (rest * rest) / n) / (n - 1)
  return { n, mean: rough + rest / n, deviation: Math.sqrt(variance) }
}
