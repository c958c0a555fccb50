/** The gamma function's family in logarithms, to about 1e-15 relative: what the densities of this library rest on. */

import { refuse } from './check.ts'

/** ln √(2π). */
export const LOG_SQRT_TWO_PI = 0.9189385332046728

const ONE_MINUS_EULER_GAMMA = 0.42278433509846713

/** (−1)^k (ζ(k) − 1) / k for k = 2 … 27: the series of ln Γ(2 + w). */
const LOG_GAMMA_SERIES = Float64Array.of(
  0.3224670334241132,
  -0.0673523010531981,
  0.020580808427784546,
  -0.007385551028673986,
  0.0028905103307415234,
  -0.001192753911703261,
  0.0005096695247430425,
  -0.00022315475845357939,
  9.945751278180853e-5,
  -4.492623673813314e-5,
  2.050721277567069e-5,
  -9.439488275268397e-6,
  4.374866789907488e-6,
  -2.039215753801366e-6,
  9.55141213040742e-7,
  -4.492469198764566e-7,
  2.1207184805554665e-7,
  -1.0043224823968099e-7,
  4.7698101693639804e-8,
  -2.2711094608943164e-8,
  1.0838659214896955e-8,
  -5.183475041970047e-9,
  2.4836745438024785e-9,
  -1.1921401405860912e-9,
  5.731367241678862e-10,
  -2.7595228851242334e-10,
)

/** B₂ₖ / (2k(2k − 1)) for k = 1 … 9: Stirling's series. */
const STIRLING_SERIES = Float64Array.of(
  1 / 12,
  -1 / 360,
  1 / 1260,
  -1 / 1680,
  1 / 1188,
  -691 / 360_360,
  1 / 156,
  -3617 / 122_400,
  0.17964437236883057,
)

/** B₂ₖ / 2k for k = 1 … 9: the asymptotic series of the digamma function. */
const DIGAMMA_SERIES = Float64Array.of(
  1 / 12,
  -1 / 120,
  1 / 252,
  -1 / 240,
  1 / 132,
  -691 / 32_760,
  1 / 12,
  -3617 / 8160,
  3.0539543302701198,
)

/** B₂ₖ for k = 1 … 9: the asymptotic series of the trigamma function. */
const TRIGAMMA_SERIES = Float64Array.of(
  1 / 6,
  -1 / 30,
  1 / 42,
  -1 / 30,
  5 / 66,
  -691 / 2730,
  7 / 6,
  -3617 / 510,
  43_867 / 798,
)

/** From here on the asymptotic series hold to the last digit. */
const ASYMPTOTIC_FROM = 9

/**
 * ln Γ(x) for x > 0; also relatively exact near its zeros at 1 and 2.
 *
 * @throws RangeError unless x is a positive finite number.
 * @see Abramowitz & Stegun (1964), 6.1.33 (about 2), 6.1.15 (recurrence) and 6.1.40 (Stirling's series).
 */
export function logGamma(x: number): number {
  checkPositive('x', x)
  if (x >= ASYMPTOTIC_FROM) return (x - 0.5) * Math.log(x) - x + LOG_SQRT_TWO_PI + stirlingRemainder(x)
  if (x < 0.5) return logGammaAboutTwo(x) - Math.log1p(x) - Math.log(x)
  if (x < 1.5) return logGammaAboutTwo(x - 1) - Math.log1p(x - 1)
  let y = x
  let product = 1
  while (y > 2.5) {
    y -= 1
    product *= y
  }
  return logGammaAboutTwo(y - 2) + Math.log(product)
}

/**
 * ln B(a, b) for a, b > 0, without the loss of digits of three log-gammas where one argument is large.
 *
 * @throws RangeError unless both are positive finite numbers.
 * @see Didonato & Morris (1992), "Algorithm 708", ACM TOMS 18 (3): the idea of differences of Stirling remainders.
 */
