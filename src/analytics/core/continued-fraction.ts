/** Continued fractions, for the far tails where a power series would cancel. */

/** Keeps a denominator that happens to be 0 from dividing; the next step makes up for it. */
const TINY = 1e-300

/**
 * b₀ + a₁/(b₁ + a₂/(b₂ + …)), until another term changes nothing. It must converge.
 *
 * @param numerator a_k for k = 1, 2, …
 * @param denominator b_k for k = 0, 1, …
 * @see Lentz's method as modified by Thompson & Barnett (1986), J. Comput. Phys. 64.
 */
export function continuedFraction(numerator: (k: number) => number, denominator: (k: number) => number): number {
  let value = denominator(0) || TINY
  let c = value
  let d = 0
  for (let k = 1; ; k++) {
    const a = numerator(k)
    const b = denominator(k)
    d = 1 / (b + a * d || TINY)
    c = b + a / c || TINY
    const factor = c * d
    value *= factor
    if (Math.abs(factor - 1) <= Number.EPSILON) return value
  }
}
