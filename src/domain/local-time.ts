/**
 * Times of day where a customer lives, exact over changes of clock.
 *
 * The zone rules come from Temporal; asking it for every decision would be far too slow, so for each zone the stretches
 * between two changes of clock are remembered.
 */

import { Temporal } from 'temporal-polyfill'
import { dayMs, type EpochMs, minuteMs } from './time.ts'

/** Minutes since midnight, 0 to 1439. */
export type TimeOfDay = number

/** As in ISO 8601: 1 is Monday, 7 is Sunday. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7

/** Open from `from` until just before `to`; over midnight if `to` is earlier. Days are those on which it opens. */
export interface LocalWindow {
  readonly from: TimeOfDay
  readonly to: TimeOfDay
  readonly days: readonly Weekday[]
}

export const everyDay: readonly Weekday[] = [1, 2, 3, 4, 5, 6, 7]

/** While one offset from UTC holds: from `fromMs` until just before `toMs`. */
interface Stretch {
  readonly fromMs: EpochMs
  readonly toMs: EpochMs
  readonly offsetMs: number
}

/** Stretches met so far; null for a name that is no time zone. Bounded, because names come from outside. */
const stretchesByZone = new Map<string, Stretch[] | null>()
const mostZones = 2_000
const mostStretches = 64

/** Whether this is an IANA time zone that is known here. */
export function isTimeZone(name: string): boolean {
  return stretchesOf(name) !== null
}

/** The customer's zone where it is known and valid, else the fallback, else UTC. */
export function zoneOr(zone: string | null, fallback: string): string {
  if (zone !== null && isTimeZone(zone)) return zone
  return isTimeZone(fallback) ? fallback : 'UTC'
}

/** Milliseconds that local time is ahead of UTC at a moment. The zone must be valid. */
export function offsetMsAt(zone: string, momentMs: EpochMs): number {
  return stretchOf(zone, momentMs).offsetMs
}

function stretchOf(zone: string, momentMs: EpochMs): Stretch {
  const stretches = stretchesOf(zone) ?? []
  // The latest stretch comes first: one review asks for the same time many times over.
  for (const stretch of stretches) {
    if (momentMs >= stretch.fromMs && momentMs < stretch.toMs) return stretch
  }
  const met = stretchAt(zone, momentMs)
  if (stretches.length >= mostStretches) stretches.pop()
  stretches.unshift(met)
  return met
}

/** The zone asked for last, which is mostly the one asked for next. */
let last: { readonly zone: string; readonly stretches: Stretch[] | null } = { zone: '', stretches: null }

function stretchesOf(zone: string): Stretch[] | null {
  if (zone === last.zone) return last.stretches
  let stretches = stretchesByZone.get(zone)
  if (stretches === undefined) {
    if (stretchesByZone.size >= mostZones) stretchesByZone.clear()
    stretches = isNamedZone(zone) ? [] : null
    stretchesByZone.set(zone, stretches)
  }
  last = { zone, stretches }
  return stretches
}

function isNamedZone(zone: string): boolean {
  if (zone !== 'UTC' && !/^[A-Za-z]/.test(zone)) return false
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone) !== undefined
  } catch {
    return false
  }
}

function stretchAt(zone: string, momentMs: EpochMs): Stretch {
  const moment = Temporal.Instant.fromEpochMilliseconds(Math.floor(momentMs)).toZonedDateTimeISO(zone)
  // A change at the very moment begins its stretch; "previous" alone would answer the one before.
  const since = moment.add({ nanoseconds: 1 }).getTimeZoneTransition('previous')
  const until = moment.getTimeZoneTransition('next')
  return {
    fromMs: since?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    toMs: until?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offsetMs: moment.offsetNanoseconds / 1e6,
  }
}

/** The time of day at a moment; seconds are cut off. */
export function timeOfDayAt(zone: string, momentMs: EpochMs): TimeOfDay {
  return timeOfDayOf(momentMs + offsetMsAt(zone, momentMs))
}

/** The first moment, from the given one on, at which it is this time of day there. */
export function nextTimeOfDay(zone: string, fromMs: EpochMs, time: TimeOfDay): EpochMs {
  const stretch = stretchOf(zone, fromMs)
  const localMidnight = startOfDay(fromMs + stretch.offsetMs)
  // Far from any change of clock every day has 24 hours.
  if (fromMs - stretch.fromMs > 3 * dayMs && stretch.toMs - fromMs > 4 * dayMs) {
    const todayMs = localMidnight + time * minuteMs - stretch.offsetMs
    return todayMs >= fromMs ? todayMs : todayMs + dayMs
  }
  // Yesterday's may still lie ahead where a change of clock swallowed its hour; after two days one has surely come.
  for (let day = -1; day <= 2; day++) {
    const momentMs = momentOfLocal(zone, localMidnight + day * dayMs + time * minuteMs)
    if (momentMs >= fromMs) return momentMs
  }
  return momentOfLocal(zone, localMidnight + 3 * dayMs + time * minuteMs)
}

/** Whether a window is open at a moment. */
export function isOpen(window: LocalWindow, zone: string, momentMs: EpochMs): boolean {
  const local = momentMs + offsetMsAt(zone, momentMs)
  const time = timeOfDayOf(local)
  const { from, to } = window
  if (from < to) return time >= from && time < to && opensOn(window, local)
  // Over midnight: the early hours belong to the day before. Equal ends: the whole day long.
  if (time >= from) return opensOn(window, local)
  return time < to && opensOn(window, local - dayMs)
}

/** The first moment, from the given one on, at which a window is open; null if it never is. */
export function nextOpening(window: LocalWindow, zone: string, fromMs: EpochMs): EpochMs | null {
  if (isOpen(window, zone, fromMs)) return fromMs
  let momentMs = fromMs
  for (let day = 0; day <= 8; day++) {
    momentMs = nextTimeOfDay(zone, momentMs, window.from)
    if (isOpen(window, zone, momentMs)) return momentMs
    momentMs += 1
  }
  return null
}

/** How long a window is open, by the clock on the wall. */
export function windowLengthMs({ from, to }: Pick<LocalWindow, 'from' | 'to'>): number {
  return (to > from ? to - from : to - from + 1440) * minuteMs
}

/** The window in which quiet hours let messages through. */
export function outside(quiet: { readonly from: TimeOfDay; readonly to: TimeOfDay }): LocalWindow {
  return { from: quiet.to, to: quiet.from, days: everyDay }
}

function opensOn(window: LocalWindow, localMs: number): boolean {
  if (window.days.length === 7) return true
  // 1970-01-01 was a Thursday.
  const weekday = (modulo(Math.floor(localMs / dayMs) + 3, 7) + 1) as Weekday
  return window.days.includes(weekday)
}

/**
 * The moment at which the clock on the wall shows a local time. Of two such moments the first; where the clock jumps
 * over that time, as much later as the jump is long (as Temporal's "compatible").
 */
function momentOfLocal(zone: string, localMs: number): EpochMs {
  const before = offsetMsAt(zone, localMs - dayMs)
  const after = offsetMsAt(zone, localMs + dayMs)
  const early = localMs - before
  if (before === after || offsetMsAt(zone, early) === before) return early
  const late = localMs - after
  return offsetMsAt(zone, late) === after ? late : early
}

function timeOfDayOf(localMs: number): TimeOfDay {
  return Math.floor((localMs - startOfDay(localMs)) / minuteMs)
}

function startOfDay(localMs: number): number {
  return Math.floor(localMs / dayMs) * dayMs
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
