/** Solving symmetric positive definite systems. */

/**
 * Factors A = L·Lᵀ in place: only the lower triangle of the row-major n × n matrix is read, and becomes L.
 *
 * @param leastPivot A pivot must be more than this share of its diagonal entry; below it, rounding has eaten the digits.
 * @returns −1, or the number of the first row that (nearly) is a combination of the rows before it.
 */
export function choleskyFactor(matrix: Float64Array, n: number, leastPivot = 1e-14): number {
  for (let j = 0; j < n; j++) {
    const rowJ = j * n
    const diagonal = matrix[rowJ + j] as number
    let pivot = diagonal
    for (let k = 0; k < j; k++) pivot -= (matrix[rowJ + k] as number) ** 2
    if (!(pivot > leastPivot * diagonal)) return j
    const root = Math.sqrt(pivot)
    matrix[rowJ + j] = root
    for (let i = j + 1; i < n; i++) {
      const rowI = i * n
      let sum = matrix[rowI + j] as number
      for (let k = 0; k < j; k++) sum -= (matrix[rowI + k] as number) * (matrix[rowJ + k] as number)
      matrix[rowI + j] = sum / root
    }
  }
  return -1
}

/** Solves L·Lᵀ·x = b in place of b, with L as `choleskyFactor` leaves it. */
export function choleskySolve(factor: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i] as number
    for (let k = 0; k < i; k++) sum -= (factor[i * n + k] as number) * (b[k] as number)
    b[i] = sum / (factor[i * n + i] as number)
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i] as number
    for (let k = i + 1; k < n; k++) sum -= (factor[k * n + i] as number) * (b[k] as number)
    b[i] = sum / (factor[i * n + i] as number)
  }
}

/** The diagonal of A⁻¹ from the factor of A: the squared standard errors of a fit. */
export function inverseDiagonal(factor: Float64Array, n: number): Float64Array {
  const diagonal = new Float64Array(n)
  const unit = new Float64Array(n)
  for (let j = 0; j < n; j++) {
    unit.fill(0)
    unit[j] = 1
    choleskySolve(factor, n, unit)
    diagonal[j] = unit[j] as number
  }
  return diagonal
}
