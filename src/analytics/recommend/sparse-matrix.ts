/** Sparse matrices in compressed rows (CSR). The compressed columns (CSC) of a matrix are its transpose's rows. */

import { checkFinite, checkWhole, refuse } from '../core/check.ts'
import { checkIndices } from './indices.ts'

/** Which cells of a `rows × columns` matrix are set: a 0/1 matrix, or the places of a {@link SparseMatrix}. */
export interface SparsePattern {
  readonly rows: number
  readonly columns: number
  /** Row r has the entries from `starts[r]` up to, without, `starts[r + 1]`; rows + 1 numbers. */
  readonly starts: Int32Array
  /** The column of each entry, ascending within a row. */
  readonly indices: Int32Array
}

/** A pattern with a finite value for each of its entries. A value of 0 is an entry like any other. */
export interface SparseMatrix extends SparsePattern {
  readonly values: Float64Array
}

/**
 * The 0/1 matrix whose cells (rowOf[e], columnOf[e]) are 1.
 *
 * @throws RangeError if the lists differ in length, an index lies outside the matrix, or a cell is there twice.
 */
export function sparsePattern(
  rows: number,
  columns: number,
  rowOf: ArrayLike<number>,
  columnOf: ArrayLike<number>,
): SparsePattern {
  const { pattern } = compress(rows, columns, rowOf, columnOf)
  return pattern
}

/**
 * The matrix with the given values in the cells (rowOf[e], columnOf[e]).
 *
 * @throws RangeError as {@link sparsePattern}, and if a value is not finite.
 */
export function sparseMatrix(
  rows: number,
  columns: number,
  rowOf: ArrayLike<number>,
  columnOf: ArrayLike<number>,
  values: ArrayLike<number>,
): SparseMatrix {
  if (values.length !== rowOf.length) refuse('values', values.length, `must be as many as rowOf (${rowOf.length})`)
  for (let e = 0; e < values.length; e++) {
    if (!Number.isFinite(values[e])) checkFinite(`values[${e}]`, values[e] as number)
  }
  const { pattern, order } = compress(rows, columns, rowOf, columnOf)
  return { ...pattern, values: Float64Array.from(order, (entry) => values[entry] as number) }
}

/**
 * The sparse form of a table, for example of items and their attributes.
 *
 * @param cells `rows × columns`, row-major.
 * @throws RangeError if the size does not match or a cell is not finite.
 */
export function sparseFromDense(rows: number, columns: number, cells: ArrayLike<number>): SparseMatrix {
  checkSize(rows, columns)
  if (cells.length !== rows * columns) refuse('cells', cells.length, `must be ${rows} × ${columns} numbers`)
  const starts = new Int32Array(rows + 1)
  const indices: number[] = []
  const values: number[] = []
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = cells[row * columns + column] as number
      if (value === 0) continue
      if (!Number.isFinite(value)) checkFinite(`cells[${row * columns + column}]`, value)
      indices.push(column)
      values.push(value)
    }
    starts[row + 1] = indices.length
  }
  return { rows, columns, starts, indices: Int32Array.from(indices), values: Float64Array.from(values) }
}

/** The pattern with rows and columns exchanged. */
export function transposedPattern(pattern: SparsePattern): SparsePattern {
  return transposeWithOrder(pattern).pattern
}

/** The matrix with rows and columns exchanged. */
export function transposed(matrix: SparseMatrix): SparseMatrix {
  const { pattern, order } = transposeWithOrder(matrix)
  return { ...pattern, values: Float64Array.from(order, (entry) => matrix.values[entry] as number) }
}

/** The columns of a row's entries, ascending; a view, not a copy. */
export function rowIndices(pattern: SparsePattern, row: number): Int32Array {
  return pattern.indices.subarray(pattern.starts[row], pattern.starts[row + 1])
}

/** The number of entries in a row. */
export function rowSize(pattern: SparsePattern, row: number): number {
  return (pattern.starts[row + 1] as number) - (pattern.starts[row] as number)
}

/** The number of entries in each column. */
export function columnSizes({ columns, indices }: SparsePattern): Int32Array {
  const sizes = new Int32Array(columns)
  for (const column of indices) (sizes[column] as number)++
  return sizes
}

/** Whether the cell is an entry; by halving, O(log entries of the row). */
export function hasEntry(pattern: SparsePattern, row: number, column: number): boolean {
  let low = pattern.starts[row] as number
  let high = pattern.starts[row + 1] as number
  while (low < high) {
    const middle = (low + high) >> 1
    const found = pattern.indices[middle] as number
    if (found === column) return true
    if (found < column) low = middle + 1
    else high = middle
  }
  return false
}

interface Ordered {
  readonly pattern: SparsePattern
  /** For each entry its place in what was given. */
  readonly order: Int32Array
}

function compress(rows: number, columns: number, rowOf: ArrayLike<number>, columnOf: ArrayLike<number>): Ordered {
  checkSize(rows, columns)
  const entries = rowOf.length
  if (columnOf.length !== entries) refuse('columnOf', columnOf.length, `must be as many as rowOf (${entries})`)
  checkIndices('rowOf', rowOf, rows)
  checkIndices('columnOf', columnOf, columns)
  const byColumn = countingOrder(columns, columnOf)
  const byRow = countingOrder(
    rows,
    Int32Array.from(byColumn.order, (e) => rowOf[e] as number),
  )
  const order = byRow.order.map((e) => byColumn.order[e] as number)
  const pattern = { rows, columns, starts: byRow.starts, indices: order.map((e) => columnOf[e] as number) }
  refuseRepeats(pattern, order)
  return { pattern, order }
}

function refuseRepeats({ rows, starts, indices }: SparsePattern, order: Int32Array): void {
  for (let row = 0; row < rows; row++) {
    for (let e = (starts[row] as number) + 1; e < (starts[row + 1] as number); e++) {
      if (indices[e] !== indices[e - 1]) continue
      const cell = `row ${row}, column ${indices[e]}`
      refuse(`rowOf[${order[e]}], columnOf[${order[e]}]`, cell, `must not repeat entry ${order[e - 1]}`)
    }
  }
}

function transposeWithOrder({ rows, columns, starts, indices }: SparsePattern): Ordered {
  const rowOf = new Int32Array(indices.length)
  for (let row = 0; row < rows; row++) rowOf.fill(row, starts[row], starts[row + 1])
  const { starts: columnStarts, order } = countingOrder(columns, indices)
  const pattern = {
    rows: columns,
    columns: rows,
    starts: columnStarts,
    indices: order.map((e) => rowOf[e] as number),
  }
  return { pattern, order }
}

/** A stable counting sort: where each key starts, and the places of the keys in that order. */
function countingOrder(keys: number, keyOf: ArrayLike<number>): { starts: Int32Array; order: Int32Array } {
  const starts = new Int32Array(keys + 1)
  for (let e = 0; e < keyOf.length; e++) (starts[(keyOf[e] as number) + 1] as number)++
  for (let key = 0; key < keys; key++) (starts[key + 1] as number) += starts[key] as number
  const next = starts.slice(0, keys)
  const order = new Int32Array(keyOf.length)
  for (let e = 0; e < keyOf.length; e++) order[(next[keyOf[e] as number] as number)++] = e
  return { starts, order }
}

function checkSize(rows: number, columns: number): void {
  checkWhole('rows', rows, 1, 0x7fff_ffff)
  checkWhole('columns', columns, 1, 0x7fff_ffff)
}
