import { expect, test } from 'vitest'
import { parseDuration, sayDuration } from '../../src/domain/duration.ts'
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/domain/time.ts'

test.each([
  ['3 days', 3 * dayMs],
  ['1 day', dayMs],
  ['2 weeks', 14 * dayMs],
  ['90 minutes', 90 * minuteMs],
  ['1 hour 30 minutes', 90 * minuteMs],
  ['1 day, 2 hours and 30 seconds', dayMs + 2 * hourMs + 30 * secondMs],
  [' 0 seconds ', 0],
  ['PT1H', hourMs],
  ['P3DT12H', 3 * dayMs + 12 * hourMs],
  ['P2W', 14 * dayMs],
  ['PT90M', 90 * minuteMs],
])('"%s" is a length of time', (text, lengthMs) => {
  expect(parseDuration(text)).toBe(lengthMs)
})

test.each([
  '',
  'soon',
  '3',
  'days',
  '-3 days',
  '1.5 days',
  '3 dayz',
  '1 month',
  'P1M',
  'P1Y',
  'P',
  'PT',
  'P1DT',
  '3 days ago',
  '4000 days',
])('"%s" is no length of time', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test.each([
  [0, '0 seconds'],
  [dayMs, '1 day'],
  [3 * dayMs, '3 days'],
  [90 * minuteMs, '1 hour 30 minutes'],
  [dayMs + hourMs + minuteMs, '1 day 1 hour'],
])('%d ms is said "%s"', (lengthMs, text) => {
  expect(sayDuration(lengthMs)).toBe(text)
})
