import fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import type { LocalWindow } from '../../src/domain/local-time.ts'
import {
  everyDay,
  isOpen,
  isTimeZone,
  nextOpening,
  nextTimeOfDay,
  offsetMsAt,
  timeOfDayAt,
  zoneOr,
} from '../../src/domain/local-time.ts'
import { dayMs } from '../../src/domain/time.ts'
import { runs } from '../support/property-runs.ts'

const utc = (text: string): number => Date.parse(`${text}:00Z`)
const said = (momentMs: number | null): string | null =>
  momentMs === null ? null : new Date(momentMs).toISOString().slice(0, 16)

// Zones with changes of clock by an hour, by half an hour, at midnight, of a whole day, and without any.
const zones = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'Asia/Kolkata',
  'Asia/Beirut',
  'Pacific/Apia',
  'America/Sao_Paulo',
]
const anyZone = fc.constantFrom(...zones)
const anyMoment = fc.integer({ min: Date.UTC(2005, 0, 1), max: Date.UTC(2035, 0, 1) })
const anyTime = fc.integer({ min: 0, max: 1439 })

test.each([
  ['Europe/Berlin', true],
  ['UTC', true],
  ['Mars/Olympus', false],
  ['+02:00', false],
  ['', false],
  ['Europe/Berlin\n', false],
])('%j is a time zone: %s', (name, expected) => {
  expect(isTimeZone(name)).toBe(expected)
})

test('an unknown zone falls back, and an unknown fallback to UTC', () => {
  expect(zoneOr('Europe/Berlin', 'America/New_York')).toBe('Europe/Berlin')
  expect(zoneOr('Mars/Olympus', 'America/New_York')).toBe('America/New_York')
  expect(zoneOr(null, 'America/New_York')).toBe('America/New_York')
  expect(zoneOr(null, 'Mars/Olympus')).toBe('UTC')
})

describe('the next time of day', () => {
  test.each([
    ['later today', 'Europe/Berlin', '2026-01-05T07:00', 9 * 60, '2026-01-05T08:00'],
    ['tomorrow', 'Europe/Berlin', '2026-01-05T08:01', 9 * 60, '2026-01-06T08:00'],
    ['this very minute', 'Europe/Berlin', '2026-01-05T08:00', 9 * 60, '2026-01-05T08:00'],
    [
      'this very minute, on the eve of a change of clock',
      'America/New_York',
      '2026-03-07T14:00',
      9 * 60,
      '2026-03-07T14:00',
    ],
    ['only 23 hours later in spring', 'America/New_York', '2026-03-07T14:01', 9 * 60, '2026-03-08T13:00'],
    ['25 hours later in autumn', 'America/New_York', '2026-10-31T13:01', 9 * 60, '2026-11-01T14:00'],
    ['at an hour that the clocks skip', 'Europe/Berlin', '2026-03-29T00:00', 2 * 60 + 30, '2026-03-29T01:30'],
    ['at an hour that comes twice: the first', 'Europe/Berlin', '2026-10-24T22:00', 2 * 60 + 30, '2026-10-25T00:30'],
    [
      'between the two: not the second one, the next day',
      'Europe/Berlin',
      '2026-10-25T00:31',
      2 * 60 + 30,
      '2026-10-26T01:30',
    ],
    ['at a midnight that is skipped', 'Asia/Beirut', '2026-03-28T12:00', 0, '2026-03-28T22:00'],
  ])('%s', (_, zone, from, time, expected) => {
    expect(said(nextTimeOfDay(zone, utc(from), time))).toBe(expected)
  })

  test('lies ahead, within two days, and shows that time unless a change of clock has swallowed it', () => {
    fc.assert(
      fc.property(anyZone, anyMoment, anyTime, (zone, fromMs, time) => {
        const momentMs = nextTimeOfDay(zone, fromMs, time)
        expect(momentMs).toBeGreaterThanOrEqual(fromMs)
        expect(momentMs - fromMs).toBeLessThan(2.1 * dayMs)
        const local = Temporal.Instant.fromEpochMilliseconds(momentMs).toZonedDateTimeISO(zone)
        // The oracle: what Temporal makes of that local time on that date, or on the date before where the gap is at midnight.
        const plain = { hour: Math.floor(time / 60), minute: time % 60 }
        const same = [local, local.subtract({ hours: 3 }), local.subtract({ days: 1 })].some(
          (each) =>
            each.toPlainDate().toZonedDateTime({ timeZone: zone, plainTime: Temporal.PlainTime.from(plain) })
              .epochMilliseconds === momentMs,
        )
        expect(same).toBe(true)
      }),
      { numRuns: runs(2_000) },
    )
  })
})

