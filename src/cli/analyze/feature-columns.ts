/** Which columns of a CSV file are numbers and which are text, for the commands that predict. */

import { type EncodedFeatures, encodeFeatures, type FeatureColumn } from '../../analytics/feature-encoding.ts'
import { type CsvTable, cellNumber } from './csv-table.ts'

/** Blank, or a number that is not finite: what a column of numbers must not hold. */
const missing = /^\s*$|^\s*[+-]?(nan|inf|infinity)\s*$/i

/**
 * The features that the columns make, in file order: numbers as they are, text one feature a value.
 *
 * @throws UsageError naming column and row if a column of numbers has a blank, NaN or an infinite value.
 */
export function readFeatures(table: CsvTable, names: readonly string[]): EncodedFeatures {
  return encodeFeatures(
    names.map((name) => featureColumn(table, name)),
    table.rowCount,
  )
}

/** A column is of numbers unless it holds a word. */
function featureColumn(table: CsvTable, name: string): FeatureColumn {
  const texts = table.column(name)
  const values = new Float64Array(table.rowCount)
  let numbers = 0
  let firstMissing = -1
  for (let row = 0; row < texts.length; row++) {
    const text = texts[row] as string
    const value = cellNumber(text)
    values[row] = value
    if (Number.isFinite(value)) numbers++
    else if (!missing.test(text) && Number.isNaN(value)) return { name, kind: 'text', values: texts }
    else if (firstMissing < 0) firstMissing = row
  }
  if (numbers === 0) return { name, kind: 'text', values: texts }
  if (firstMissing >= 0) table.refuse(name, firstMissing, 'must be a finite number, as the others of its column are')
  return { name, kind: 'numeric', values }
}
