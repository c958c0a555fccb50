/** Rows that are there more than once. Nothing is dropped here: the caller sees what would be, and decides. */

/** Which rows are the same. Row numbers count from 0. */
export interface Duplicates {
  /** Rows that say the same, ascending, two or more a group; groups by their first row. */
  readonly groups: readonly (readonly number[])[]
  /** The first row of every group and all rows that are alone, ascending. */
  readonly kept: Int32Array
  /** How many rows there are besides these. */
  readonly extraCount: number
}

/**
 * Finds rows whose every value is the same text, to the character.
 *
 * @param rows The values of each row.
 */
export function exactDuplicates(rows: readonly (readonly string[])[]): Duplicates {
  const byText = new Map<string, number[]>()
  rows.forEach((values, row) => {
    const text = JSON.stringify(values) // Not joined: "a,b" and "c" must differ from "a" and "b,c".
    const same = byText.get(text)
    if (same === undefined) byText.set(text, [row])
    else same.push(row)
  })
  return duplicatesOf(byText.values())
}

/** Sums up groups of row numbers, of one row or more each, every row in exactly one. */
export function duplicatesOf(groups: Iterable<number[]>): Duplicates {
  const sorted = Array.from(groups, (rows) => rows.toSorted((a, b) => a - b)).sort(
    (a, b) => (a[0] as number) - (b[0] as number),
  )
  return {
    groups: sorted.filter((rows) => rows.length > 1),
    kept: Int32Array.from(sorted, (rows) => rows[0] as number),
    extraCount: sorted.reduce((sum, rows) => sum + rows.length - 1, 0),
  }
}
