/** Tables for people. */

/** Such as `12.3`, `≤ 0.5`, `0.02 s` or `3 s (1 run)`; also an empty place. */
const figure = /^(–|(≤ )?\d[\d.,]*( \w{1,3})?( \(\d+ runs?\))?)?$/

/** A table with its headings underlined; columns whose cells are all figures stand to the right. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i]?.length ?? 0)))
  const right = headings.map((_, i) => rows.every((row) => figure.test(row[i] ?? '')))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (right[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** A figure with about three digits that count: 0.00456, 12.3, 1234. */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return '–'
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}
