/** Columns of a table as numbers that a regression can use: text becomes one 0/1 feature per value. */

import { checkAllFinite, refuse } from './core/check.ts'
import type { DenseMatrix } from './core/dense-matrix.ts'
import { compareText } from './core/text-order.ts'

/** A column of numbers, or one of text. */
export type FeatureColumn =
  | { readonly name: string; readonly kind: 'numeric'; readonly values: Float64Array }
  | { readonly name: string; readonly kind: 'text'; readonly values: readonly string[] }

/** Features and what they are called. */
export interface EncodedFeatures {
  readonly names: string[]
  /** n × p, one row per row of the columns. */
  readonly matrix: DenseMatrix
}

/** Fitting costs rows × features², and beyond this takes minutes: a column of ids, in all likelihood. */
const MOST_WORK = 2e10

/**
 * The numeric columns in their order, then for each text column in its order a feature `column=value` for every value
 * but the one that sorts first by code point: with all of them, one would follow from the others.
 *
 * @throws RangeError if there are no rows, columns differ in length, a number is not finite, two features get the same
 * name, or a text column has so many values that a fit would take minutes.
 */
export function encodeFeatures(columns: readonly FeatureColumn[], rows: number): EncodedFeatures {
  for (const { name, values } of columns) {
    if (values.length !== rows) refuse(`column ${name}: length`, values.length, `must be the number of rows (${rows})`)
  }
  const numeric = columns.filter((column) => column.kind === 'numeric')
  const text = columns.filter((column) => column.kind === 'text')
  const levels = text.map(({ values }) => [...new Set(values)].sort(compareText).slice(1))
  const width = numeric.length + levels.reduce((sum, { length }) => sum + length, 0)
  refuseIds(text, levels, rows * width * width)

  const names = numeric.map(({ name }) => name)
  const matrix = { rows, columns: width, values: new Float64Array(rows * width) }
  numeric.forEach(({ name, values }, j) => {
    checkAllFinite(`column ${name}`, values)
    for (let i = 0; i < rows; i++) matrix.values[i * width + j] = values[i] as number
  })
  text.forEach(({ name, values }, t) => {
    const featureOf = new Map(levels[t]?.map((value, k) => [value, names.length + k]))
    names.push(...(levels[t] ?? []).map((value) => `${name}=${value}`))
    for (let i = 0; i < rows; i++) {
      const feature = featureOf.get(values[i] as string)
      if (feature !== undefined) matrix.values[i * width + feature] = 1
    }
  })
  return { names: checkedNames(names), matrix }
}

function refuseIds(text: readonly { name: string }[], levels: readonly string[][], work: number): void {
  if (work <= MOST_WORK) return
  const counts = levels.map(({ length }) => length)
  const most = counts.indexOf(Math.max(...counts))
  const name = text[most]?.name ?? 'features'
  const rule = 'different values are too many for features of their own; leave out columns that only name a row'
  throw new RangeError(`column ${name}: ${(counts[most] ?? 0) + 1} ${rule}`)
}

/** A column may be called what another one's value makes. */
function checkedNames(names: string[]): string[] {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) refuse('features', name, 'must not be there twice; rename a column')
    seen.add(name)
  }
  return names
}
