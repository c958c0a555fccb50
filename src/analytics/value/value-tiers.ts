/** High, middle or low: customers by what they are worth. */

import { checkBetween, refuse } from '../core/check.ts'
import { quantile, sortedNumbers } from '../core/quantile.ts'

export type ValueTier = 'high' | 'middle' | 'low'

export interface TierShares {
  /** From which quantile of the values on a customer is of high value; 0.8 unless given: the best fifth. */
  readonly high?: number
  /** From which quantile on of middle value; 0.5 unless given. */
  readonly middle?: number
}

/** The tiers of all customers, and where they part: a value at a limit is of the tier above it. */
export interface ValueTiers {
  /** One for each value, in their order. */
  readonly tiers: readonly ValueTier[]
  readonly limits: { readonly high: number; readonly middle: number }
}

/**
 * Parts customers by a value of theirs, the CVS or the predicted CLV. If many share the least value, as customers without
 * a purchase do, they are of low value, whatever the quantiles say.
 *
 * @param values One finite number for each customer.
 * @throws RangeError if there is none, one is not finite, or the shares do not lie in order between 0 and 1.
 */
export function valueTiers(values: ArrayLike<number>, { high = 0.8, middle = 0.5 }: TierShares = {}): ValueTiers {
  const sorted = sortedNumbers('values', values)
  checkBetween('high', high, 0, 1)
  checkBetween('middle', middle, 0, 1)
  if (middle > high) refuse('middle', middle, `must be at most high (${high})`)
  const limits = { high: quantile(sorted, high), middle: quantile(sorted, middle) }
  return { tiers: Array.from(values, (value) => tierOf(value, limits, sorted[0] as number)), limits }
}

function tierOf(value: number, limits: ValueTiers['limits'], least: number): ValueTier {
  if (value === least) return 'low'
  if (value >= limits.high) return 'high'
  return value >= limits.middle ? 'middle' : 'low'
}
