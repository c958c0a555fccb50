/** Fitting BG/NBD by maximum likelihood, and seeing when it has no maximum. */

import { refuse } from '../core/check.ts'
import type { BgNbdParameters } from './bg-nbd.ts'
import { bgNbdSlopes, groupHistories, type HistoryGroups, nbdSlopes } from './bg-nbd-likelihood.ts'
import { type Maximum, maximise } from './maximise.ts'
import type { PurchaseHistory } from './purchase-history.ts'

export interface BgNbdFit {
  /** Ready for predictions. With `limit` they are the limit's: `a` is 0 and `b` is of no account. */
  readonly parameters: BgNbdParameters
  /** Natural, of all customers together, at these parameters. */
  readonly logLikelihood: number
  /**
   * `nbd` where the likelihood has no finite maximum, as it only rises towards that of NBD while the chance to leave goes
   * to 0: nothing in the data shows that anybody has left.
   */
  readonly limit: 'nbd' | null
  /**
   * Whether the parameters are the peak of the likelihood. If not, some of them have run off (r and alpha where all
   * customers buy at one rate; a and b where all leave with one chance, or some at once and the rest never): the
   * likelihood goes on rising, by next to nothing, and predictions hardly change any more.
   */
  readonly converged: boolean
  /** Newton steps of the best start. */
  readonly iterations: number
}

/**
 * The parameters under which the histories are most likely; exact derivatives, several starts.
 *
 * @param histories Of all customers, those without a repeat too. Their order changes nothing.
 * @throws RangeError if a history contradicts itself, or no customer has a repeat: then any low rate fits.
 */
export function fitBgNbd(histories: readonly PurchaseHistory[]): BgNbdFit {
  const groups = groupHistories(histories)
  if (groups.mostRepeats === 0) refuse('histories', 'no customer', 'has a repeat purchase: at least one must')

  const nbd = maximise((at) => nbdSlopes(groups, at), nbdStart(groups))
  const fits = starts(groups, nbd).map((start) => maximise((at) => bgNbdSlopes(groups, at), start))
  const best = fits.reduce((highest, fit) => (fit.value > highest.value ? fit : highest))
  if (best.value <= nbd.value + roundingOf(nbd.value)) {
    const [r, alpha] = Array.from(nbd.parameters) as [number, number]
    return { parameters: { r, alpha, a: 0, b: 1 }, logLikelihood: nbd.value, limit: 'nbd', ...endOf(nbd) }
  }
  const [r, alpha, a, b] = Array.from(best.parameters) as [number, number, number, number]
  return { parameters: { r, alpha, a, b }, logLikelihood: best.value, limit: null, ...endOf(best) }
}

function endOf({ converged, iterations }: Maximum): { converged: boolean; iterations: number } {
  return { converged, iterations }
}

/** A rate that gives as many repeats as there were, spread as widely as an exponential. */
function nbdStart({ repeats, age, weights }: HistoryGroups): number[] {
  const total = (values: ArrayLike<number>): number => weights.reduce((sum, w, i) => sum + w * (values[i] as number), 0)
  return [1, total(age) / total(repeats)]
}

const startsForA = [0.01, 0.1, 1, 10]
const startsForB = [0.1, 1, 10, 100]

/** The two likeliest of a grid of drop-outs, with the rates of NBD: the likelihood may have more than one peak. */
function starts(groups: HistoryGroups, nbd: Maximum): number[][] {
  const grid = startsForA.flatMap((a) => startsForB.map((b) => [...nbd.parameters, a, b]))
  const tried = grid.map((start) => ({ start, value: bgNbdSlopes(groups, start).value }))
  tried.sort((one, other) => other.value - one.value)
  return tried.slice(0, 2).map(({ start }) => start)
}

/** What adding up the customers may have lost of a likelihood. */
function roundingOf(value: number): number {
  return 1e-11 * (1 + Math.abs(value))
}
