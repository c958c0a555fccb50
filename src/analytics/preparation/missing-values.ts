/** Gaps in the data: counted, and filled or left out by a rule that the caller names. */

import { checkFinite, checkWhole, refuse } from '../core/check.ts'
import { type DenseMatrix, selectRows } from '../core/dense-matrix.ts'
import { quantile } from '../core/quantile.ts'

/** What to do about a column's gaps: leave the row out, or fill in the mean or median of what is known, or a number. */
export type MissingRule = 'drop-row' | 'mean' | 'median' | { readonly value: number }

/** What was done about one column. */
export interface MissingReport {
  /** How many rows had no value. */
  readonly missing: number
  /** What was filled in; null if nothing was, as there was no gap or their rows were dropped. */
  readonly filledWith: number | null
}

export interface MissingTreated {
  readonly matrix: DenseMatrix
  /** Which rows of the original matrix the rows are, ascending. */
  readonly kept: Int32Array
  /** The rows that were left out, ascending. */
  readonly dropped: Int32Array
  /** One for each column. */
  readonly columns: readonly MissingReport[]
}

/**
 * Treats the gaps of a matrix. Rows to drop are dropped before a mean or median is taken, so that what is filled in is
 * that of the rows that stay.
 *
 * @param matrix NaN where a value is missing.
 * @param rules One for each column, or one for all.
 * @throws RangeError if a value is infinite, the rules do not fit the columns, no row stays, or a column has no value to
 * take the mean or median of.
 */
export function treatMissing(matrix: DenseMatrix, rules: MissingRule | readonly MissingRule[]): MissingTreated {
  checkGappy(matrix)
  const { rows, columns, values } = matrix
  const ruleOf = rulesByColumn(rules, columns)
  const isGap = (row: number, column: number): boolean => Number.isNaN(values[row * columns + column])
  const mustGo = (row: number): boolean => ruleOf.some((rule, column) => rule === 'drop-row' && isGap(row, column))

  const all = Array.from({ length: rows }, (_, row) => row)
  const kept = Int32Array.from(all.filter((row) => !mustGo(row)))
  if (kept.length === 0) refuse('matrix', 'no row', 'is left when those with gaps are dropped: at least one must be')
  const treated = selectRows(matrix, kept)
  const reports = ruleOf.map((rule, column) => {
    const missing = all.reduce((count, row) => (isGap(row, column) ? count + 1 : count), 0)
    return { missing, filledWith: fillColumn(treated, column, rule) }
  })
  return { matrix: treated, kept, dropped: Int32Array.from(all.filter(mustGo)), columns: reports }
}

function rulesByColumn(rules: MissingRule | readonly MissingRule[], columns: number): readonly MissingRule[] {
  if (!isList(rules)) return Array.from({ length: columns }, () => rules)
  if (rules.length !== columns) refuse('rules.length', rules.length, `must be the number of columns (${columns})`)
  return rules
}

function isList(rules: MissingRule | readonly MissingRule[]): rules is readonly MissingRule[] {
  return Array.isArray(rules)
}

/** Fills the gaps of a column in place. Returns what with, or null if there was none. */
function fillColumn({ rows, columns, values }: DenseMatrix, column: number, rule: MissingRule): number | null {
  const known = new Float64Array(rows)
  let count = 0
  for (let at = column; at < values.length; at += columns) {
    if (!Number.isNaN(values[at])) known[count++] = values[at] as number
  }
  if (count === rows || rule === 'drop-row') return null
  const filler = fillerOf(known.subarray(0, count).sort(), rule, column)
  for (let at = column; at < values.length; at += columns) if (Number.isNaN(values[at])) values[at] = filler
  return filler
}

function fillerOf(sorted: Float64Array, rule: Exclude<MissingRule, 'drop-row'>, column: number): number {
  if (typeof rule === 'object') return checkFinite('rule.value', rule.value)
  if (sorted.length === 0) refuse(`matrix (column ${column})`, 'no value', `is known, so there is no ${rule}`)
  if (rule === 'median') return quantile(sorted, 0.5)
  return sorted.reduce((sum, value) => sum + value / sorted.length, 0)
}

function checkGappy({ rows, columns, values }: DenseMatrix): void {
  checkWhole('matrix.rows', rows, 1)
  checkWhole('matrix.columns', columns, 1)
  if (values.length !== rows * columns) {
    refuse('matrix.values.length', values.length, `must be rows × columns (${rows} × ${columns})`)
  }
  values.forEach((value, at) => {
    if (Number.isNaN(value)) return
    checkFinite(`matrix (row ${Math.floor(at / columns)}, column ${at % columns})`, value)
  })
}
