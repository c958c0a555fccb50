/** The dates of a series, and how they go on. */

import { refuse } from '../core/check.ts'

/** `2024-05-31`, `2024-05`, or an instant: `2024-05-31T13:00`, with or without seconds and a final Z. */
const form = /^(\d{4}-\d{2})(?:-(\d{2})(?:([T ])(\d{2}:\d{2})(:\d{2})?(Z)?)?)?$/

const dayMs = 86_400_000

/** A date of a series. */
export interface SeriesDate {
  readonly text: string
  /** Milliseconds since 1970 in UTC: dates sort by it. */
  readonly timeMs: number
}

/**
 * Reads a date: a day, a month or an instant in UTC.
 *
 * @throws RangeError unless it has one of these forms and exists.
 */
export function parseSeriesDate(text: string): SeriesDate {
  const [, month, day = '01', , time = '00:00', seconds = ':00'] = form.exec(text) ?? []
  const plain = `${month}-${day}T${time}${seconds}`
  const timeMs = month === undefined ? Number.NaN : Date.parse(`${plain}Z`)
  // 30 February would be read as a day of March.
  if (Number.isNaN(timeMs) || !new Date(timeMs).toISOString().startsWith(plain)) {
    refuse('date', text, 'must be a date that exists, of the form YYYY-MM-DD, YYYY-MM or YYYY-MM-DDTHH:MM')
  }
  return { text, timeMs }
}

/**
 * The dates after a series: they go on by its most common step, the shorter of two that are equally common, in the form
 * of its last date. Where all dates are on one day of the month, steps are calendar months.
 *
 * @param dates At least two, all different, ascending.
 */
export function continueDates(dates: readonly SeriesDate[], count: number): string[] {
  const last = dates.at(-1)!
  const months = dates.map(({ timeMs }) => monthNumber(timeMs))
  const step = mostCommonStep(isMonthly(dates) ? months : dates.map(({ timeMs }) => timeMs))
  return Array.from({ length: count }, (_, i) => {
    const timeMs = isMonthly(dates) ? addMonths(last.timeMs, (i + 1) * step) : last.timeMs + (i + 1) * step
    return formatLike(last.text, timeMs)
  })
}

/** Whether all dates are on one day that every month has, at midnight, and no two in one month. */
function isMonthly(dates: readonly SeriesDate[]): boolean {
  const days = dates.map(({ timeMs }) => new Date(timeMs).getUTCDate())
  const months = dates.map(({ timeMs }) => monthNumber(timeMs))
  return (
    dates.every(({ timeMs }, i) => days[i] === days[0] && timeMs % dayMs === 0 && months[i] !== months[i - 1]) &&
    days[0]! <= 28
  )
}

function mostCommonStep(positions: readonly number[]): number {
  const counts = new Map<number, number>()
  for (let i = 1; i < positions.length; i++) {
    const step = positions[i]! - positions[i - 1]!
    counts.set(step, (counts.get(step) ?? 0) + 1)
  }
  return [...counts].sort(([stepA, a], [stepB, b]) => b - a || stepA - stepB)[0]![0]
}

function monthNumber(timeMs: number): number {
  const date = new Date(timeMs)
  return 12 * date.getUTCFullYear() + date.getUTCMonth()
}

function addMonths(timeMs: number, months: number): number {
  const date = new Date(timeMs)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, date.getUTCDate())
}

/** A time in the form of a date: `2024-05-31 13:00` gives blanks, no seconds and no Z. */
function formatLike(text: string, timeMs: number): string {
  const [, , day, separator, , seconds, zone = ''] = form.exec(text)!
  const iso = new Date(timeMs).toISOString()
  if (day === undefined) return iso.slice(0, 7)
  if (separator === undefined) return iso.slice(0, 10)
  return iso.slice(0, seconds === undefined ? 16 : 19).replace('T', separator) + zone
}
