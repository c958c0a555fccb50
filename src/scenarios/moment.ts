/**
 * Moments of a scenario as people write them: `+2 days`, `-20 days`, `+2 days 10:00` (on that day, by the customer's clock),
 * `2026-03-05 10:00` (by the customer's clock), `2026-03-05T09:00Z`.
 */

import { Temporal } from 'temporal-polyfill'
import { z } from 'zod'
import { parseDuration } from '../domain/duration.ts'
import { parseInstant } from '../domain/instant.ts'
import type { EpochMs } from '../domain/time.ts'

export type Moment =
  | { readonly type: 'offset'; readonly offsetMs: number; readonly time: string | null }
  | { readonly type: 'local'; readonly text: string }
  | { readonly type: 'instant'; readonly atMs: EpochMs }

const relative = /^([+-])\s*(.*?)(?:\s+((?:[01]\d|2[0-3]):[0-5]\d))?$/
const local = /^(\d{4}-\d{2}-\d{2})(?: ((?:[01]\d|2[0-3]):[0-5]\d))?$/

export const momentRule =
  'must be a moment such as "+2 days", "+2 days 10:00", "2026-03-05 10:00" or "2026-03-05T09:00Z"'

export const moment = z.string().transform((text, context): Moment => {
  const parsed = parseMoment(text.trim())
  if (parsed !== undefined) return parsed
  context.issues.push({ code: 'custom', message: momentRule, input: text })
  return z.NEVER
})

function parseMoment(text: string): Moment | undefined {
  const [, sign, length, time = null] = relative.exec(text) ?? []
  if (length !== undefined) {
    const offsetMs = parseDuration(length)
    return offsetMs === undefined ? undefined : { type: 'offset', offsetMs: sign === '-' ? -offsetMs : offsetMs, time }
  }
  const [, day, clock = '00:00'] = local.exec(text) ?? []
  if (day !== undefined) return parseInstant(day) === undefined ? undefined : { type: 'local', text: `${day}T${clock}` }
  const atMs = parseInstant(text)
  return atMs === undefined ? undefined : { type: 'instant', atMs }
}

/** From the start of the scenario, where the customer lives. */
export function resolveMoment(moment: Moment, startMs: EpochMs, zone: string): EpochMs {
  switch (moment.type) {
    case 'instant':
      return moment.atMs
    case 'local':
      return Temporal.PlainDateTime.from(moment.text).toZonedDateTime(zone).epochMilliseconds
    case 'offset': {
      const atMs = startMs + moment.offsetMs
      if (moment.time === null) return atMs
      const day = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).toPlainDate()
      return day.toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(moment.time) }).epochMilliseconds
    }
  }
}

/** `Mon 2026-03-02 09:00`, where the customer lives. */
export function sayMoment(atMs: EpochMs, zone: string): string {
  const there = Temporal.Instant.fromEpochMilliseconds(Math.floor(atMs)).toZonedDateTimeISO(zone)
  const weekday = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][there.dayOfWeek - 1] ?? ''
  return `${weekday} ${there.toPlainDate().toString()} ${there.toPlainTime().toString({ smallestUnit: 'minute' })}`
}
