/** Tests of sums and averages, exact to the last digit. */

import type { ValueTest } from '../condition.ts'
import { compareDecimals, type Decimal, decimalOf, times } from './decimal.ts'

/** Whether `sum ÷ count` passes. Nothing is divided: the bounds are multiplied instead. */
export function exactPasses(test: ValueTest, sum: Decimal, count = 1): boolean {
  const compare = (bound: unknown): number =>
    typeof bound === 'number' ? compareDecimals(sum, times(decimalOf(bound), count)) : Number.NaN
  return (
    (test.equals === undefined || compare(test.equals) === 0) &&
    (test.notEquals === undefined || compare(test.notEquals) !== 0) &&
    (test.atLeast === undefined || compare(test.atLeast) >= 0) &&
    (test.atMost === undefined || compare(test.atMost) <= 0) &&
    (test.moreThan === undefined || compare(test.moreThan) > 0) &&
    (test.lessThan === undefined || compare(test.lessThan) < 0)
  )
}