test('offset and time of day are those of Temporal at every moment', () => {
  fc.assert(
    fc.property(anyZone, anyMoment, (zone, momentMs) => {
      const local = Temporal.Instant.fromEpochMilliseconds(momentMs).toZonedDateTimeISO(zone)
      expect(offsetMsAt(zone, momentMs)).toBe(local.offsetNanoseconds / 1e6)
      expect(timeOfDayAt(zone, momentMs)).toBe(local.hour * 60 + local.minute)
    }),
    { numRuns: runs(3_000) },
  )
})

test('the offset is exact to the millisecond around a change of clock', () => {
  const changeMs = Date.UTC(2026, 2, 29, 1)
  expect(offsetMsAt('Europe/Berlin', changeMs - 1)).toBe(3_600_000)
  expect(offsetMsAt('Europe/Berlin', changeMs)).toBe(7_200_000)
})

describe('a window', () => {
  const office: LocalWindow = { from: 9 * 60, to: 17 * 60, days: [1, 2, 3, 4, 5] }
  const night: LocalWindow = { from: 21 * 60, to: 8 * 60, days: everyDay }
  const fridayNight: LocalWindow = { from: 22 * 60, to: 4 * 60, days: [5] }

  test.each([
    ['opens on the minute', office, '2026-01-05T09:00', true],
    ['is shut the minute before', office, '2026-01-05T08:59', false],
    ['is open until just before its end', office, '2026-01-05T16:59', true],
    ['is shut at its end', office, '2026-01-05T17:00', false],
    ['is shut on a Saturday', office, '2026-01-10T10:00', false],
    ['over midnight is open late', night, '2026-01-05T23:30', true],
    ['over midnight is open early', night, '2026-01-05T07:59', true],
    ['over midnight is shut by day', night, '2026-01-05T12:00', false],
    ['of a Friday reaches into Saturday', fridayNight, '2026-01-10T03:00', true],
    ['of a Friday does not begin on Friday morning', fridayNight, '2026-01-09T03:00', false],
  ])('%s', (_, window, moment, expected) => {
    expect(isOpen(window, 'UTC', utc(moment))).toBe(expected)
  })

  test.each([
    ['at once when it is open', office, 'UTC', '2026-01-05T10:00', '2026-01-05T10:00'],
    ['in the morning', office, 'UTC', '2026-01-05T03:00', '2026-01-05T09:00'],
    ['after the weekend', office, 'UTC', '2026-01-09T17:00', '2026-01-12T09:00'],
    ['after a weekend with a change of clock', office, 'America/New_York', '2026-03-06T23:00', '2026-03-09T13:00'],
  ])('next opens %s', (_, window, zone, from, expected) => {
    expect(said(nextOpening(window, zone, utc(from)))).toBe(expected)
  })

  test('next opens at a moment at which it is open, and not before', () => {
    const anyWindow = fc.record({
      from: anyTime,
      to: anyTime,
      days: fc.subarray([...everyDay], { minLength: 1 }),
    })
    fc.assert(
      fc.property(anyZone, anyMoment, anyWindow, (zone, fromMs, window) => {
        fc.pre(window.from !== window.to)
        const opensMs = nextOpening(window, zone, fromMs)
        // A short window may fall into a skipped hour; it still opens a week later.
        if (opensMs === null) return
        expect(isOpen(window, zone, opensMs)).toBe(true)
        expect(opensMs).toBeGreaterThanOrEqual(fromMs)
        for (const share of [0.1, 0.5, 0.9]) {
          const betweenMs = Math.floor(fromMs + (opensMs - fromMs) * share)
          if (betweenMs < opensMs && isOpen(window, zone, betweenMs))
            throw new Error(`open at ${said(betweenMs)} already`)
        }
      }),
      { numRuns: runs(2_000) },
    )
  })
})
