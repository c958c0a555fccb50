/** What a command says: one JSON document or readable tables on standard output, progress on standard error. */

/**
 * Ends a command: with `--json` the document alone, otherwise its readable form.
 *
 * @param readable Made only when it is wanted.
 */
export function writeResult(json: boolean | undefined, document: object, readable: () => string): void {
  process.stdout.write(json ? `${toJson(document)}\n` : `${readable()}\n`)
}

/** JSON in which typed arrays are arrays, and a number that is not finite is null. */
export function toJson(document: unknown): string {
  return JSON.stringify(document, (_key, value: unknown) =>
    ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as Float64Array) : value,
  )
}

/** One cell of a readable table; numbers are rounded for reading and stand to the right. */
export type Cell = string | number | null

/** A table with its headings underlined, its columns aligned. */
export function textTable(headings: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map(cellText))
  const widths = headings.map((heading, i) => Math.max(heading.length, ...texts.map((row) => row[i]?.length ?? 0)))
  const right = headings.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] !== 'string'))
  const line = (cells: readonly string[]): string =>
    cells
      .map((text, i) => (right[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return [line(headings), line(widths.map((width) => '-'.repeat(width))), ...texts.map(line)].join('\n')
}

/** Names and values below each other, for the few numbers that sum a result up. */
export function textFacts(facts: Readonly<Record<string, Cell>>): string {
  const width = Math.max(...Object.keys(facts).map((name) => name.length))
  return Object.entries(facts)
    .map(([name, value]) => `${name.padEnd(width)}  ${cellText(value)}`)
    .join('\n')
}

/** At most `limit` rows of a long table, and a last line that says how many are not shown. */
export function textTableHead(headings: readonly string[], rows: readonly (readonly Cell[])[], limit = 40): string {
  const table = textTable(headings, rows.slice(0, limit))
  return rows.length <= limit ? table : `${table}\n… ${rows.length - limit} more; --json has them all`
}

/** Tells on standard error that something held, but not as the caller may expect. */
export function warn(message: string): void {
  process.stderr.write(`perennial: ${message}\n`)
}

/** Says how far a long run is. */
export interface Progress {
  /** @param share From 0 to 1. */
  report(share: number): void
  /** Ends the line on a terminal. */
  done(): void
}

/** Progress on standard error, from the second second on: redrawn on a terminal, elsewhere a line each five seconds. */
export function startProgress(label: string): Progress {
  const terminal = process.stderr.isTTY
  const pauseMs = terminal ? 100 : 5000
  let nextAt = performance.now() + 1000
  let shown = false
  return {
    report(share) {
      const now = performance.now()
      if (now < nextAt) return
      nextAt = now + pauseMs
      shown = true
      const text = `${label} ${Math.floor(share * 100)} %`
      process.stderr.write(terminal ? `\r${text}` : `${text}\n`)
    },
    done() {
      if (shown && terminal) process.stderr.write('\n')
    },
  }
}

function cellText(cell: Cell): string {
  if (cell === null) return '–'
  if (typeof cell === 'string') return cell
  if (Number.isInteger(cell) || !Number.isFinite(cell)) return String(cell)
  return String(Number(cell.toPrecision(6)))
}
