/** When classes can be told apart without error, a logistic regression has no finite optimum. */

import { BLOCK_ROWS, blockPart, type Design, linearPredictors } from './kernels.ts'
import type { LogisticProblem } from './problem.ts'

/** How a combination of features separates the classes. */
export interface Separation {
  /** `complete`: every row is told apart; `quasi`: some rows are, and none contradicts. */
  readonly kind: 'complete' | 'quasi'
  /** The features in the combination: numbers of columns, ascending. Their coefficients have no finite best value. */
  readonly columns: number[]
}

/** Rows that a step moves by less than such a share of the largest move may lie on the border, tried one by one. */
const BORDER_SHARES = [1e-2, 1e-4, 1e-6]

/** Of the largest move or length: what rounding leaves of 0. */
const ROUNDING = 1e-9

/**
 * Whether some rows can be moved towards their class without end, and none away from it. Newton's steps point that way
 * when they will not shrink, but never exactly: rows on the border, of both classes, still move a little. So the step's
 * part that leaves the border rows where they are is taken, and if all other rows then move towards their own class, it
 * is a proof, however the border was guessed.
 *
 * @param step What a Newton step takes from the weights [intercept, coefficients…].
 * @see Albert & Anderson (1984), "On the existence of maximum likelihood estimates in logistic regression models",
 * Biometrika 71 (1).
 */
export function findSeparation({ design, signs }: LogisticProblem, step: Float64Array): Separation | null {
  const scale = columnSizes(design)
  const moves = movesOf(design, signs, step)
  const [least, most] = extremes(moves)
  for (const share of BORDER_SHARES) {
    if (!(most > 0) || least < -share * most) return null // A row moves away from its class.
    const onBorder = moves.map((move) => (move < share * most ? 1 : 0))
    const direction = withoutBorder(design, onBorder, step, scale)
    const separation = direction && proven(design, movesOf(design, signs, direction), onBorder, direction, scale)
    if (separation) return separation
  }
  return null
}

/** How far a step moves each row towards its own class. */
function movesOf({ rows, blocks }: Design, signs: Float64Array, step: Float64Array): Float64Array {
  const moves = new Float64Array(blocks.length * BLOCK_ROWS)
  blocks.forEach((block, number) => {
    const part = blockPart(moves, number)
    linearPredictors(block, step, part)
    const blockSigns = blockPart(signs, number)
    for (let i = 0; i < BLOCK_ROWS; i++) part[i] = -(blockSigns[i] as number) * (part[i] as number)
  })
  return moves.subarray(0, rows)
}

/** The part of a step that moves no border row; nothing if the border rows hold it everywhere. */
function withoutBorder(
  { rows, columns, blocks }: Design,
  onBorder: Float64Array,
  step: Float64Array,
  scale: Float64Array,
): Float64Array | null {
  const basis: Float64Array[] = []
  for (let i = 0; i < rows; i++) {
    if (onBorder[i] === 0) continue
    const block = blocks[Math.floor(i / BLOCK_ROWS)] as readonly Float64Array[]
    const row = scale.map((size, j) => ((block[j] as Float64Array)[i % BLOCK_ROWS] as number) / size)
    const length = norm(row)
    takeOut(row, basis)
    const left = norm(row)
    if (left <= ROUNDING * length) continue
    basis.push(row.map((value) => value / left))
    if (basis.length === columns) return null
  }
  const direction = step.map((value, j) => value * (scale[j] as number))
  takeOut(direction, basis)
  return direction.map((value, j) => value / (scale[j] as number))
}

function proven(
  design: Design,
  moves: Float64Array,
  onBorder: Float64Array,
  direction: Float64Array,
  scale: Float64Array,
): Separation | null {
  const [, most] = extremes(moves)
  if (!(most > 0)) return null
  const slack = ROUNDING * most
  const holds = moves.every((move, i) => (onBorder[i] === 1 ? Math.abs(move) <= slack : move > slack))
  if (!holds) return null
  const effects = direction.map((value, j) => Math.abs(value) * (scale[j] as number)).subarray(1, design.columns)
  const threshold = 1e-6 * effects.reduce((largest, effect) => Math.max(largest, effect), 0)
  const columns = Array.from(effects.keys()).filter((j) => (effects[j] as number) > threshold)
  return { kind: onBorder.includes(1) ? 'quasi' : 'complete', columns }
}

/** The largest absolute value of each column. */
function columnSizes({ columns, blocks }: Design): Float64Array {
  return Float64Array.from({ length: columns }, (_, j) => {
    let largest = 0
    for (const block of blocks) {
      for (const value of block[j] as Float64Array) largest = Math.max(largest, Math.abs(value))
    }
    return largest || 1
  })
}

/** Takes the parts along an orthonormal basis out of a vector, in place; twice, to take out what rounding left too. */
function takeOut(vector: Float64Array, basis: readonly Float64Array[]): void {
  for (const unit of [...basis, ...basis]) {
    let along = 0
    for (let j = 0; j < vector.length; j++) along += (unit[j] as number) * (vector[j] as number)
    for (let j = 0; j < vector.length; j++) vector[j] = (vector[j] as number) - along * (unit[j] as number)
  }
}

function norm(vector: Float64Array): number {
  return Math.hypot(...vector)
}

function extremes(values: Float64Array): [least: number, most: number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)]
  return [least, most]
}
