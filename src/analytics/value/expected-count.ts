/** The one hard number of BG/NBD: how many purchases a customer makes in a time, before leaving. */

import { regularizedBeta } from '../core/incomplete.ts'
import { integratePieces } from '../core/quadrature.ts'
import { logBeta } from '../core/special.ts'

/** What is believed of a customer who has not left: rate ~ Gamma(`shape`), chance to leave ~ Beta(`a`, `b`). */
export interface Belief {
  readonly shape: number
  readonly a: number
  readonly b: number
}

/** Up to so many times the rate parameter the sum is taken term by term: some forty terms for each. */
const mostTimeByTerms = 1000

/**
 * The expected number of purchases in a time of `time` (in units of the rate parameter, alpha plus the customer's age).
 *
 * If nobody left, the number n would be negative binomial: P(n) ∝ (shape)ₙ/n! · zⁿ with z = time / (1 + time). Of these a
 * customer makes on average S(n) = Σ_{j<n} (b)ⱼ/(a + b)ⱼ before leaving. So the answer is the mean of S(n): a sum of
 * positive terms, exact to the last digits for any parameters. (Summed up it is the formula with 2F1 of Fader, Hardie &
 * Lee (2005), equation 9, whose difference is 0/0 at a = 1.)
 */
export function expectedCount(belief: Belief, time: number): number {
  if (time === 0) return 0
  return time <= mostTimeByTerms ? sumByTerms(belief, time) : sumByTails(belief, time)
}

function sumByTerms({ shape, a, b }: Belief, time: number): number {
  const z = time / (1 + time)
  let chance = 1 // Of n, but for a factor that the division at the end takes out.
  let chances = 1
  let kept = 0 // S(n)
  let stay = 1 // (b)ₙ/(a + b)ₙ
  let sum = 0
  for (let n = 0; ; n++) {
    const ratio = (z * (shape + n)) / (n + 1)
    chance *= ratio
    kept += stay
    stay *= (b + n) / (a + b + n)
    chances += chance
    sum += chance * kept
    if (chances > 1e250) {
      chance *= 1e-250
      chances *= 1e-250
      sum *= 1e-250
    }
    // From here on the terms fall faster than powers of `ratio`, S(n) growing by less than 1 a term.
    const rest = chance / (1 - ratio) ** 2
    if (ratio < 1 && rest < 1e-17 * chances && rest * (kept + 1) < 1e-17 * sum) return sum / chances
  }
}

/** From here on the tail of the sum is taken as an integral. */
const wholeTerms = 256

/**
 * The same mean as Σⱼ (b)ⱼ/(a + b)ⱼ · P(n > j), whose far terms are so smooth in j that Gauss's rule takes them by the
 * thousand. For a time of many units: the plain sum would need dozens of terms for each. Relatively exact to 1e-12, with
 * a shape below 1 to 1e-12 / shape.
 */
function sumByTails({ shape, a, b }: Belief, time: number): number {
  const z = time / (1 + time)
  const beyond = (j: number): number => regularizedBeta(j + 1, shape, z, 1 / (1 + time)) // P(n > j)
  const logBetaAB = logBeta(a, b)
  const term = (j: number): number => Math.exp(logBeta(a, b + j) - logBetaAB) * beyond(j)

  // Σ_{j ≥ J} f(j) = ∫_{J − ½} f + f′(J − ½)/24 − …: the midpoint rule, backwards (Euler and Maclaurin).
  const from = wholeTerms - 0.5
  const mean = shape * time
  const end = mean + 10 * Math.sqrt(mean * (1 + time)) + 45 * (1 + time)
  const growth = 1 + Math.min(0.5, 2 / Math.sqrt(shape)) // P(n > j) falls around the mean within 1/√shape of it.
  const breakpoints = [from]
  while ((breakpoints.at(-1) as number) < end) breakpoints.push((breakpoints.at(-1) as number) * growth)
  const slope = term(from + 0.5) - term(from - 0.5)
  return firstTails({ shape, a, b }, time, beyond(wholeTerms - 1)) + integratePieces(term, breakpoints) + slope / 24
}

/** The first terms of that sum; their chances P(n > j) are added up backwards from the last, so that none cancels. */
function firstTails({ shape, a, b }: Belief, time: number, last: number): number {
  const z = time / (1 + time)
  const chances = new Float64Array(wholeTerms) // P(n)
  const stay = new Float64Array(wholeTerms) // (b)ₙ/(a + b)ₙ
  chances[0] = Math.exp(-shape * Math.log1p(time))
  stay[0] = 1
  for (let n = 1; n < wholeTerms; n++) {
    chances[n] = ((chances[n - 1] as number) * z * (shape + n - 1)) / n
    stay[n] = ((stay[n - 1] as number) * (b + n - 1)) / (a + b + n - 1)
  }
  let beyond = last
  let sum = 0
  for (let j = wholeTerms - 1; j >= 0; j--) {
    sum += (stay[j] as number) * beyond
    beyond += chances[j] as number
  }
  return sum
}
