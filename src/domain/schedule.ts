/** The moments of an entry's schedule, exact over changes of clock. */

import type { Entry } from './definitions.ts'
import { nextTimeOfDay, offsetMsAt, type Weekday, zoneOr } from './local-time.ts'
import { dayMs, type EpochMs } from './time.ts'

export type ScheduleEntry = Extract<Entry, { type: 'schedule' }>

/** All moments after `afterMs`, up to and with `untilMs`, oldest first. */
export function scheduledMoments(
  { at, days, dayOfMonth, timeZone }: Omit<ScheduleEntry, 'segment' | 'type' | 'if'>,
  defaultTimeZone: string,
  afterMs: EpochMs,
  untilMs: EpochMs,
): EpochMs[] {
  const zone = zoneOr(timeZone, defaultTimeZone)
  const moments: EpochMs[] = []
  for (
    let momentMs = nextTimeOfDay(zone, afterMs + 1, at);
    momentMs <= untilMs;
    momentMs = nextTimeOfDay(zone, momentMs + 1, at)
  ) {
    // As the clock on the wall shows it.
    const local = momentMs + offsetMsAt(zone, momentMs)
    if (days.includes(weekdayOf(local)) && (dayOfMonth === null || dayOfMonthOf(local) === dayOfMonth))
      moments.push(momentMs)
  }
  return moments
}

/** After Hinnant's `civil_from_days`: years begin in March, so that leap days come last. */
function dayOfMonthOf(localMs: number): number {
  const days = Math.floor(localMs / dayMs) + 719_468
  const dayOfEra = days - Math.floor(days / 146_097) * 146_097
  const year = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const month = Math.floor((5 * dayOfYear + 2) / 153)
  return dayOfYear - Math.floor((153 * month + 2) / 5) + 1
}

/** 1970-01-01 was a Thursday. */
function weekdayOf(localMs: number): Weekday {
  const day = (Math.floor(localMs / dayMs) + 3) % 7
  return (((day + 7) % 7) + 1) as Weekday
}
