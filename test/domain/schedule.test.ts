/** When a journey's schedule comes round. */

import { describe, expect, test } from 'vitest'
import type { ScheduleEntry } from '../../src/domain/schedule.ts'
import { scheduledMoments } from '../../src/domain/schedule.ts'
import { dayMs } from '../../src/domain/time.ts'
import { definitionsOf } from './support/definitions.ts'

const utc = (text: string): number => Date.parse(`${text}:00Z`)

function scheduleOf(entry: string): ScheduleEntry {
  const journey = `name: Letter\ntopic: news\nentry: [ ${entry} ]\nsteps: [ { id: bye, type: exit } ]`
  const [found] = definitionsOf({ journeys: { letter: journey } }).live[0]?.entry ?? []
  if (found?.type !== 'schedule') throw new Error('no schedule')
  return found
}

test.each([
  ['every day', '', '2026-03-02T00:00', 3, ['2026-03-02T08:00', '2026-03-03T08:00', '2026-03-04T08:00']],
  ['some days of the week', ', days: [tue, fri]', '2026-03-02T00:00', 7, ['2026-03-03T08:00', '2026-03-06T08:00']],
  ['a day of the month', ', day_of_month: 15', '2026-03-02T00:00', 60, ['2026-03-15T08:00', '2026-04-15T07:00']],
  [
    'a zone of its own',
    ', days: [mon], time_zone: America/New_York',
    '2026-03-02T00:00',
    14,
    ['2026-03-02T14:00', '2026-03-09T13:00'],
  ],
  ['over a change of clock', '', '2026-03-28T12:00', 2, ['2026-03-29T07:00', '2026-03-30T07:00']],
  ['a moment is not before itself', '', '2026-03-02T08:00', 1, ['2026-03-03T08:00']],
])('%s', (_, more, after, days, expected) => {
  const entry = scheduleOf(`{ type: schedule, segment: all, at: "09:00"${more} }`)
  const moments = scheduledMoments(entry, 'Europe/Berlin', utc(after), utc(after) + days * dayMs)
  expect(moments.map((ms) => new Date(ms).toISOString().slice(0, 16))).toEqual(expected)
})

describe('refused', () => {
  test.each([
    ['{ type: schedule, at: "09:00" }', /segment: is missing/],
    ['{ type: schedule, segment: all, at: "25:00" }', /at "25:00": must be a time of day/],
    ['{ type: schedule, segment: all, at: "09:00", days: [someday] }', /days\[0\] "someday": must be one of mon/],
    ['{ type: schedule, segment: all, at: "09:00", day_of_month: 31 }', /day_of_month 31: must be at most 28/],
    ['{ type: schedule, segment: all, at: "09:00", time_zone: Mars/Olympus }', /must be an IANA time zone/],
  ])('%s', (entry, rule) => {
    expect(() => scheduleOf(entry)).toThrow(rule)
  })
})
