/** Loss, gradient and Hessian of a logistic regression at given weights. */

import { refuse } from '../core/check.ts'
import { checkMatrix, type DenseMatrix } from '../core/dense-matrix.ts'
import {
  addColumnSums,
  BLOCK_ROWS,
  blockPart,
  type Design,
  designOf,
  linearPredictors,
  rowVector,
  weightedGram,
} from './kernels.ts'

/** What is to be fitted, and where the fit is; the arrays are overwritten from step to step. */
export interface LogisticProblem {
  readonly design: Design
  /** A row vector: 1 or −1 for class 1 or 0, and 0 where no row is. */
  readonly signs: Float64Array
  readonly l2: number
  /** [intercept, coefficients…]. */
  readonly weights: Float64Array
  /** Of the loss at the weights. */
  readonly gradient: Float64Array
  /** A row vector: √(P(1)·P(0)) at the weights. */
  readonly rootVariances: Float64Array
}

/** e to more than this overflows. */
const MOST_MARGIN = 700

/**
 * The problem with its weights at the best model without features: the intercept is the log odds of the classes.
 *
 * @throws RangeError if a value is not finite, a target is neither 0 nor 1, only one class is there, or l2 is negative.
 */
export function startProblem(features: DenseMatrix, target: ArrayLike<number>, l2: number): LogisticProblem {
  checkMatrix('features', features)
  if (!(l2 >= 0 && l2 < Number.POSITIVE_INFINITY)) refuse('l2', l2, 'must be a finite number of at least 0')
  const ones = countOnes(target, features.rows)
  const design = designOf(features)
  const signs = rowVector(design)
  for (let i = 0; i < target.length; i++) signs[i] = target[i] === 1 ? 1 : -1
  const weights = new Float64Array(design.columns)
  weights[0] = Math.log(ones / (features.rows - ones))
  const gradient = new Float64Array(design.columns)
  return { design, signs, l2, weights, gradient, rootVariances: rowVector(design) }
}

/** A sample is every so many'th block of rows, where it has so many rows for each weight. */
const SAMPLE_EVERY = 4
const SAMPLE_ROWS_PER_WEIGHT = 20

/** The problem for a sample of the rows, at the same weights; undefined if there are too few rows for one. */
export function sampleOf({ design, signs, l2, weights }: LogisticProblem): LogisticProblem | undefined {
  const numbers = design.blocks.flatMap((_, number) => (number % SAMPLE_EVERY === 0 ? [number] : []))
  const rows = numbers.length * BLOCK_ROWS
  if (numbers.length < 2 || rows > design.rows / 2 || rows < SAMPLE_ROWS_PER_WEIGHT * weights.length) return undefined
  const sample: Design = { rows, columns: design.columns, blocks: numbers.map((number) => design.blocks[number] ?? []) }
  const sampleSigns = rowVector(sample)
  numbers.forEach((number, i) => blockPart(sampleSigns, i).set(blockPart(signs, number)))
  return {
    design: sample,
    signs: sampleSigns,
    l2: (l2 * rows) / design.rows,
    weights: weights.slice(),
    gradient: new Float64Array(weights.length),
    rootVariances: rowVector(sample),
  }
}

/** Brings gradient and variances up to date with the weights, and returns the loss with its penalty. */
export function evaluate(problem: LogisticProblem): number {
  const { design, signs, weights, rootVariances, gradient, l2 } = problem
  const predictors = new Float64Array(BLOCK_ROWS)
  gradient.fill(0)
  let loss = penaltyOf(problem)
  design.blocks.forEach((block, number) => {
    linearPredictors(block, weights, predictors)
    const variances = blockPart(rootVariances, number)
    loss += toResiduals(predictors, blockPart(signs, number), variances)
    addColumnSums(block, predictors, gradient)
  })
  for (let j = 1; j < weights.length; j++) gradient[j] = (gradient[j] as number) + l2 * (weights[j] as number)
  return loss
}

/** l2/2·‖coefficients‖². */
export function penaltyOf({ weights, l2 }: LogisticProblem): number {
  let squares = 0
  for (let j = 1; j < weights.length; j++) squares += (weights[j] as number) ** 2
  return 0.5 * l2 * squares
}

/** The lower triangle of the Hessian at the weights, row-major. */
export function hessianInto({ design, rootVariances, l2 }: LogisticProblem, out: Float64Array): void {
  const { columns } = design
  weightedGram(design, rootVariances, out)
  for (let j = 1; j < columns; j++) out[j * columns + j] = (out[j * columns + j] as number) + l2
}

/** Turns the linear predictors of a block into P(1) − target, in place, and returns the rows' loss. */
function toResiduals(predictors: Float64Array, signs: Float64Array, rootVariances: Float64Array): number {
  let loss = 0
  for (let i = 0; i < BLOCK_ROWS; i++) {
    const sign = signs[i] as number
    if (sign === 0) break
    const margin = sign * (predictors[i] as number)
    const odds = Math.exp(Math.min(margin, MOST_MARGIN)) // Of the row's own class.
    const miss = 1 / (1 + odds) // The probability of the other class, exact however small.
    loss += margin > -MOST_MARGIN ? Math.log(1 + 1 / odds) : -margin // Math.log1p takes four times as long.
    predictors[i] = -sign * miss
    rootVariances[i] = Math.sqrt(odds) * miss
  }
  return loss
}

function countOnes(target: ArrayLike<number>, rows: number): number {
  if (target.length !== rows) refuse('target.length', target.length, `must be the number of rows (${rows})`)
  let ones = 0
  for (let i = 0; i < target.length; i++) {
    const value = target[i] as number
    if (value !== 0 && value !== 1) refuse(`target[${i}]`, value, 'must be 0 or 1')
    ones += value
  }
  if (ones === 0 || ones === rows) refuse('target', `only ${target[0]}`, 'must hold both classes')
  return ones
}
