/** The likelihood of BG/NBD and NBD with its first and second derivatives: what the fits climb. */

import type { BgNbdParameters } from './bg-nbd.ts'
import type { Slopes } from './maximise.ts'
import { checkedHistory, type PurchaseHistory } from './purchase-history.ts'

/** Different histories in ascending order, each with the number of customers who have it. */
export interface HistoryGroups {
  /** x, t_x, T and how many customers; one entry a group. */
  readonly repeats: Int32Array
  readonly recency: Float64Array
  readonly age: Float64Array
  readonly weights: Float64Array
  readonly mostRepeats: number
}

/**
 * Puts equal histories together. What is computed from the groups does not depend on the order of the customers.
 *
 * @throws RangeError if a history contradicts itself or holds a value that is not finite.
 */
export function groupHistories(histories: readonly PurchaseHistory[]): HistoryGroups {
  const sorted = histories.map(checkedHistory).sort(compareHistories)
  const firsts = sorted.filter(
    (history, i) => i === 0 || compareHistories(sorted[i - 1] as PurchaseHistory, history) !== 0,
  )
  const weights = new Float64Array(firsts.length)
  let group = -1
  for (const history of sorted) {
    if (history === firsts[group + 1]) group++
    weights[group] = (weights[group] as number) + 1
  }
  return {
    repeats: Int32Array.from(firsts, (history) => history.repeatCount),
    recency: Float64Array.from(firsts, (history) => history.recencyWeeks),
    age: Float64Array.from(firsts, (history) => history.ageWeeks),
    weights,
    mostRepeats: firsts.at(-1)?.repeatCount ?? 0,
  }
}

function compareHistories(a: PurchaseHistory, b: PurchaseHistory): number {
  return a.repeatCount - b.repeatCount || a.recencyWeeks - b.recencyWeeks || a.ageWeeks - b.ageWeeks
}

/** The log-likelihood of BG/NBD for all customers together: natural, total, at any parameters, `a` = 0 included. */
export function bgNbdLogLikelihood(histories: readonly PurchaseHistory[], { r, alpha, a, b }: BgNbdParameters): number {
  return bgNbdSlopes(groupHistories(histories), [r, alpha, a, b]).value
}

/**
 * The log-likelihood of BG/NBD by (r, alpha, a, b):
 *
 *     ln Γ(r+x)/Γ(r) + ln B(a,b+x)/B(a,b) + r ln α − (r+x) ln(α+T) + [x > 0] ln(1 + eᵘ)
 *     u = ln(a / (b+x−1)) + (r+x) ln((α+T)/(α+t_x))
 *
 * As x is whole, the gamma and beta functions are sums of x logarithms, and one table serves all customers.
 *
 * @see Fader, Hardie & Lee (2005), "Counting Your Customers the Easy Way", equation 6.
 */
export function bgNbdSlopes(groups: HistoryGroups, parameters: ArrayLike<number>): Slopes {
  const [r, alpha, a, b] = Array.from(parameters) as [number, number, number, number]
  const { repeats, recency, age, weights, mostRepeats } = groups
  const rate = gammaTable(r, mostRepeats)
  const stay = betaTable(a, b, mostRepeats)
  const gradient = new Float64Array(4)
  const hessian = new Float64Array(16)
  const slopes = new Float64Array(4) // Of u.
  let value = 0
  for (let i = 0; i < weights.length; i++) {
    const x = repeats[i] as number
    const w = weights[i] as number
    const later = alpha + (age[i] as number)
    const inverse = 1 / later
    const grown = Math.log1p((age[i] as number) / alpha)
    value += w * ((rate.value[x] as number) + (stay.value[x] as number) - r * grown - x * Math.log(later))
    add(gradient, 0, w * ((rate.slope[x] as number) - grown))
    add(gradient, 1, w * inverse * ((r * (age[i] as number)) / alpha - x))
    add(gradient, 2, w * (stay.byA[x] as number))
    add(gradient, 3, w * (stay.byB[x] as number))
    add(hessian, 0, w * (rate.bend[x] as number))
    add(hessian, 4, w * inverse * ((age[i] as number) / alpha))
    add(hessian, 5, w * ((r + x) * inverse * inverse - r / (alpha * alpha)))
    add(hessian, 10, w * (stay.byAA[x] as number))
    add(hessian, 14, w * (stay.byAB[x] as number))
    add(hessian, 15, w * (stay.byBB[x] as number))
    if (x === 0) continue

    const lastInverse = 1 / (alpha + (recency[i] as number))
    const silence = Math.log1p(((age[i] as number) - (recency[i] as number)) * lastInverse)
    const stayed = 1 / (b + x - 1)
    const u = Math.log(a) + Math.log(stayed) + (r + x) * silence
    const gone = 1 / (1 + Math.exp(-u)) // The chance that the last repeat was the end.
    value += w * (u > 0 ? u + Math.log1p(Math.exp(-u)) : Math.log1p(Math.exp(u)))
    slopes[0] = silence
    slopes[1] = (r + x) * (inverse - lastInverse)
    slopes[2] = 1 / a
    slopes[3] = -stayed
    for (let j = 0; j < 4; j++) {
      add(gradient, j, w * gone * (slopes[j] as number))
      const bend = w * gone * (1 - gone) * (slopes[j] as number)
      for (let k = 0; k <= j; k++) add(hessian, j * 4 + k, bend * (slopes[k] as number))
    }
    add(hessian, 4, w * gone * (inverse - lastInverse))
    add(hessian, 5, w * gone * (r + x) * (lastInverse * lastInverse - inverse * inverse))
    add(hessian, 10, (-w * gone) / (a * a))
    add(hessian, 15, w * gone * stayed * stayed)
  }
  return { value, gradient, hessian: mirrored(hessian, 4) }
}

