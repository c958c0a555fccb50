/** What the condition language refuses, and why; patterns and dates one by one. */

import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { factsOf } from '../../src/domain/condition.ts'
import { condition } from '../../src/domain/condition-schema.ts'
import { needsOf } from '../../src/domain/conditions/needs.ts'
import { parsePattern } from '../../src/domain/conditions/pattern.ts'
import { patternMatches } from '../../src/domain/conditions/pattern-match.ts'
import { holds } from '../../src/domain/evaluate.ts'
import { parseInstant } from '../../src/domain/instant.ts'
import { problemsOf, sayProblem } from '../../src/domain/problem.ts'
import { dayMs } from '../../src/domain/time.ts'
import { monday, someone } from './support/life.ts'

const read = (text: string): ReturnType<typeof condition.parse> => condition.parse(parse(text))

function problemsIn(text: string): string {
  const document: unknown = parse(text)
  const result = condition.safeParse(document)
  return result.success ? '' : problemsOf(result.error, document).map(sayProblem).join('\n')
}

describe('a personal trait is refused, with what can be asked for instead', () => {
  test.each([
    ['trait.email: a@b.example', 'trait.email "a@b.example": is a personal trait', 'email_domain'],
    ['trait.E-Mail: { exists: true }', 'is a personal trait', 'reachable.email'],
    ['trait.phone_number: { starts_with: "+49" }', 'is a personal trait', 'country'],
    ['trait.firstName: Ada', 'is a personal trait', 'no segment can depend on it'],
    ['trait.birthday: { before: now }', 'is a personal trait', 'age_group'],
    ['not: { trait.zip: "10115" }', 'not.trait.zip "10115": is a personal trait', 'country'],
    ['trait.ip: x', 'is a personal trait', 'time_zone'],
    ['event: { name: A, within: 1 day, where: { user.email: x } }', 'is personal: it is sealed', 'where'],
  ])('%s', (text, ...expected) => {
    const problems = problemsIn(text)
    expect(expected.filter((part) => !problems.includes(part))).toEqual([])
  })
})

describe('what cannot be answered is refused', () => {
  test.each([
    ['event: { name: A, where: { total: 1 } }', 'needs "within", of at most 365 days'],
    ['event: { name: A, within: 366 days, sum: { of: total, at_least: 1 } }', 'needs "within", of at most 365 days'],
    ['event: { name: A, after: "2026-01-01T10:00Z" }', 'whole days (UTC)'],
    ['event: { name: A, after: 2026-02-30 }', 'after "2026-02-30": must be a date'],
    ['event: { name: A, within: 1 day, sum: { of: total } }', 'must hold a test beside "of"'],
    ['event: { name: A, within: 1 day, count: 1, last: { within: 1 day } }', 'must hold at most one of count'],
    ['event: { name: A, within: 1 day, where: { since: { after: now } } }', 'after "now": must be a date'],
    ['event: { within: 1 day }', 'name: is missing'],
    ['page: {}', 'needs "within"'],
    ['sequence: { steps: [ event: A, event: B ] }', 'needs "within"'],
    ['sequence: { steps: [ event: A ], within: 1 day }', 'steps'],
    ['orders: { category: [], count: 1 }', 'category'],
    ['trait.age: { between: [1] }', 'between'],
    ['trait.code: { matches: "(" }', 'must not have an empty part'],
    ['trait.plan: { equals: "a\\0b" }', 'must not hold NUL'],
    ['"trait.a\\0b": 1', 'must be the name of a trait'],
    ['segment: Not A Key', 'must be 1 to 64 lower-case letters'],
    ['computed.Not-A-Key: 1', 'is no known condition'],
  ])('%s', (text, expected) => {
    expect(problemsIn(text)).toContain(expected)
  })

  test('too many conditions', () => {
    const document = { all: Array.from({ length: 501 }, () => ({ stage: 'retain' })) }
    expect(condition.safeParse(document).success).toBe(false)
  })
})

