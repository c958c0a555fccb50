/** Lengths of time as marketers write them: "3 days", "1 hour 30 minutes", "P3DT12H". A day is 24 hours, always. */

import { dayMs, hourMs, minuteMs, secondMs } from './time.ts'

const unitMs = { second: secondMs, minute: minuteMs, hour: hourMs, day: dayMs, week: 7 * dayMs } as const

type Unit = keyof typeof unitMs

/** Far enough for everything that a campaign waits for, and near enough that sums stay exact. */
const longestMs = 3660 * dayMs

const phrase = /^(?:\d+ (?:second|minute|hour|day|week)s?(?:,? (?:and )?|$))+$/
const part = /(\d+) (second|minute|hour|day|week)s?/g
const iso = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/

/** What a duration must look like, for error messages. */
export const durationRule =
  'must be a length of time such as "3 days", "1 hour 30 minutes" or "PT90M", at most 10 years'

/**
 * A length of time in milliseconds, or undefined if the text is none. Months and years are refused: they differ in
 * length.
 */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim()
  const totalMs = phrase.test(trimmed) ? sumOfPhrase(trimmed) : sumOfIso(trimmed)
  return totalMs !== undefined && totalMs <= longestMs ? totalMs : undefined
}

function sumOfPhrase(text: string): number {
  let totalMs = 0
  for (const [, count, unit] of text.matchAll(part)) totalMs += Number(count) * unitMs[unit as Unit]
  return totalMs
}

function sumOfIso(text: string): number | undefined {
  const found = iso.exec(text)
  if (found === null || /[PT]$/.test(text)) return undefined
  const [, weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = found.map((digits) => Number(digits ?? 0))
  return (
    weeks * unitMs.week + days * unitMs.day + hours * unitMs.hour + minutes * unitMs.minute + seconds * unitMs.second
  )
}

/** A length of time in words, in its two largest units: "3 days", "1 hour 30 minutes". */
export function sayDuration(lengthMs: number): string {
  const parts: string[] = []
  let restMs = lengthMs
  for (const unit of ['day', 'hour', 'minute', 'second'] as const) {
    const count = Math.floor(restMs / unitMs[unit])
    restMs -= count * unitMs[unit]
    if (count > 0) parts.push(`${count} ${unit}${count === 1 ? '' : 's'}`)
  }
  return parts.length === 0 ? '0 seconds' : parts.slice(0, 2).join(' ')
}
