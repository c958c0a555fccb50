/** k-anonymity: traits that could point at a person are made coarser until at least k people share them. */

import { checkAllFinite, checkWhole, refuse } from '../core/check.ts'
import { compareText } from '../core/text-order.ts'

/** A trait that others may know too: age, postcode, city. One entry per person. */
export type QuasiIdentifier =
  | { readonly name: string; readonly kind: 'numeric'; readonly values: ArrayLike<number> }
  | { readonly name: string; readonly kind: 'text'; readonly values: readonly string[] }

export interface AnonymousTable {
  /** For each quasi-identifier one text per person: `34`, `30–39`, `Graz`, `Graz|Linz`, or `*` for anything. */
  readonly columns: readonly (readonly string[])[]
  /** The number of the group each person is in. */
  readonly groupOfRow: Int32Array
  /** How many people share the group's traits; each at least k. */
  readonly groupSizes: readonly number[]
  /** The mean share of a trait's range (or of its values) that a published entry covers: 0 exact, 1 all is `*`. */
  readonly loss: number
}

/** More different values than this are not listed any more. */
const MOST_LISTED = 4

/**
 * Cuts the people into groups of at least k that are as alike as possible, and publishes only what a group has in common.
 * A group is cut at the median of the trait that varies most in it, as long as both parts keep k people.
 *
 * @throws RangeError if there is no quasi-identifier, their lengths differ, a number is not finite, or k is not a whole
 * number from 1 to the number of people.
 * @see LeFevre, DeWitt & Ramakrishnan (2006), "Mondrian Multidimensional K-Anonymity" (strict partitioning).
 */
export function anonymise(identifiers: readonly QuasiIdentifier[], k: number): AnonymousTable {
  const traits = checkedTraits(identifiers, k)
  const people = (traits[0] as Trait).ranks.length
  const groups = cut(
    traits,
    Int32Array.from({ length: people }, (_, row) => row),
    k,
  )
  const groupOfRow = new Int32Array(people)
  const columns = traits.map(() => Array.from<string>({ length: people }))
  let covered = 0
  groups.forEach((rows, number) => {
    traits.forEach((trait, t) => {
      const text = trait.publish(rows)
      for (const row of rows) (columns[t] as string[])[row] = text
      covered += spread(trait, rows) * rows.length
    })
    for (const row of rows) groupOfRow[row] = number
  })
  return {
    columns,
    groupOfRow,
    groupSizes: groups.map((rows) => rows.length),
    loss: covered / (people * traits.length),
  }
}

/** The number of people in the smallest group of equal rows. @throws RangeError if there is no row. */
export function smallestGroup(columns: readonly (readonly string[])[]): number {
  const people = columns[0]?.length ?? 0
  if (people === 0) refuse('columns', 'nothing', 'must hold at least one row')
  const counts = new Map<string, number>()
  for (let row = 0; row < people; row++) {
    const key = JSON.stringify(columns.map((column) => column[row]))
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return Math.min(...counts.values())
}

/** A quasi-identifier by the ranks of its values: numbers by size, text by code point. */
interface Trait {
  /** The rank of each person's value among the different values. */
  readonly ranks: Int32Array
  /** Where each rank lies between the lowest (0) and the highest (1) value. */
  readonly positions: Float64Array
  publish(rows: Int32Array): string
}

function cut(traits: readonly Trait[], rows: Int32Array, k: number): Int32Array[] {
  const byVariety = traits.toSorted((a, b) => spread(b, rows) - spread(a, rows))
  for (const trait of byVariety) {
    const parts = cutAtMedian(trait, rows, k)
    if (parts) return parts.flatMap((part) => cut(traits, part, k))
  }
  return [rows]
}

/** The two parts of a cut between different values as near to the median as leaves k on both sides, if there is one. */
function cutAtMedian({ ranks }: Trait, rows: Int32Array, k: number): [Int32Array, Int32Array] | undefined {
  const ordered = rows.toSorted((a, b) => (ranks[a] as number) - (ranks[b] as number) || a - b)
  const rankAt = (place: number): number => ranks[ordered[place] as number] as number
  const middle = ordered.length / 2
  let best: number | undefined
  for (let place = k; place <= ordered.length - k; place++) {
    if (rankAt(place) === rankAt(place - 1)) continue
    if (best === undefined || Math.abs(place - middle) < Math.abs(best - middle)) best = place
  }
  return best === undefined ? undefined : [ordered.slice(0, best), ordered.slice(best)]
}

/** How much of the trait's range the people cover, from 0 to 1. */
function spread({ ranks, positions }: Trait, rows: Int32Array): number {
  let [low, high] = [1, 0]
  for (const row of rows) {
    const position = positions[ranks[row] as number] as number
    low = Math.min(low, position)
    high = Math.max(high, position)
  }
  return high - low
}

function checkedTraits(identifiers: readonly QuasiIdentifier[], k: number): Trait[] {
  const [first] = identifiers
  if (!first) return refuse('identifiers', 'nothing', 'must hold at least one quasi-identifier')
  const people = first.values.length
  for (const { name, values } of identifiers) {
    if (values.length !== people) refuse(`${name}.length`, values.length, `must be as of ${first.name} (${people})`)
  }
  if (people === 0) refuse(`${first.name}.length`, 0, 'must be at least 1')
  checkWhole('k', k, 1, people)
  return identifiers.map((identifier) =>
    identifier.kind === 'numeric' ? numericTrait(identifier) : textTrait(identifier),
  )
}

function numericTrait({ name, values }: QuasiIdentifier & { kind: 'numeric' }): Trait {
  checkAllFinite(name, values)
  const different = Float64Array.from(new Set(Array.from(values))).sort()
  const rankOf = new Map(Array.from(different, (value, rank) => [value, rank]))
  const ranks = Int32Array.from(values, (value) => rankOf.get(value) as number)
  const low = different[0] as number
  const range = (different.at(-1) as number) - low
  const positions = different.map((value) => (range === 0 ? 0 : (value - low) / range))
  const publish = (rows: Int32Array): string => {
    const [from, to] = [lowestRank(ranks, rows), highestRank(ranks, rows)].map((rank) => different[rank])
    return from === to ? String(from) : `${from}–${to}`
  }
  return { ranks, positions, publish }
}

function textTrait({ values }: QuasiIdentifier & { kind: 'text' }): Trait {
  const different = [...new Set(values)].sort(compareText)
  const rankOf = new Map(different.map((value, rank) => [value, rank]))
  const ranks = Int32Array.from(values, (value) => rankOf.get(value) as number)
  const positions = Float64Array.from(different, (_, rank) =>
    different.length < 2 ? 0 : rank / (different.length - 1),
  )
  const publish = (rows: Int32Array): string => {
    const here = [...new Set(Array.from(rows, (row) => ranks[row] as number))].sort((a, b) => a - b)
    if (here.length > MOST_LISTED) return '*'
    return here.map((rank) => different[rank] as string).join('|')
  }
  return { ranks, positions, publish }
}

function lowestRank(ranks: Int32Array, rows: Int32Array): number {
  return rows.reduce((low, row) => Math.min(low, ranks[row] as number), Number.POSITIVE_INFINITY)
}

function highestRank(ranks: Int32Array, rows: Int32Array): number {
  return rows.reduce((high, row) => Math.max(high, ranks[row] as number), -1)
}