/** The log-likelihood of NBD, where nobody leaves, by (r, alpha); see `bgNbdSlopes`. */
export function nbdSlopes(
  { repeats, age, weights, mostRepeats }: HistoryGroups,
  parameters: ArrayLike<number>,
): Slopes {
  const [r, alpha] = Array.from(parameters) as [number, number]
  const rate = gammaTable(r, mostRepeats)
  const gradient = new Float64Array(2)
  const hessian = new Float64Array(4)
  let value = 0
  for (let i = 0; i < weights.length; i++) {
    const x = repeats[i] as number
    const w = weights[i] as number
    const later = alpha + (age[i] as number)
    const grown = Math.log1p((age[i] as number) / alpha)
    value += w * ((rate.value[x] as number) - r * grown - x * Math.log(later))
    add(gradient, 0, w * ((rate.slope[x] as number) - grown))
    add(gradient, 1, (w / later) * ((r * (age[i] as number)) / alpha - x))
    add(hessian, 0, w * (rate.bend[x] as number))
    add(hessian, 2, (w / later) * ((age[i] as number) / alpha))
    add(hessian, 3, w * ((r + x) / later ** 2 - r / (alpha * alpha)))
  }
  return { value, gradient, hessian: mirrored(hessian, 2) }
}

/** ln Γ(r + x)/Γ(r) with its derivatives by r, for x from 0 to `most`. */
function gammaTable(r: number, most: number) {
  const value = new Float64Array(most + 1)
  const slope = new Float64Array(most + 1)
  const bend = new Float64Array(most + 1)
  for (let k = 0; k < most; k++) {
    const inverse = 1 / (r + k)
    value[k + 1] = (value[k] as number) + Math.log(r + k)
    slope[k + 1] = (slope[k] as number) + inverse
    bend[k + 1] = (bend[k] as number) - inverse * inverse
  }
  return { value, slope, bend }
}

/** ln B(a, b + x)/B(a, b) with its derivatives, for x from 0 to `most`. */
function betaTable(a: number, b: number, most: number) {
  const table = () => new Float64Array(most + 1)
  const [value, byA, byB, byAA, byAB, byBB] = [table(), table(), table(), table(), table(), table()] as const
  for (let k = 0; k < most; k++) {
    const own = 1 / (b + k)
    const both = 1 / (a + b + k)
    value[k + 1] = (value[k] as number) - Math.log1p(a * own)
    byA[k + 1] = (byA[k] as number) - both
    byB[k + 1] = (byB[k] as number) + a * own * both
    byAA[k + 1] = (byAA[k] as number) + both * both
    byAB[k + 1] = byAA[k + 1] as number
    byBB[k + 1] = (byBB[k] as number) - a * own * both * (own + both)
  }
  return { value, byA, byB, byAA, byAB, byBB }
}

function add(target: Float64Array, at: number, amount: number): void {
  target[at] = (target[at] as number) + amount
}

/** Copies the lower triangle to the upper one. */
function mirrored(matrix: Float64Array, n: number): Float64Array {
  return matrix.map((value, at) => {
    const [row, column] = [Math.floor(at / n), at % n]
    return row < column ? (matrix[column * n + row] as number) : value
  })
}
