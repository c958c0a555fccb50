/** Customers who buy and leave as BG/NBD says, for the tests of the value models. */

import type { Random } from '../../../src/analytics/core/random.ts'
import { seededRandom } from '../../../src/analytics/core/random.ts'
import type { BgNbdParameters } from '../../../src/analytics/value/bg-nbd.ts'
import type { PurchaseHistory } from '../../../src/analytics/value/purchase-history.ts'

/** Customers as BG/NBD sees them, each followed for the given weeks. */
export function simulate(
  count: number,
  weeks: number,
  { r, alpha, a, b }: BgNbdParameters,
  seed: number,
): PurchaseHistory[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => {
    const [x, y] = [gamma(a, random), gamma(b, random)]
    return live(weeks, gamma(r, random) / alpha, x / (x + y), random)
  })
}

/** One customer with a rate per week and a chance to leave after each repeat. */
export function live(ageWeeks: number, rate: number, drop: number, random: Random): PurchaseHistory {
  let [repeatCount, recencyWeeks, now] = [0, 0, 0]
  for (;;) {
    now -= Math.log(1 - random()) / rate
    if (now > ageWeeks) return { repeatCount, recencyWeeks, ageWeeks }
    repeatCount++
    recencyWeeks = now
    if (random() < drop) return { repeatCount, recencyWeeks, ageWeeks }
  }
}

/** A Gamma variate of rate 1, by Marsaglia and Tsang (2000). */
function gamma(shape: number, random: Random): number {
  if (shape < 1) return gamma(shape + 1, random) * (1 - random()) ** (1 / shape)
  const d = shape - 1 / 3
  for (;;) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
    const v = (1 + normal / Math.sqrt(9 * d)) ** 3
    if (v > 0 && Math.log(1 - random()) < 0.5 * normal * normal + d - d * v + d * Math.log(v)) return d * v
  }
}
