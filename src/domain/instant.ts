/**
 * Moments as people and shops write them: `2026-01-31`, `2026-01-31T09:30Z`, `2026-01-31T09:30:00.123+02:00`.
 *
 * One narrow form of ISO 8601, so that PostgreSQL and we read the same moment: a day without a time is its first moment,
 * a time without a zone is UTC, and beyond milliseconds nothing counts.
 */

import { dayMs, type EpochMs, hourMs, minuteMs, secondMs } from './time.ts'

const form =
  /^([1-9]\d{3})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?:T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,6}))?)?(?:Z|([+-])(0\d|1[0-4]):([0-5]\d))?)?$/

/** The same form for PostgreSQL, which takes more for a digit than `0` to `9`. */
export const instantForm = `^[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?)?$`

/** The moment, or undefined if the text is none. */
export function parseInstant(text: string): EpochMs | undefined {
  const found = form.exec(text)
  if (found === null) return undefined
  const part = (i: number): number => Number(found[i] ?? 0)
  const [year, month, day] = [part(1), part(2), part(3)]
  if (day > daysIn(year, month)) return undefined
  const fractionMs = Number((found[7] ?? '').slice(0, 3).padEnd(3, '0'))
  const offsetMs = (found[8] === '-' ? -1 : 1) * (part(9) * hourMs + part(10) * minuteMs)
  return (
    dayNumber(year, month, day) * dayMs +
    part(4) * hourMs +
    part(5) * minuteMs +
    part(6) * secondMs +
    fractionMs -
    offsetMs
  )
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Days from 1970-01-01, counted in years that begin in March, so that the leap day comes last. */
function dayNumber(year: number, month: number, day: number): number {
  const marchYear = month < 3 ? year - 1 : year
  const monthsSinceMarch = (month + 9) % 12
  const dayOfYear = Math.floor((153 * monthsSinceMarch + 2) / 5) + day - 1
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) + Math.floor(marchYear / 400)
  return marchYear * 365 + leapDays + dayOfYear - 719_468
}
