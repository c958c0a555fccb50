/** Numbers in rows and columns. */

import { checkFinite, checkWhole, refuse } from './check.ts'

/** An n × p matrix, row-major: row i, column j is `values[i * columns + j]`. */
export interface DenseMatrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float64Array
}

/** @throws RangeError unless the shape fits the values, there is a row, and all values are finite. */
export function checkMatrix(argument: string, { rows, columns, values }: DenseMatrix): void {
  checkWhole(`${argument}.rows`, rows, 1)
  checkWhole(`${argument}.columns`, columns, 0)
  if (values.length !== rows * columns) {
    refuse(`${argument}.values.length`, values.length, `must be rows × columns (${rows} × ${columns})`)
  }
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value - value === 0) continue // As Number.isFinite says, in a quarter of its time.
    checkFinite(`${argument} (row ${Math.floor(i / columns)}, column ${i % columns})`, value)
  }
}

/** The rows whose numbers are listed, in that order. */
export function selectRows({ columns, values }: DenseMatrix, rows: ArrayLike<number>): DenseMatrix {
  const selected = new Float64Array(rows.length * columns)
  for (let i = 0; i < rows.length; i++) {
    const start = (rows[i] as number) * columns
    selected.set(values.subarray(start, start + columns), i * columns)
  }
  return { rows: rows.length, columns, values: selected }
}

/** The columns whose numbers are listed, in that order. */
export function selectColumns({ rows, columns, values }: DenseMatrix, wanted: readonly number[]): DenseMatrix {
  const selected = new Float64Array(rows * wanted.length)
  let at = 0
  for (let i = 0; i < rows; i++) {
    for (const column of wanted) selected[at++] = values[i * columns + column] as number
  }
  return { rows, columns: wanted.length, values: selected }
}
