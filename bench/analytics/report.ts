/** What the comparison came to, for people and for programs. */

import { type BenchReport, say } from '../support/bench.ts'
import { table, threeDigits } from '../support/table.ts'

/** One row, measured. */
export interface Measured {
  readonly name: string
  readonly tool: string
  readonly unit: 's' | 'MB'
  readonly ours: number
  readonly reference: number
  /** Ours over the reference. */
  readonly ratio: number
  readonly target: number | null
  /** Whether the ratio is within the target; null without one. */
  readonly holds: boolean | null
  /** How many runs the medians are of. */
  readonly runs: readonly [ours: number, reference: number]
  /** What both found. */
  readonly agreement: string
}

/** One row that could not be measured. */
export interface Skipped {
  readonly name: string
  readonly tool: string
  readonly skipped: string
}

export type Outcome = Measured | Skipped

/** A measured row. */
export function measured(row: Omit<Measured, 'ratio' | 'holds'>): Measured {
  const ratio = row.ours / row.reference
  return { ...row, ratio, holds: row.target === null ? null : ratio <= row.target }
}

/** Says at once what a row came to: the whole takes long, and may be stopped. */
export function sayOutcome(outcome: Outcome): void {
  if (!('ratio' in outcome)) return
  const [, , ours, theirs, ratio, target, holds] = cells(outcome)
  say(`  ${ours} / ${theirs} = ${ratio}${holds === '' ? '' : `, ${target}: ${holds}`}`)
}

/**
 * The table, and the line for programs: `ours` and `reference` are the seconds of all timed rows together, `rows` has each
 * of them.
 *
 * @throws Error if every row was skipped.
 */
export function report(outcomes: readonly Outcome[]): BenchReport {
  const rows = outcomes.filter((outcome) => 'ratio' in outcome)
  const skipped = outcomes.filter((outcome) => 'skipped' in outcome)
  const reasons = [...new Set(skipped.map((row) => row.skipped))]
  if (rows.length === 0) throw new Error(`nothing could be measured: ${reasons.join('; ')}`)
  const timed = rows.some(({ unit }) => unit === 's') ? rows.filter(({ unit }) => unit === 's') : rows
  const sum = (side: 'ours' | 'reference'): number => timed.reduce((total, row) => total + row[side], 0)
  const missed = rows.filter(({ holds }) => holds === false)
  const promised = rows.filter(({ target }) => target !== null)
  return {
    result: {
      ours: sum('ours'),
      reference: sum('reference'),
      unit: timed[0]?.unit ?? 's',
      missed: missed.length,
      rows,
      skipped,
    },
    text: [
      table(['work', 'reference', 'ours', 'theirs', 'ratio', 'target', '', 'both found'], rows.map(cells)),
      '',
      `${promised.length - missed.length} of ${promised.length} targets hold.`,
      ...missed.map(({ name, tool }) => `Missed: ${name}, against ${tool}.`),
      ...reasons.map((reason) => `Skipped for want of it: ${skippedFor(skipped, reason)} (${reason}).`),
    ].join('\n'),
  }
}

function cells(row: Measured): string[] {
  const amount = (value: number): string => `${threeDigits(value)} ${row.unit}`
  const runs = row.runs[1] < row.runs[0] ? ` (${row.runs[1]} run)` : ''
  return [
    row.name,
    row.tool,
    amount(row.ours),
    `${amount(row.reference)}${runs}`,
    threeDigits(row.ratio),
    row.target === null ? '–' : `≤ ${row.target}`,
    row.holds === null ? '' : row.holds ? 'holds' : 'MISSED',
    row.agreement,
  ]
}

function skippedFor(skipped: readonly Skipped[], reason: string): string {
  const names = skipped.filter((row) => row.skipped === reason).map(({ tool, name }) => `${tool} (${name})`)
  return names.join(', ')
}
