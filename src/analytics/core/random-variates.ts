/** Draws from distributions, made from a seeded stream of uniform numbers. */

import { checkFinite, refuse } from './check.ts'
import type { Random } from './random.ts'

/** A draw from the standard normal distribution. Marsaglia's polar method. */
export function randomNormal(random: Random): number {
  for (;;) {
    const x = 2 * random() - 1
    const y = 2 * random() - 1
    const square = x * x + y * y
    if (square > 0 && square < 1) return x * Math.sqrt((-2 * Math.log(square)) / square)
  }
}

/**
 * A draw from the gamma distribution of a shape, scale 1.
 *
 * @throws RangeError unless the shape is positive and finite.
 * @see Marsaglia & Tsang (2000), "A Simple Method for Generating Gamma Variables", ACM TOMS 26 (3).
 */
export function randomGamma(shape: number, random: Random): number {
  if (!(checkFinite('shape', shape) > 0)) refuse('shape', shape, 'must be positive')
  if (shape < 1) return randomGamma(shape + 1, random) * (1 - random()) ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const normal = randomNormal(random)
    const v = (1 + c * normal) ** 3
    if (v <= 0) continue
    const u = 1 - random() // In (0, 1], so that its logarithm is finite.
    if (Math.log(u) < 0.5 * normal * normal + d * (1 - v + Math.log(v))) return d * v
  }
}

/** A draw from Beta(a, b). @throws RangeError unless a and b are positive and finite. */
export function randomBeta(a: number, b: number, random: Random): number {
  const x = randomGamma(a, random)
  const y = randomGamma(b, random)
  return x + y === 0 ? a / (a + b) : x / (x + y)
}
