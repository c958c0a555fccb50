/** Standard scaling: z = (x − mean) / deviation, per column. */

import { checkFinite, refuse } from './core/check.ts'
import { checkMatrix, type DenseMatrix } from './core/dense-matrix.ts'

/** What a column's values are measured by, one entry per column. */
export interface Scaling {
  readonly mean: Float64Array
  /** The population deviation √(Σ (x − mean)² / n); exactly 0 for a constant column. */
  readonly deviation: Float64Array
}

/**
 * Mean and population deviation of every column.
 *
 * @throws RangeError if there is no row, or a value is not finite or so large that the deviation overflows.
 */
export function fitScaling(matrix: DenseMatrix): Scaling {
  checkMatrix('matrix', matrix)
  const mean = new Float64Array(matrix.columns)
  const deviation = new Float64Array(matrix.columns)
  for (let column = 0; column < matrix.columns; column++) {
    const moments = columnMoments(matrix, column)
    mean[column] = checkFinite(`matrix (column ${column}): mean`, moments.mean)
    deviation[column] = checkFinite(`matrix (column ${column}): deviation`, moments.deviation)
  }
  return { mean, deviation }
}

/**
 * The matrix in units of deviations from the mean. A column that was constant where the scaling was fitted is 0
 * everywhere: there is no unit to measure it by.
 *
 * @throws RangeError if the matrix has another number of columns than the scaling.
 */
export function applyScaling(matrix: DenseMatrix, { mean, deviation }: Scaling): DenseMatrix {
  const { rows, columns, values } = matrix
  if (columns !== mean.length) refuse('matrix.columns', columns, `must be as in the scaling (${mean.length})`)
  const scaled = new Float64Array(values.length)
  for (let column = 0; column < columns; column++) {
    const centre = mean[column] as number
    const unit = deviation[column] as number
    if (unit === 0) continue
    for (let i = column; i < values.length; i += columns) scaled[i] = ((values[i] as number) - centre) / unit
  }
  return { rows, columns, values: scaled }
}

function columnMoments({ rows, columns, values }: DenseMatrix, column: number): { mean: number; deviation: number } {
  let sum = 0
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (let i = column; i < values.length; i += columns) {
    const value = values[i] as number
    sum += value
    if (value < low) low = value
    if (value > high) high = value
  }
  if (low === high) return { mean: low, deviation: 0 } // Rounding would leave a deviation of 1e-17.

  // A second pass about the first mean: what rounding left in that mean shows as a sum that is not 0.
  const roughMean = Number.isFinite(sum) ? sum / rows : low / 2 + high / 2
  const unit = safeUnit(high - low)
  let rest = 0
  let squares = 0
  for (let i = column; i < values.length; i += columns) {
    const difference = ((values[i] as number) - roughMean) / unit
    rest += difference
    squares += difference * difference
  }
  const correction = rest / rows
  const variance = Math.max(0, squares / rows - correction * correction)
  return { mean: roughMean + unit * correction, deviation: unit * Math.sqrt(variance) }
}

/** What to measure differences in, so that their squares neither overflow nor vanish; 1 unless it must be otherwise. */
function safeUnit(span: number): number {
  return span > 1e150 || span < 1e-150 ? span : 1
}
