/** What choosing one of several offers (or none) for each customer is worth, estimated where chance had decided. */

import { fallingOrder } from '../classification-metrics.ts'
import { checkFinite, refuse } from '../core/check.ts'
import type { Estimate } from './policy-value.ts'

export interface ChoiceQuestion {
  /** Which offer chance gave each: 0 none, from 1 on the offers. */
  readonly given: ArrayLike<number>
  /** What each customer brought, in cents, before costs. */
  readonly gains: ArrayLike<number>
  /** Of giving any offer. */
  readonly costCents: number
  /** How many offers there are; each was given to some, and so was none. */
  readonly offers: number
  /** What the rule would give, as in `given`. */
  readonly chosen: ArrayLike<number>
}

/** Cents per customer. */
export interface ChoiceValue {
  readonly byRule: Estimate
  /** Of giving everybody the same: by offer, from 1 on; 0 is none. */
  readonly sameForAll: readonly Estimate[]
  /** Which offer brings most if everybody gets it. */
  readonly best: number
  readonly overBest: Estimate
  readonly overNone: Estimate
  /** The share of the customers who get each, 0 for none. */
  readonly shares: readonly number[]
}

const z95 = 1.959964

/**
 * By inverse propensity about the mean of each offer, as `estimatePolicy` does for one offer. The best offer is chosen by
 * the very data that judges, so the rule has to beat a rival that had more luck than it.
 *
 * @throws RangeError if lists differ in length, or an offer (or none) was given to nobody.
 */
export function valueOfChoice(question: ChoiceQuestion): ChoiceValue {
  const { chosen, offers } = question
  const { n, worth } = judged(question)
  if (chosen.length !== n) refuse('chosen.length', chosen.length, `must be ${n}, as gains`)
  const over = (of: (i: number) => number): Estimate => estimate(n, of)
  const sameForAll = Array.from({ length: offers + 1 }, (_, offer) => over((i) => worth(i, offer)))
  const best = bestOffer(sameForAll)
  const shares = sameForAll.map(() => 0)
  for (let i = 0; i < n; i++) shares[chosen[i] as number] = (shares[chosen[i] as number] ?? 0) + 1 / n
  const byRule = (i: number): number => worth(i, chosen[i] as number)
  return {
    byRule: over(byRule),
    sameForAll,
    best,
    overBest: over((i) => byRule(i) - worth(i, best)),
    overNone: over((i) => byRule(i) - worth(i, 0)),
    shares,
  }
}

/** What a budget for so many customers brings, per customer who gets something, beside giving nobody anything. */
export interface BudgetValue {
  /** How many get something, of all. */
  readonly share: number
  /** Those with the highest scores, each the offer that moves them most. */
  readonly byRule: Estimate
  /** As many by chance, all of them the best offer. */
  readonly byChance: Estimate
  readonly overChance: Estimate
}

/**
 * @param scores Of each customer, that of the offer which moves them most; `question.chosen` says which.
 * @throws RangeError as `valueOfChoice` does.
 */
export function valueOfBudget(question: ChoiceQuestion, scores: ArrayLike<number>, share: number): BudgetValue {
  const { chosen, offers } = question
  const { n, worth } = judged(question)
  const best = bestOffer(Array.from({ length: offers + 1 }, (_, offer) => estimate(n, (i) => worth(i, offer))))
  const chances = new Uint8Array(n)
  for (const row of fallingOrder(scores).subarray(0, Math.floor(share * n))) chances[row] = 1
  const byRule = (i: number): number => (chances[i] === 1 ? (worth(i, chosen[i] as number) - worth(i, 0)) / share : 0)
  const byChance = (i: number): number => worth(i, best) - worth(i, 0)
  return {
    share,
    byRule: estimate(n, byRule),
    byChance: estimate(n, byChance),
    overChance: estimate(n, (i) => byRule(i) - byChance(i)),
  }
}

/** What each customer would have brought with each offer: unbiased, customer by customer. */
function judged({ given, gains, costCents, offers }: ChoiceQuestion) {
  const n = gains.length
  checkFinite('costCents', costCents)
  if (given.length !== n) refuse('given.length', given.length, `must be ${n}, as gains`)
  const counts = new Float64Array(offers + 1)
  const sums = new Float64Array(offers + 1)
  for (let i = 0; i < n; i++) {
    const offer = given[i] as number
    counts[offer] = (counts[offer] as number) + 1
    sums[offer] = (sums[offer] as number) + (gains[i] as number)
  }
  const missing = counts.indexOf(0)
  if (missing >= 0) refuse('given', missing, 'must be what some were given')
  const means = sums.map((sum, offer) => sum / (counts[offer] as number))
  const worth = (i: number, offer: number): number => {
    const mean = means[offer] as number
    const net = mean - (offer === 0 ? 0 : costCents)
    return given[i] === offer ? net + (n / (counts[offer] as number)) * ((gains[i] as number) - mean) : net
  }
  return { n, worth }
}

/** From 1 on; none is no offer. */
function bestOffer(sameForAll: readonly Estimate[]): number {
  return sameForAll.reduce(
    (most, { value }, offer) =>
      offer > 0 && (most === 0 || value > (sameForAll[most] as Estimate).value) ? offer : most,
    0,
  )
}

function estimate(n: number, of: (i: number) => number): Estimate {
  const values = Float64Array.from({ length: n }, (_, i) => of(i))
  const value = values.reduce((sum, one) => sum + one, 0) / n
  const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0)
  const half = z95 * Math.sqrt(squares / Math.max(1, n - 1) / n)
  return { value, low: value - half, high: value + half }
}
