/** Categories and traits as numbers: which of them are features is chosen by the customers who are learned from. */

import type { Tastes } from '../../domain/tastes.ts'
import { compareText } from '../core/text-order.ts'

/** Changes whenever the meaning of a column does. */
export const tasteVersion = 'tastes-1'

/** Which columns there are. Plain JSON, kept with the model that was trained on them. */
export interface TasteEncoding {
  readonly categories: readonly string[]
  /** One column per value that enough customers have. */
  readonly texts: readonly { readonly name: string; readonly values: readonly string[] }[]
  /** Who has none counts as the mean. */
  readonly numbers: readonly { readonly name: string; readonly mean: number }[]
  readonly flags: readonly string[]
}

export const noTastes: TasteEncoding = { categories: [], texts: [], numbers: [], flags: [] }

/** A text with more values than this names people or moments, not kinds of people. */
const mostValues = 20
const mostCategories = 12
const mostTraitColumns = 30
/** A column that is alike for nearly all teaches nothing, and one that few share would point at them. */
const fewestAlike = 20
const leastShare = 0.01

/**
 * The categories that most have bought from; texts with few values, one column each; numbers that at least half of the
 * customers have; and marks. Names and values of traits never come from personal ones: those are sealed.
 */
export function chooseTastes(rows: readonly Tastes[]): TasteEncoding {
  const least = Math.max(fewestAlike, rows.length * leastShare)
  const tells = (count: number): boolean => count >= least && count <= rows.length - least
  const buyers = countOf(rows.flatMap(({ categories }) => Object.keys(categories)))
  const categories = mostFrequent(buyers)
    .filter(([, count]) => count >= least)
    .slice(0, mostCategories)
    .map(([category]) => category)

  const texts: { name: string; values: string[] }[] = []
  const numbers: { name: string; mean: number }[] = []
  const flags: string[] = []
  let columns = 0
  for (const [name, values] of valuesByTrait(rows)) {
    if (columns >= mostTraitColumns) break
    if (isAll(values, 'boolean')) {
      if (tells(values.filter(Boolean).length)) flags.push(name)
    } else if (isAll(values, 'number')) {
      const logs = values.map(signedLog)
      const mean = logs.reduce((sum, one) => sum + one, 0) / logs.length
      if (values.length * 2 >= rows.length && logs.some((one) => one !== logs[0])) numbers.push({ name, mean })
    } else if (isAll(values, 'string')) {
      const counts = countOf(values)
      const told = mostFrequent(counts).filter(([, count]) => tells(count))
      if (counts.size <= mostValues && told.length > 0) {
        texts.push({ name, values: told.slice(0, mostTraitColumns - columns).map(([value]) => value) })
      }
    }
    columns = flags.length + numbers.length + texts.reduce((sum, text) => sum + text.values.length, 0)
  }
  return { categories, texts, numbers, flags }
}

/** What the columns are called: `category:Vinyl`, `trait:channel=Web`, `trait:points`. */
export function tasteNames({ categories, texts, numbers, flags }: TasteEncoding): string[] {
  return [
    ...categories.map((category) => `category:${category}`),
    ...texts.flatMap(({ name, values }) => values.map((value) => `trait:${name}=${value}`)),
    ...numbers.map(({ name }) => `trait:${name}`),
    ...flags.map((name) => `trait:${name}`),
  ]
}

/** The same columns of one customer. Orders and numbers as logarithms: from one to two says more than from ten to eleven. */
export function tasteValues({ categories, texts, numbers, flags }: TasteEncoding, tastes: Tastes): number[] {
  const { traits } = tastes
  return [
    ...categories.map((category) => Math.log1p(tastes.categories[category] ?? 0)),
    ...texts.flatMap(({ name, values }) => values.map((value) => (traits[name] === value ? 1 : 0))),
    ...numbers.map(({ name, mean }) => (typeof traits[name] === 'number' ? signedLog(traits[name]) : mean)),
    ...flags.map((name) => (traits[name] === true ? 1 : 0)),
  ]
}

function valuesByTrait(rows: readonly Tastes[]): [string, (string | number | boolean)[]][] {
  const found = new Map<string, (string | number | boolean)[]>()
  for (const { traits } of rows) {
    for (const [name, value] of Object.entries(traits)) {
      const values = found.get(name)
      if (values === undefined) found.set(name, [value])
      else values.push(value)
    }
  }
  return [...found].sort(([a], [b]) => compareText(a, b))
}

interface Kinds {
  readonly string: string
  readonly number: number
  readonly boolean: boolean
}

/** Of a trait that is now one kind of value and now another nobody knows what it means. */
function isAll<K extends keyof Kinds>(values: readonly unknown[], kind: K): values is Kinds[K][] {
  return values.every((value) => typeof value === kind)
}

function countOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

function mostFrequent(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([a, many], [b, more]) => more - many || compareText(a, b))
}

function signedLog(value: number): number {
  return Math.sign(value) * Math.log1p(Math.abs(value))
}
