/** The small pieces that definition documents are made of. */

import { z } from 'zod'
import { durationRule, parseDuration } from './duration.ts'
import type { TimeOfDay, Weekday } from './local-time.ts'
import { minuteMs } from './time.ts'

/** "3 days" → milliseconds. */
export const duration = z
  .string()
  .meta({ description: 'A length of time: "3 days", "1 hour 30 minutes", "PT90M". A day is 24 hours.' })
  .transform((text, context) => {
    const lengthMs = parseDuration(text)
    if (lengthMs !== undefined) return lengthMs
    context.issues.push({ code: 'custom', message: durationRule, input: text })
    return z.NEVER
  })

/** As `duration`; a minute at least, so that nothing spins. */
export const waitingTime = duration.refine((lengthMs) => lengthMs >= minuteMs, { message: 'must be a minute at least' })

/** "09:30" → minutes since midnight. "24:00" is the midnight that ends a day. */
export const timeOfDay = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time of day such as "09:30"')
  .transform((text): TimeOfDay => {
    const [hours = 0, minutes = 0] = text.split(':').map(Number)
    return (hours * 60 + minutes) % 1440
  })

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

/** `[mon, thu]` → 1, 4. */
export const weekdayList = z
  .array(z.enum(weekdays))
  .min(1)
  .transform((days) => days.map((day) => (weekdays.indexOf(day) + 1) as Weekday))

/** What things are called in files, addresses and reports. */
export const key = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be 1 to 64 lower-case letters, digits or hyphens, such as "welcome-2"')

/** For people. */
export const words = z.string().trim().min(1).max(200)

export const channel = z.enum(['email', 'sms'])

export const stage = z.enum(['acquire', 'activate', 'retain', 'revenue', 'refer'])

export const share = z.number().min(0).max(1)

/** How many messages of a kind within 24 hours, 7 days, 30 days. */
export const frequencyCaps = z
  .strictObject({
    per_day: z.int().min(0).max(1000).optional(),
    per_week: z.int().min(0).max(1000).optional(),
    per_month: z.int().min(0).max(1000).optional(),
  })
  .transform(({ per_day: perDay, per_week: perWeek, per_month: perMonth }) => ({
    ...(perDay !== undefined && { perDay }),
    ...(perWeek !== undefined && { perWeek }),
    ...(perMonth !== undefined && { perMonth }),
  }))
