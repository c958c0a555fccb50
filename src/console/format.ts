/** Values as people read them. Times in UTC: the console speaks of customers in many zones. */

import type { TimeOfDay, Weekday } from '../domain/local-time.ts'

/** `2026-03-01 09:30`. */
export function formatTime(time: Date | string | null): string {
  if (time === null) return '–'
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? '–' : date.toISOString().slice(0, 16).replace('T', ' ')
}

/** Minor units in the currency's own decimals. */
export function formatMoney(minorUnits: number, currency: string | null): string {
  try {
    const format = new Intl.NumberFormat('en', { style: 'currency', currency: currency ?? 'USD' })
    const digits = format.resolvedOptions().maximumFractionDigits ?? 2
    return currency === null && minorUnits === 0 ? '–' : format.format(minorUnits / 10 ** digits)
  } catch {
    return `${minorUnits / 100} ${currency}`
  }
}

export function formatCount(count: number): string {
  return count.toLocaleString('en')
}

/** 0.234 as "23 %". */
export function formatShare(share: number): string {
  return `${Math.round(share * 100)} %`
}

/** Minutes since midnight as people say it: `09:30`. */
export function formatClock(time: TimeOfDay): string {
  const two = (part: number): string => String(part).padStart(2, '0')
  return `${two(Math.floor(time / 60))}:${two(time % 60)}`
}

const weekdayNames: Readonly<Record<Weekday, string>> = {
  1: 'Mon',
  2: 'Tue',
  3: 'Wed',
  4: 'Thu',
  5: 'Fri',
  6: 'Sat',
  7: 'Sun',
}

export function formatWeekdays(days: readonly Weekday[]): string {
  return days.length === 7 ? 'every day' : days.map((day) => weekdayNames[day]).join(', ')
}
