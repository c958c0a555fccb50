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
    if (days.includes(weekdayOf(local)) && (dayOfMonth === null || new Date(local).getUTCDate() === dayOfMonth))
      moments.push(momentMs)
  }
  return moments
}

/** 1970-01-01 was a Thursday. */
function weekdayOf(localMs: number): Weekday {
  const day = (Math.floor(localMs / dayMs) + 3) % 7
  return (((day + 7) % 7) + 1) as Weekday
}
