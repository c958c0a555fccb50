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

/** Of the largest movement; the part of a Newton step that still belongs to the other rows has shrunk below by now. */
const SLACK = 1e-7

/**
 * Whether a Newton step that will not shrink is a direction of separation: one along which no row moves towards the wrong
 * class, and some move towards the right one.
 *
 * @param step What a Newton step takes from the weights [intercept, coefficients…].
 * @see Albert & Anderson (1984), "On the existence of maximum likelihood estimates in logistic regression models",
 * Biometrika 71 (1).
 */
export function findSeparation({ design, signs }: LogisticProblem, step: Float64Array): Separation | null {
  const moves = new Float64Array(BLOCK_ROWS)
  let least = Number.POSITIVE_INFINITY
  let most = 0
  design.blocks.forEach((block, number) => {
    linearPredictors(block, step, moves)
    const blockSigns = blockPart(signs, number)
    for (let i = 0; i < BLOCK_ROWS && blockSigns[i] !== 0; i++) {
      const towardsOwnClass = -(blockSigns[i] as number) * (moves[i] as number)
      least = Math.min(least, towardsOwnClass)
      most = Math.max(most, towardsOwnClass)
    }
  })
  if (most === 0 || least < -SLACK * most) return null

  const effects = Array.from({ length: design.columns - 1 }, (_, j) => columnEffect(design, step, j + 1))
  const threshold = 1e-5 * Math.max(...effects)
  const columns = effects.flatMap((effect, j) => (effect > threshold ? [j] : []))
  return { kind: least > SLACK * most ? 'complete' : 'quasi', columns }
}

/** How far a column alone moves the rows apart. */
function columnEffect({ rows, blocks }: Design, step: Float64Array, column: number): number {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  blocks.forEach((block, number) => {
    for (const value of (block[column] as Float64Array).subarray(0, rows - number * BLOCK_ROWS)) {
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  })
  return Math.abs(step[column] as number) * (high - low)
}
