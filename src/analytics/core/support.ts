/** Minimum support: from the share that an analyst names to the count that a miner compares with. */

import { checkBetween, refuse } from './check.ts'

/** How many patterns a miner finds before it refuses to go on, unless told otherwise: some 500 MB of results. */
export const defaultMostPatterns = 10_000_000

/**
 * The least count that makes a pattern frequent: ⌈share · total − 10⁻⁹⌉, and at least 1. The tiny allowance keeps a
 * share such as 0.1 of 30, whose product is a little above 3 in floating point, at 3.
 *
 * @throws RangeError unless 0 < share ≤ 1.
 */
export function leastCount(argument: string, share: number, total: number): number {
  if (!(share > 0)) refuse(argument, share, 'must be a share above 0 and at most 1')
  checkBetween(argument, share, 0, 1)
  return Math.max(1, Math.ceil(share * total - 1e-9))
}

/** Ends a search whose result would not fit: a low support can ask for more patterns than there are atoms. */
export function refuseTooMany(what: string, most: number): never {
  throw new RangeError(`minSupport: gives more than ${most} ${what}; it must be higher, or the limit must`)
}
