import { describe, expect, test } from 'vitest'
import type { Definitions, Pause } from '../../src/domain/definitions.ts'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { definitionsOf } from './support/definitions.ts'
import { Life, monday, someone } from './support/life.ts'

/** Hello at once, a nudge after three days, and a farewell once somebody has replied or four days are over. */
const course = `
name: Course
topic: news
entry: [ { type: arrived } ]
goal: { event: Order Completed }
steps:
  - { id: hello, type: email, template: t }
  - { id: rest, type: delay, for: 3 days }
  - { id: nudge, type: email, template: t, valid_for: 1 day }
  - { id: wait, type: wait-until, event: Replied, timeout: 4 days, on_timeout: bye }
  - { id: bye, type: email, template: t, valid_for: 1 day }
`

const free = definitionsOf({ journeys: { course } })

function paused(fromDay: number, toDay: number | null, spreadMs = 0): Definitions {
  const pause: Pause = {
    fromMs: monday + fromDay * dayMs,
    toMs: toDay === null ? null : monday + toDay * dayMs,
    spreadMs,
  }
  return { ...free, pauses: new Map([['course', pause]]) }
}

/** Arrives on Monday; the journey is paused from one day to another, counted from there. */
function through(fromDay: number, toDay: number, { id = 'customer-1', spreadMs = 0 } = {}): Life {
  const customer = new Life(free, someone({ id })).arrive().pass(fromDay * dayMs)
  customer.definitions = paused(fromDay, null)
  customer.pass((toDay - fromDay) * dayMs)
  customer.definitions = paused(fromDay, toDay, spreadMs)
  return customer.hear({ kind: 'journey', journey: 'course' }).look()
}

const rules = ({ notes }: Life): readonly string[] =>
  notes.map(({ kind, outcome, rule }) => `${kind} ${outcome} ${rule}`)

describe('a paused journey', () => {
  test('lets nobody in, and says so', () => {
    const customer = new Life(paused(-1, null)).arrive().pass(5 * dayMs)
    expect(customer.story).toEqual([])
    expect(rules(customer)).toEqual(['entry refused journey-paused'])
  })

  test('sends nothing and moves nobody by time, and says that once', () => {
    const customer = new Life(free).arrive().pass(dayMs)
    customer.definitions = paused(1, null)
    customer.pass(20 * dayMs)
    expect(customer.story).toEqual(['2026-01-05T12:00 hello'])
    expect(customer.snapshot.runs).toMatchObject([{ step: 'rest', wakeAtMs: null }])
    expect(rules(customer).filter((rule) => rule.endsWith('journey-paused'))).toEqual(['step postponed journey-paused'])
  })

  test('still hears events: a goal ends it, and what was waited for is not forgotten', () => {
    const bought = new Life(free).arrive().pass(dayMs)
    bought.definitions = paused(1, null)
    expect(bought.order().snapshot.pastRuns).toMatchObject([{ endReason: 'goal: Order Completed' }])

    const replied = new Life(free).arrive().pass(4 * dayMs)
    replied.definitions = paused(4, null)
    replied.event('Replied')
    expect(replied.snapshot.runs).toMatchObject([{ step: 'bye' }])
    expect(replied.story).toHaveLength(2)
    replied.definitions = paused(4, 4.1)
    expect(replied.pass(hourMs * 3).look().story).toHaveLength(3)
  })
})

describe('after the pause', () => {
  test('what is still good is sent, and whoever was not held up notices nothing', () => {
    expect(through(1, 3.5).pass(10 * dayMs).story).toEqual([
      '2026-01-05T12:00 hello',
      '2026-01-09T00:00 nudge', // Due at noon of the eighth, good for a day.
      '2026-01-13T00:00 bye',
    ])
    expect(through(1, 2).pass(10 * dayMs).story).toEqual([
      '2026-01-05T12:00 hello',
      '2026-01-08T12:00 nudge',
      '2026-01-12T12:00 bye',
    ])
  })

  test('what has become stale is passed over with a reason, and the run goes on', () => {
    const customer = through(1, 6).pass(10 * dayMs)
    expect(customer.story).toEqual(['2026-01-05T12:00 hello', '2026-01-15T12:00 bye'])
    expect(customer.notes).toContainEqual(
      expect.objectContaining({ step: 'nudge', kind: 'message', outcome: 'skipped', rule: 'stale-after-pause' }),
    )
  })

  test('a wait that ran out meanwhile leads to a message that is judged by when it was due', () => {
    const customer = through(5, 12).pass(10 * dayMs) // The wait was over on the seventh day.
    expect(customer.story).toEqual(['2026-01-05T12:00 hello', '2026-01-08T12:00 nudge'])
    expect(rules(customer)).toContain('message skipped stale-after-pause')
  })

  test('a hundred people come again one after the other, each at their own place within the spread', () => {
    const spreadMs = 10 * hourMs
    const moments = Array.from({ length: 100 }, (_, i) => {
      const customer = through(1, 3.5, { id: `customer-${i}`, spreadMs })
      expect(customer.messages).toHaveLength(1)
      customer.pass(dayMs)
      return (customer.messages[1]?.atMs ?? 0) - (monday + 3.5 * dayMs)
    })
    for (const moment of moments) expect(moment >= 0 && moment < spreadMs).toBe(true)
    const hours = Array.from(
      { length: 10 },
      (_, hour) => moments.filter((ms) => Math.floor(ms / hourMs) === hour).length,
    )
    expect(Math.min(...hours)).toBeGreaterThan(0)
    expect(Math.max(...hours)).toBeLessThan(30)
  })

  test('the next pause counts, not the one before it', () => {
    const customer = through(1, 2)
    customer.definitions = paused(2.5, null)
    customer.pass(3 * dayMs)
    expect(customer.story).toEqual(['2026-01-05T12:00 hello'])
    customer.definitions = paused(2.5, 3.5)
    expect(customer.look().story).toHaveLength(1) // Two days late: stale.
    expect(rules(customer)).toContain('message skipped stale-after-pause')
  })
})