export function logBeta(a: number, b: number): number {
  checkPositive('a', a)
  checkPositive('b', b)
  const small = Math.min(a, b)
  const large = Math.max(a, b)
  const sum = small + large
  if (large < ASYMPTOTIC_FROM) return logGamma(small) + (logGamma(large) - logGamma(sum))
  const remainder = stirlingRemainder(large) - stirlingRemainder(sum)
  const largePart = (large - 0.5) * Math.log1p(-small / sum)
  if (small < ASYMPTOTIC_FROM) return logGamma(small) + remainder + small - small * Math.log(sum) + largePart
  const smallPart = small * Math.log(small / sum) - 0.5 * Math.log(small)
  return LOG_SQRT_TWO_PI + stirlingRemainder(small) + remainder + smallPart + largePart
}

/**
 * ψ(x) = d/dx ln Γ(x) for x > 0.
 *
 * @throws RangeError unless x is a positive finite number.
 * @see Abramowitz & Stegun (1964), 6.3.5 (recurrence) and 6.3.18 (asymptotic series).
 */
export function digamma(x: number): number {
  checkPositive('x', x)
  let y = x
  let shift = 0
  while (y < ASYMPTOTIC_FROM) {
    shift += 1 / y
    y += 1
  }
  const inverseSquare = 1 / (y * y)
  return Math.log(y) - 0.5 / y - inverseSquare * horner(DIGAMMA_SERIES, inverseSquare) - shift
}

/**
 * ψ′(x) = d²/dx² ln Γ(x) for x > 0.
 *
 * @throws RangeError unless x is a positive finite number.
 * @see Abramowitz & Stegun (1964), 6.4.6 (recurrence) and 6.4.12 (asymptotic series).
 */
export function trigamma(x: number): number {
  checkPositive('x', x)
  let y = x
  let shift = 0
  while (y < ASYMPTOTIC_FROM) {
    shift += 1 / (y * y)
    y += 1
  }
  const inverseSquare = 1 / (y * y)
  return (1 + 0.5 / y + inverseSquare * horner(TRIGAMMA_SERIES, inverseSquare)) / y + shift
}

/**
 * What Stirling's formula leaves: ln Γ(x) − ((x − ½) ln x − x + ln √(2π)), for x > 0.
 *
 * @throws RangeError unless x is a positive finite number.
 */
export function stirlingRemainder(x: number): number {
  if (x >= ASYMPTOTIC_FROM) return horner(STIRLING_SERIES, 1 / (x * x)) / x
  return logGamma(x) - ((x - 0.5) * Math.log(x) - x + LOG_SQRT_TWO_PI)
}

/** ln(1 + x) − x for x > −1, without the cancellation near 0. */
export function logOnePlusMinus(x: number): number {
  if (x < -0.5 || x > 1) return Math.log1p(x) - x
  // ln(1 + x) = 2 artanh r, and 2r − x = −x·r: the large terms never meet.
  const r = x / (2 + x)
  const square = r * r
  let power = 2 * r * square
  let sum = 0
  for (let k = 3; ; k += 2) {
    const next = sum + power / k
    if (next === sum) return sum - x * r
    sum = next
    power *= square
  }
}

/**
 * The deviance term k·ln(k/m) + m − k for k, m > 0: how far a count k is from its mean m, exact where they are close.
 *
 * @param excess m − k, for callers who know it to more digits than the subtraction gives.
 * @see Loader (2000), "Fast and Accurate Computation of Binomial Probabilities" (his bd0).
 */
export function devianceTerm(k: number, m: number, excess = m - k): number {
  if (m < 0.5 * k) return k * Math.log(k / m) + excess // Far below nothing cancels, and excess/k would round to −1.
  return -k * logOnePlusMinus(excess / k)
}

/** ln Γ(2 + w) for |w| ≤ ½: every term vanishes with w, so the zero at 2 keeps all digits. */
function logGammaAboutTwo(w: number): number {
  return w * (ONE_MINUS_EULER_GAMMA + w * horner(LOG_GAMMA_SERIES, w))
}

function horner(coefficients: Float64Array, x: number): number {
  let value = 0
  for (let i = coefficients.length - 1; i >= 0; i--) value = value * x + (coefficients[i] as number)
  return value
}

function checkPositive(argument: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY)) refuse(argument, value, 'must be a positive finite number')
}
