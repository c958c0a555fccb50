/** Logistic regression by Newton's method: intercept, optional L2 penalty, separation noticed. */

import { checkAllFinite, checkFinite, checkWhole, refuse } from '../core/check.ts'
import { choleskyFactor, choleskySolve, inverseDiagonal } from '../core/cholesky.ts'
import type { DenseMatrix } from '../core/dense-matrix.ts'
import { evaluate, hessianInto, type LogisticProblem, penaltyOf, sampleOf, startProblem } from './problem.ts'
import { findSeparation, type Separation } from './separation.ts'

export interface LogisticFitOptions {
  /** λ ≥ 0 of the penalty λ/2·‖coefficients‖²; the intercept is free. Default 0. */
  readonly l2?: number
  /** The step that is shorter than this many standard errors is the last. Default 1e-7: what it leaves is far smaller. */
  readonly tolerance?: number
  /** Steps after which the fit gives up, saying so. Default 100. */
  readonly maxIterations?: number
}

export interface LogisticFit {
  readonly intercept: number
  /** One per column of the features. */
  readonly coefficients: Float64Array
  /** Steps taken. */
  readonly iterations: number
  readonly converged: boolean
  /** Σ ln P(target | features) over the rows, natural, without the penalty. */
  readonly logLikelihood: number
  /**
   * Set if no finite coefficients are best, since a combination of features tells (some of) the classes apart without
   * error. The coefficients are then a point on the way to infinity at which the probabilities hardly change any more.
   */
  readonly separation: Separation | null
}

/** A Hessian serves again while its steps leave less than this share of the distance. */
const FRESH_SHARE = 0.03

/** Steps on a sample of the rows bring the start close to where the fit will be, at a part of their cost. */
const SAMPLE_STEPS = 3

/** Where a step leaves more than this share of its slope, the loss falls on behind it, and it is worth a longer one. */
const SHORT_SHARE = 0.2

/** Sums over many rows are exact to about this share: a rise within it is none. */
const LOSS_NOISE = 1e-12

/** Separation shows as steps that hardly shrink, after so many that a fit that is merely slow to start is past that. */
const SEPARATION_FROM = 5
const SLOW_SHARE = 0.3

/** Steps that would still move a separated fit by less than this many standard errors change hardly any probability. */
const SEPARATED_TOLERANCE = 1e-4

/**
 * The coefficients that minimise Σ ln(1 + e^(−s·f)) + λ/2·‖coefficients‖² over the rows, with f = intercept + x·coefficients
 * and s = ±1 for the class.
 *
 * Steps are Newton's, but while they shrink fast enough a factored Hessian is used again, since making one is most of the
 * work. A step is halved where it would raise the loss, and made longer where the loss still falls behind it.
 *
 * @param features n × p. Scale them when there is a penalty: it takes all coefficients for comparable.
 * @param target n classes, each 0 or 1.
 * @throws RangeError if a value is not finite, a target is neither 0 nor 1, only one class is there, an option is out of
 * range, or, without a penalty, a column is constant or a linear combination of the columns before it.
 * @see Hastie, Tibshirani & Friedman (2009), "The Elements of Statistical Learning", 4.4.1; Shamanskii (1967), "A
 * modification of Newton's method", for the Hessian used again.
 */
export function fitLogisticRegression(
  features: DenseMatrix,
  target: ArrayLike<number>,
  { l2 = 0, tolerance = 1e-7, maxIterations = 100 }: LogisticFitOptions = {},
): LogisticFit {
  if (!(tolerance > 0)) refuse('tolerance', tolerance, 'must be a positive number')
  checkWhole('maxIterations', maxIterations, 1)
  const problem = startProblem(features, target, l2)
  let loss = startFromSample(problem, evaluate(problem))
  const newton = newtonSteps(problem)
  let converged = false
  let separation: Separation | null = null
  let iterations = 0
  let length = Number.POSITIVE_INFINITY
  while (iterations < maxIterations && !converged) {
    iterations++
    const lengthBefore = length
    length = newton.next()
    const isFlat = newton.flatColumn >= 0
    const isSlow = iterations >= SEPARATION_FROM && length > SLOW_SHARE * lengthBefore
    if (isFlat || (isSlow && l2 === 0)) separation ??= findSeparation(problem, newton.step)
    if (isFlat && !separation) refuseFlat(newton.flatColumn)
    if (separation && (isFlat || length <= SEPARATED_TOLERANCE)) break
    converged = length <= tolerance
    if (converged) subtract(problem.weights, newton.step, 1)
    else loss = takeStep(problem, newton.step, length, loss)
  }
  const { weights } = problem
  return {
    intercept: weights[0] as number,
    coefficients: weights.slice(1),
    iterations,
    converged,
    logLikelihood: penaltyOf(problem) - loss,
    separation,
  }
}

