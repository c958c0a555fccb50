/** Whether customers fell to the arms as they should have: if not, nothing else about the experiment can be trusted. */

import { checkWhole, refuse } from '../core/check.ts'
import { chiSquareUpperTail } from '../core/distributions.ts'

export interface SampleRatioTest {
  readonly chiSquare: number
  /** Far below 0.001: something in the assignment or the logging is broken. */
  readonly p: number
}

/**
 * Pearson's χ² test of the arms' sizes against their planned shares.
 *
 * @param sizes How many customers each arm got.
 * @param shares What each arm should get, in any unit; equal if left out.
 * @throws RangeError unless there are two arms, whole sizes not all 0, and as many positive shares.
 * @see Fabijan et al. (2019), "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments".
 */
export function sampleRatioTest(sizes: readonly number[], shares = sizes.map(() => 1)): SampleRatioTest {
  if (sizes.length < 2) refuse('sizes.length', sizes.length, 'must be at least 2')
  if (shares.length !== sizes.length) refuse('shares.length', shares.length, `must be as of sizes (${sizes.length})`)
  sizes.forEach((size, i) => checkWhole(`sizes[${i}]`, size, 0))
  shares.forEach((share, i) => {
    if (!(share > 0 && share < Number.POSITIVE_INFINITY)) refuse(`shares[${i}]`, share, 'must be a positive number')
  })
  const total = sizes.reduce((sum, size) => sum + size, 0)
  if (total === 0) refuse('sizes', 'nobody', 'must hold at least one customer')
  const whole = shares.reduce((sum, share) => sum + share, 0)
  const chiSquare = sizes.reduce((sum, size, i) => {
    const expected = (total * (shares[i] as number)) / whole
    return sum + (size - expected) ** 2 / expected
  }, 0)
  return { chiSquare, p: chiSquareUpperTail(chiSquare, sizes.length - 1) }
}
