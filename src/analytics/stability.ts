/** Has a population moved? The population stability index of a column against a reference. */

import { checkWhole, refuse } from './core/check.ts'
import { quantile, sortedNumbers } from './core/quantile.ts'

/** How a column was spread when it was looked at first. Plain JSON, to be stored as it is. */
export interface Spread {
  /** Ascending; bin i holds what is at least edge i − 1 and below edge i. One bin more than edges. */
  readonly edges: readonly number[]
  /** Of the rows in each bin; they add up to 1. */
  readonly shares: readonly number[]
}

/** A share of nothing would make the index infinite. */
const leastShare = 1e-4

/** From here on a shift is worth a look, and from `largeShift` on worth a training. The usual thumb rule. */
export const largeShift = 0.25

/**
 * Up to `bins` bins of about equal size; fewer where many rows hold the same value.
 *
 * @throws RangeError if there is no value, or one is not finite.
 */
export function spreadOf(values: ArrayLike<number>, bins = 10): Spread {
  checkWhole('bins', bins, 2)
  const sorted = sortedNumbers('values', values)
  const cuts = Array.from({ length: bins - 1 }, (_, i) => quantile(sorted, (i + 1) / bins))
  const edges = [...new Set(cuts)]
  return { edges, shares: sharesIn(values, edges) }
}

/**
 * Σ (now − then)·ln(now / then) over the bins; 0 for the same shares.
 *
 * @throws RangeError if there is no value or one is not finite.
 */
export function stabilityIndex(reference: Spread, values: ArrayLike<number>): number {
  const now = sharesIn(values, reference.edges)
  return reference.shares.reduce((sum, share, bin) => {
    const before = Math.max(leastShare, share)
    const after = Math.max(leastShare, now[bin] as number)
    return sum + (after - before) * Math.log(after / before)
  }, 0)
}

function sharesIn(values: ArrayLike<number>, edges: readonly number[]): number[] {
  if (values.length === 0) refuse('values', 'nothing', 'must hold at least one value')
  const counts = Array.from({ length: edges.length + 1 }, () => 0)
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (!Number.isFinite(value)) refuse(`values[${i}]`, value, 'must be finite')
    let bin = 0
    while (bin < edges.length && value >= (edges[bin] as number)) bin++
    counts[bin] = (counts[bin] as number) + 1
  }
  return counts.map((count) => count / values.length)
}
