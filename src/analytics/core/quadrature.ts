/** Integrals of smooth functions over pieces. */

/** The points of Gauss and Legendre on [−1, 1] and their weights; exact for polynomials of degree 2n − 1. */
interface Rule {
  readonly points: Float64Array
  readonly weights: Float64Array
}

const rule = legendreRule(12)

/**
 * ∫ f over the pieces between neighbouring breakpoints, twelve points a piece. Exact to rounding if the breakpoints lie
 * close enough for f to be a polynomial of moderate degree between them.
 *
 * @param breakpoints Ascending; equal neighbours are an empty piece.
 */
export function integratePieces(f: (x: number) => number, breakpoints: ArrayLike<number>): number {
  let total = 0
  for (let i = 1; i < breakpoints.length; i++) {
    const low = breakpoints[i - 1] as number
    const half = ((breakpoints[i] as number) - low) / 2
    if (half <= 0) continue
    let sum = 0
    for (let k = 0; k < rule.points.length; k++) {
      sum += (rule.weights[k] as number) * f(low + half * (1 + (rule.points[k] as number)))
    }
    total += half * sum
  }
  return total
}

/** By Newton's method on the Legendre polynomial, from the usual cosines. Abramowitz & Stegun (1964), 25.4.29. */
function legendreRule(n: number): Rule {
  const points = new Float64Array(n)
  const weights = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5))
    let slope = 0
    for (let step = 0; step < 8; step++) {
      let [value, before] = [1, 0]
      for (let k = 1; k <= n; k++) [value, before] = [((2 * k - 1) * x * value - (k - 1) * before) / k, value]
      slope = (n * (x * value - before)) / (x * x - 1)
      x -= value / slope
    }
    points[i] = x
    weights[i] = 2 / ((1 - x * x) * slope * slope)
  }
  return { points, weights }
}
