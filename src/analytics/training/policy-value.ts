/** What a rule of whom to treat is worth, estimated from an experiment in which chance decided. */

import { checkFinite, refuse } from '../core/check.ts'
import { checkMarks } from '../uplift/two-model.ts'

export interface PolicyQuestion {
  /** 1 where treated, else 0; by chance. */
  readonly treatment: ArrayLike<number>
  /** What each customer brought, in cents, before the cost of treating. */
  readonly gains: ArrayLike<number>
  readonly costCents: number
  /** 1 where the rule would treat. */
  readonly treats: ArrayLike<number>
}

export interface Estimate {
  readonly value: number
  /** 95 %. */
  readonly low: number
  readonly high: number
}

/** Cents per customer. */
export interface PolicyValue {
  readonly byRule: Estimate
  readonly treatAll: Estimate
  readonly treatNone: Estimate
  readonly overAll: Estimate
  readonly overNone: Estimate
  /** The share of the customers that the rule treats. */
  readonly treatedShare: number
}

const z95 = 1.959964

/**
 * Net value by inverse propensity: of each customer whom chance treated as a rule would, the gain (less the cost) divided
 * by the chance of that. Differences are estimated customer by customer, which is what makes their intervals narrow.
 *
 * @throws RangeError if lists differ in length, or all or none are treated.
 * @see Horvitz & Thompson (1952); with weights that add up, Hájek (1971).
 */
export function estimatePolicy({ treatment, gains, costCents, treats }: PolicyQuestion): PolicyValue {
  const n = gains.length
  checkMarks('treatment', treatment, n)
  checkMarks('treats', treats, n)
  checkFinite('costCents', costCents)
  let treated = 0
  for (let i = 0; i < n; i++) treated += treatment[i] as number
  if (treated === 0 || treated === n) refuse('treatment', treated, 'must hold treated and untreated rows')
  const chance = treated / n
  const mean = (side: 0 | 1): number => {
    let sum = 0
    for (let i = 0; i < n; i++) if (treatment[i] === side) sum += gains[i] as number
    return sum / (side === 1 ? treated : n - treated)
  }
  const means = [mean(0), mean(1)] as const
  // Gains are taken against the mean of their side, which is added again: the chance of the split then cancels out.
  const worth = (i: number, treat: number): number => {
    const side = treat === 1 ? 1 : 0
    const cost = side === 1 ? costCents : 0
    if (treatment[i] !== side) return means[side] - cost
    const weight = 1 / (side === 1 ? chance : 1 - chance)
    return means[side] + weight * ((gains[i] as number) - means[side]) - cost
  }
  const rows = Array.from({ length: n }, (_, i) => ({
    rule: worth(i, treats[i] as number),
    all: worth(i, 1),
    none: worth(i, 0),
  }))
  let treatedByRule = 0
  for (let i = 0; i < n; i++) treatedByRule += treats[i] as number
  return {
    byRule: estimate(rows.map(({ rule }) => rule)),
    treatAll: estimate(rows.map(({ all }) => all)),
    treatNone: estimate(rows.map(({ none }) => none)),
    overAll: estimate(rows.map(({ rule, all }) => rule - all)),
    overNone: estimate(rows.map(({ rule, none }) => rule - none)),
    treatedShare: treatedByRule / n,
  }
}

function estimate(values: readonly number[]): Estimate {
  const value = values.reduce((sum, one) => sum + one, 0) / values.length
  const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0)
  const half = z95 * Math.sqrt(squares / Math.max(1, values.length - 1) / values.length)
  return { value, low: value - half, high: value + half }
}
