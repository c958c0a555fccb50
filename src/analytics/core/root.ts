/** Where a function crosses zero. */

import { refuse } from './check.ts'

/**
 * A zero of a continuous function between two points at which its signs differ, to the last digits.
 *
 * @throws RangeError if the function has the same sign at both ends.
 * @see Oliveira & Takahashi (2020), "An Enhancement of the Bisection Method Average Performance Preserving Minmax
 * Optimality" (the ITP method): superlinear, and never more than a few steps behind bisection.
 */
export function findRoot(f: (x: number) => number, low: number, high: number): number {
  let [a, b] = [low, high]
  let [fa, fb] = [f(a), f(b)]
  if (fa === 0) return a
  if (fb === 0) return b
  if (fa > 0 === fb > 0) refuse('[low, high]', `[${low}, ${high}]`, 'must enclose a change of sign')

  const width = b - a
  const tolerance = 2 * Number.EPSILON * Math.max(Math.abs(a), Math.abs(b), Number.MIN_VALUE)
  const bisections = Math.ceil(Math.log2(width / (2 * tolerance)))
  for (let step = 0; b - a > 2 * tolerance; step++) {
    const middle = (a + b) / 2
    const secant = (fb * a - fa * b) / (fb - fa)
    const side = Math.sign(middle - secant)
    const truncation = (0.2 / width) * (b - a) ** 2
    const truncated = truncation <= Math.abs(middle - secant) ? secant + side * truncation : middle
    const radius = tolerance * 2 ** (bisections + 1 - step) - (b - a) / 2
    const projected = Math.abs(truncated - middle) <= radius ? truncated : middle - side * radius
    const x = projected > a && projected < b ? projected : middle // Rounding may put it on an end.
    if (x <= a || x >= b) break
    const fx = f(x)
    if (fx === 0) return x
    if (fx > 0 === fb > 0) [b, fb] = [x, fx]
    else [a, fa] = [x, fx]
  }
  return (a + b) / 2
}