/** Moves the weights to where a sample of the rows would have them, if that serves all rows; returns the loss there. */
function startFromSample(problem: LogisticProblem, loss: number): number {
  const sample = sampleOf(problem)
  if (sample === undefined) return loss
  const start = problem.weights.slice()
  const newton = newtonSteps(sample)
  let sampleLoss = evaluate(sample)
  for (let i = 0; i < SAMPLE_STEPS; i++) {
    const length = newton.next()
    if (newton.flatColumn >= 0) break
    sampleLoss = takeStep(sample, newton.step, length, sampleLoss)
  }
  problem.weights.set(sample.weights)
  const reached = evaluate(problem)
  if (reached < loss) return reached
  problem.weights.set(start)
  return evaluate(problem)
}

/**
 * Standard errors of [intercept, coefficients…] at a fit: the roots of the diagonal of the inverse Hessian.
 *
 * @throws RangeError as `fitLogisticRegression` does, or if the fit is not one of these columns.
 */
export function logisticStandardErrors(
  features: DenseMatrix,
  target: ArrayLike<number>,
  { intercept, coefficients }: Pick<LogisticFit, 'intercept' | 'coefficients'>,
  l2 = 0,
): Float64Array {
  const problem = startProblem(features, target, l2)
  if (coefficients.length !== features.columns) {
    refuse('coefficients.length', coefficients.length, `must be the number of columns (${features.columns})`)
  }
  checkFinite('intercept', intercept)
  if (coefficients.length > 0) checkAllFinite('coefficients', coefficients)
  problem.weights.set([intercept, ...coefficients])
  evaluate(problem)
  const { factor, flatColumn } = factoredHessian(problem)
  if (flatColumn >= 0) refuseFlat(flatColumn)
  return inverseDiagonal(factor, problem.weights.length).map(Math.sqrt)
}

/** The next step from wherever the problem's weights are. */
interface NewtonSteps {
  /** What is to be taken from the weights. */
  readonly step: Float64Array
  /**
   * Makes the next step and returns its length in standard errors, whatever units the features have; NaN, and the step as
   * it was, if the loss is flat in some direction.
   */
  next(): number
  /** The column at which the loss was found flat, or −1. */
  readonly flatColumn: number
}

function newtonSteps(problem: LogisticProblem): NewtonSteps {
  const { gradient } = problem
  const step = new Float64Array(gradient.length)
  let hessian: FactoredHessian | undefined
  let length = 0

  const solve = (factor: Float64Array): number => {
    step.set(gradient)
    choleskySolve(factor, step.length, step)
    return Math.sqrt(Math.max(0, dot(gradient, step)))
  }
  const next = (): number => {
    const again = hessian && solve(hessian.factor)
    if (again !== undefined && again <= FRESH_SHARE * length) return (length = again)
    hessian = factoredHessian(problem)
    return (length = hessian.flatColumn < 0 ? solve(hessian.factor) : Number.NaN)
  }
  return {
    step,
    next,
    get flatColumn() {
      return hessian?.flatColumn ?? -1
    },
  }
}

interface FactoredHessian {
  readonly factor: Float64Array
  /** The first column that does not curve the loss beyond those before it, or −1. */
  readonly flatColumn: number
}

function factoredHessian(problem: LogisticProblem): FactoredHessian {
  const columns = problem.weights.length
  const factor = new Float64Array(columns * columns)
  hessianInto(problem, factor)
  return { factor, flatColumn: choleskyFactor(factor, columns) }
}

function refuseFlat(column: number): never {
  throw new RangeError(`features: column ${column - 1} must not be constant or a combination of the columns before it`)
}

/** Moves the weights against the step, by as much of it as serves, and returns the loss there. */
function takeStep(problem: LogisticProblem, step: Float64Array, length: number, loss: number): number {
  const { weights, gradient } = problem
  const start = weights.slice()
  const moveTo = (share: number): number => {
    weights.set(start)
    subtract(weights, step, share)
    return evaluate(problem)
  }
  const ceiling = loss * (1 + LOSS_NOISE)
  const full = moveTo(1)
  if (full <= ceiling) {
    const slopeLeft = dot(gradient, step) / length ** 2
    if (slopeLeft < SHORT_SHARE) return full
    // Where the slope, taken for linear, is 0. Far out it is not linear at all.
    const longer = moveTo(Math.min(4, 1 / (1 - Math.min(slopeLeft, 0.9))))
    return longer <= full ? longer : moveTo(1)
  }
  for (let share = 0.5; share > 1e-9; share /= 2) {
    const reached = moveTo(share)
    if (reached <= ceiling) return reached
  }
  return moveTo(0)
}

function subtract(weights: Float64Array, step: Float64Array, share: number): void {
  for (let j = 0; j < weights.length; j++) weights[j] = (weights[j] as number) - share * (step[j] as number)
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number)
  return sum
}
