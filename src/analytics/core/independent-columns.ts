/** Which columns of a matrix say something that the columns before them do not. */

import { checkMatrix, type DenseMatrix } from './dense-matrix.ts'

/** Numbers of columns, ascending. */
export interface IndependentColumns {
  readonly kept: number[]
  /** Constant columns, and those that are a linear combination of a constant and the kept columns before them. */
  readonly dropped: number[]
}

/** What remains of a dependent column is rounding, many digits below this; a real remainder is above it. */
const LEAST_REMAINDER = 1e-6

export interface IndependenceOptions {
  /** A column is dependent if less than this share of its length about the mean is left after projection. */
  readonly leastRemainder?: number
  /** Told now and then which share of the work is done. */
  readonly onProgress?: (share: number) => void
}

/**
 * Goes through the columns in order and keeps each that is independent of a constant and of those kept before.
 *
 * @throws RangeError if the matrix has no row or a value that is not finite.
 * @see Giraud, Langou & Rozložník (2005), "The loss of orthogonality in the Gram-Schmidt orthogonalization process":
 * why each projection is done twice.
 */
export function independentColumns(
  matrix: DenseMatrix,
  { leastRemainder = LEAST_REMAINDER, onProgress }: IndependenceOptions = {},
): IndependentColumns {
  checkMatrix('matrix', matrix)
  const kept: number[] = []
  const dropped: number[] = []
  const basis: Float64Array[] = []
  for (let j = 0; j < matrix.columns; j++) {
    const direction = basis.length < matrix.rows - 1 ? centredColumn(matrix, j) : undefined
    const length = direction ? norm(direction) : 0
    if (direction && length > 0 && projectOut(direction, basis, length) > leastRemainder * length) {
      scale(direction, 1 / norm(direction))
      basis.push(direction)
      kept.push(j)
    } else {
      dropped.push(j)
    }
    onProgress?.(((j + 1) / matrix.columns) ** 2)
  }
  return { kept, dropped }
}

/** A column less its mean, or nothing if it is constant. In units of its largest step, so that squares cannot overflow. */
function centredColumn({ rows, columns, values }: DenseMatrix, column: number): Float64Array | undefined {
  const centred = new Float64Array(rows)
  const first = values[column] as number
  let largest = 0
  for (let i = 0; i < rows; i++) {
    const step = (values[i * columns + column] as number) - first // Exact where a large offset hides small differences.
    centred[i] = step
    largest = Math.max(largest, Math.abs(step))
  }
  if (largest === 0) return undefined
  scale(centred, 1 / largest)
  for (let pass = 0; pass < 2; pass++) {
    let sum = 0
    for (let i = 0; i < rows; i++) sum += centred[i] as number
    const mean = sum / rows
    for (let i = 0; i < rows; i++) centred[i] = (centred[i] as number) - mean
  }
  return centred
}

/** Takes the parts along the orthonormal basis away, in place, and returns the length of what is left. */
function projectOut(direction: Float64Array, basis: readonly Float64Array[], length: number): number {
  let before = length
  for (let pass = 0; pass < 3; pass++) {
    for (const unit of basis) {
      const along = dot(unit, direction)
      for (let i = 0; i < direction.length; i++) {
        direction[i] = (direction[i] as number) - along * (unit[i] as number)
      }
    }
    const after = norm(direction)
    if (after > 0.5 * before) return after // Little was lost, so little rounding of the lost part is left in it.
    before = after
  }
  return before
}

function dot(a: Float64Array, b: Float64Array): number {
  let [even, odd] = [0, 0]
  const last = a.length - 1
  for (let i = 0; i < last; i += 2) {
    even += (a[i] as number) * (b[i] as number)
    odd += (a[i + 1] as number) * (b[i + 1] as number)
  }
  return a.length % 2 === 1 ? even + odd + (a[last] as number) * (b[last] as number) : even + odd
}

function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector))
}

function scale(vector: Float64Array, factor: number): void {
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] as number) * factor
}