describe('a pattern', () => {
  test.each([
    ['a', 'cab', true],
    ['^a', 'cab', false],
    ['^ca|b$', 'xb', true],
    ['^(ab)+$', 'ababab', true],
    ['^(ab)+$', 'ababa', false],
    ['^a{2,3}$', 'aaaa', false],
    ['^[^a-c]$', 'd', true],
    ['^.$', '🎷', true],
    ['^.$', '\n', true],
    ['^[å🎷]{2}$', 'å🎷', true],
    ['^\\d+\\.\\d{2}$', '12.50', true],
    ['^\\d$', '٣', false],
    ['^\\w+\\s\\w+$', 'ab cd', true],
    ['^(a|a)*b$', 'a'.repeat(5_000), false],
    ['(x+x+)+y', 'x'.repeat(5_000), false],
  ])('%s', (pattern, text, expected) => {
    expect(patternMatches(pattern, text)).toBe(expected)
  })

  test.each([
    ['a**', 'two counts'],
    ['a*?', 'two counts'],
    ['(?=a)', 'look around'],
    ['(?<n>a)', 'look around'],
    ['(?i)a', 'look around'],
    ['(a)\\1', 'escape only punctuation'],
    ['\\bword', 'escape only punctuation'],
    ['[[:alpha:]]', 'in a class'],
    ['[b-a]', 'lower character first'],
    ['[]', 'something between'],
    ['[a', 'close "["'],
    ['(a', 'close "("'],
    ['a)', '")" too many'],
    ['a{101}', 'from 0 to 100'],
    ['a{3,2}', 'count down'],
    ['(a{100}){100}', 'too large'],
    ['^*', 'repeat "^"'],
    ['a||b', 'empty part'],
    ['*a', 'must not have "*" here'],
  ])('%s is refused', (pattern, expected) => {
    expect(() => parsePattern(pattern)).toThrow(expected)
  })
})

test.each([
  ['2026-01-31', Date.UTC(2026, 0, 31)],
  ['2024-02-29T23:59Z', Date.UTC(2024, 1, 29, 23, 59)],
  ['2026-03-01T00:00:00.1239+02:00', Date.UTC(2026, 1, 28, 22, 0, 0, 123)],
  ['1900-02-29', undefined],
  ['2000-02-29', Date.UTC(2000, 1, 29)],
  ['1969-12-31T23:59:59', -1_000],
  ['2026-04-31', undefined],
  ['2026-01-01T24:00', undefined],
  ['2026-1-1', undefined],
  ['01/02/2026', undefined],
])('the moment %s', (text, expected) => {
  expect(parseInstant(text)).toBe(expected)
})

test('facts and needs name all that a condition looks at', () => {
  const parsed = read(`
    all:
      - event: { name: A, within: 3 days }
      - event: { name: A, within: 5 days, count: 0 }
      - any: [ event: B, page: { within: 1 day }, segment: [x, y], computed.z: 1 ]
      - not: { journey.active: welcome }
      - orders.price_sensitivity: { at_least: 0.5 }`)
  expect(factsOf(parsed)).toEqual([
    'event.A',
    'event.A',
    'event.B',
    'page.*',
    'segment.x',
    'segment.y',
    'computed.z',
    'journey.active.welcome',
    'orders.sensitivity',
  ])
  expect(needsOf([parsed])).toEqual({
    events: [
      { kind: 'track', name: 'A', withinMs: 5 * dayMs },
      { kind: 'page', name: null, withinMs: dayMs },
    ],
    eventDays: ['B'],
    orders: false,
    profile: true,
    segments: true,
    journeys: true,
    matches: false,
    computed: true,
  })
  expect(needsOf([read('orders.count: 1')])).toBeUndefined()
})

test('facts that were not loaded are no "never happened"', () => {
  expect(() => holds(read('not: { event: A }'), someone(), monday)).toThrow('were not loaded')
})
