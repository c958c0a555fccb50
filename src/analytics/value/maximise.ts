/** The highest point of a smooth function of a few positive parameters, by Newton's method with both derivatives. */

import { choleskyFactor, choleskySolve } from '../core/cholesky.ts'

/** The function, its gradient (p) and its Hessian (p × p, row-major, symmetric), all by the parameters themselves. */
export interface Slopes {
  readonly value: number
  readonly gradient: Float64Array
  readonly hessian: Float64Array
}

export interface Maximum {
  readonly parameters: Float64Array
  readonly value: number
  /** Newton steps that were made. */
  readonly iterations: number
  /** Whether this is a peak. Not so where the function goes on rising towards 0 or for ever, or the steps ran out. */
  readonly converged: boolean
}

/** Parameters are kept between e⁻²⁰ and e²⁰; beyond e^±15 they count as having run off. */
const mostLogarithm = 20
const farLogarithm = 15

/** No step changes the logarithm of a parameter by more. */
const longestStep = 2

const mostIterations = 200

/** Less would not help a Hessian that rounding keeps from bending down; more would brake climbs along a flat ridge. */
const leastDamping = 1e-10

/** A climb that gains less than this share in so many steps follows a slope that levels out only at infinity. */
const levelSteps = 10
const levelGain = 1e-10

/**
 * Climbs from a start. Works on the logarithms of the parameters, so that none becomes negative, and adds to the Hessian's
 * diagonal what it takes to bend down and to rise (Levenberg).
 *
 * @see Nocedal & Wright (2006), "Numerical Optimization", sections 3.4 and 10.3.
 */
export function maximise(slopesAt: (parameters: Float64Array) => Slopes, start: ArrayLike<number>): Maximum {
  let parameters = Float64Array.from(start)
  let here = byLogarithms(slopesAt(parameters), parameters)
  let damping = 0
  let before = Number.NEGATIVE_INFINITY
  for (let iterations = 1; iterations <= mostIterations; iterations++) {
    if (iterations % levelSteps === 0) {
      if (here.value - before < levelGain * (1 + Math.abs(here.value))) {
        return { parameters, value: here.value, iterations, converged: false }
      }
      before = here.value
    }
    const step = dampedStep(here, damping)
    const next = parameters.map((value, i) => moved(value, step.change[i] as number))
    const there = byLogarithms(slopesAt(next), next)
    if (step.damping === 0 && step.gain <= 1e-12 * (1 + Math.abs(here.value))) {
      // Next to nothing to gain: rounding may hide whether this step rises, but Newton's last one is the best.
      return { parameters: next, value: there.value, iterations, converged: next.every(isInside) }
    }
    if (there.value > here.value) {
      damping = step.damping <= 1e-3 ? 0 : step.damping / 10
      parameters = next
      here = there
    } else {
      damping = 10 * Math.max(step.damping, 1e-5)
      if (damping > 1e12) return { parameters, value: here.value, iterations, converged: false }
    }
  }
  return { parameters, value: here.value, iterations: mostIterations, converged: false }
}

/** The slopes by the logarithms of the parameters. */
function byLogarithms({ value, gradient, hessian }: Slopes, parameters: Float64Array): Slopes {
  const p = parameters.length
  return {
    value,
    gradient: gradient.map((slope, i) => slope * (parameters[i] as number)),
    hessian: hessian.map((bend, at) => {
      const [i, j] = [Math.floor(at / p), at % p]
      const scaled = bend * (parameters[i] as number) * (parameters[j] as number)
      return i === j ? scaled + (gradient[i] as number) * (parameters[i] as number) : scaled
    }),
  }
}

interface Step {
  readonly change: Float64Array
  /** What the step gains if the function is as curved as it seems here. */
  readonly gain: number
  /** What the diagonal needed, as a share of its mean; 0 for a full Newton step. */
  readonly damping: number
}

function dampedStep({ gradient, hessian }: Slopes, least: number): Step {
  const p = gradient.length
  let scale = 0
  for (let i = 0; i < p; i++) scale += Math.abs(hessian[i * p + i] as number) / p
  for (let damping = least; ; damping = Math.max(damping * 10, leastDamping)) {
    const factor = hessian.map((bend, at) => (at % (p + 1) === 0 ? damping * (scale + 1e-300) - bend : -bend))
    if (choleskyFactor(factor, p, 0) >= 0) continue
    const change = Float64Array.from(gradient)
    choleskySolve(factor, p, change)
    const gain = change.reduce((sum, move, i) => sum + move * (gradient[i] as number), 0) / 2
    const longest = change.reduce((most, move) => Math.max(most, Math.abs(move)), 0)
    const cut = longest > longestStep ? longestStep / longest : 1
    return { change: change.map((move) => move * cut), gain, damping }
  }
}

function moved(value: number, change: number): number {
  return Math.exp(Math.max(-mostLogarithm, Math.min(mostLogarithm, Math.log(value) + change)))
}

function isInside(value: number): boolean {
  return Math.abs(Math.log(value)) < farLogarithm
}
