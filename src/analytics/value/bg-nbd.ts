/** BG/NBD: how often customers buy until they leave unnoticed. What it says of a customer, given its parameters. */

import { checkFinite, checkWhole, refuse } from '../core/check.ts'
import { expectedCount } from './expected-count.ts'
import { checkedHistory, type PurchaseHistory } from './purchase-history.ts'

/**
 * Each customer buys at a rate of its own, which over all customers is Gamma distributed with shape `r` and rate `alpha`
 * (weeks), and leaves after a repeat with a chance of its own, which is Beta(`a`, `b`) distributed. With `a` = 0 nobody
 * ever leaves: that is the NBD model.
 */
export interface BgNbdParameters {
  readonly r: number
  readonly alpha: number
  readonly a: number
  readonly b: number
}

/**
 * The probability, from 0 to 1, that a quiet customer is still a customer. Exactly 1 with no repeat purchase: this model
 * lets a customer leave only after a repeat.
 *
 * @throws RangeError if the history contradicts itself or holds a value that is not finite.
 * @see Fader, Hardie & Lee (2008), "Computing P(alive) Using the BG/NBD Model".
 */
export function probabilityAlive(history: PurchaseHistory, model: BgNbdParameters): number {
  checkModel(model)
  const { repeatCount, recencyWeeks, ageWeeks } = checkedHistory(history)
  if (repeatCount === 0) return 1

  // In logarithms: as a plain power, a frequent buyer's silence overflows.
  const silence = Math.log1p((ageWeeks - recencyWeeks) / (model.alpha + recencyWeeks))
  const lastDropout = Math.log(model.a) - Math.log(model.b + repeatCount - 1)
  return 1 / (1 + Math.exp((model.r + repeatCount) * silence + lastDropout))
}

/**
 * The number of purchases to expect within some weeks after the history ends.
 *
 * @param weeks Not negative.
 * @throws RangeError if the history contradicts itself, or an argument is not finite or out of its range.
 * @see Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", equation 10; here without its 2F1, which
 * cancels around a = 1 and overflows for frequent buyers (see `expectedCount`).
 */
export function expectedPurchases(history: PurchaseHistory, model: BgNbdParameters, weeks: number): number {
  return probabilityAlive(history, model) * expectedWhileAlive(history, model, weeks)
}

/** The number of purchases to expect within some weeks if the customer is still one; depends on no recency. */
export function expectedWhileAlive(
  { repeatCount, ageWeeks }: Pick<PurchaseHistory, 'repeatCount' | 'ageWeeks'>,
  { r, alpha, a, b }: BgNbdParameters,
  weeks: number,
): number {
  checkWhole('repeatCount', repeatCount, 0)
  if (!(checkFinite('weeks', weeks) >= 0)) refuse('weeks', weeks, 'must not be negative')
  if (a === 0) return (weeks * (r + repeatCount)) / (alpha + ageWeeks)
  return expectedCount({ shape: r + repeatCount, a, b: b + repeatCount }, weeks / (alpha + ageWeeks))
}

/** The number of purchases to expect from a new customer in the first weeks after the first purchase. */
export function expectedFromNewCustomer(model: BgNbdParameters, weeks: number): number {
  return expectedPurchases({ repeatCount: 0, recencyWeeks: 0, ageWeeks: 0 }, model, weeks)
}

function checkModel({ r, alpha, a, b }: BgNbdParameters): void {
  for (const [name, value] of Object.entries({ r, alpha, b })) {
    if (!(checkFinite(`model.${name}`, value) > 0)) refuse(`model.${name}`, value, 'must be above 0')
  }
  if (!(checkFinite('model.a', a) >= 0)) refuse('model.a', a, 'must not be negative')
}
