import { describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { definitionsOf } from './support/definitions.ts'
import { life, onGo } from './support/journeys.ts'
import { Life, monday, someone } from './support/life.ts'

describe('steps', () => {
  test('a delay of a day is 24 hours, also over a change of clock', () => {
    const journey = onGo('  - { id: pause, type: delay, for: 1 day }\n  - { id: hello, type: email, template: hello }')
    const newYorker = someone({ customer: { ...someone().customer, timeZone: 'America/New_York' } })
    const eve = Date.UTC(2026, 2, 7, 17)
    const customer = new Life(definitionsOf({ journeys: { journey } }), newYorker, eve).event('Go').pass(3 * dayMs)
    expect(customer.messages.map(({ atMs }) => atMs - eve)).toEqual([dayMs])
  })

  test('a delay until a time of day ends at that time where the customer lives, also over a change of clock', () => {
    const journey = onGo(
      '  - { id: pause, type: delay, for: 12 hours, until: "09:00" }\n  - { id: hello, type: email, template: hello }',
    )
    const newYorker = someone({ customer: { ...someone().customer, timeZone: 'America/New_York' } })
    const eve = Date.UTC(2026, 2, 7, 17)
    const customer = new Life(definitionsOf({ journeys: { journey } }), newYorker, eve).event('Go').pass(3 * dayMs)
    expect(customer.story).toEqual(['2026-03-08T13:00 hello'])
  })

  const waiting = onGo(`
  - { id: wait, type: wait-until, event: Bought, where: { total: { at_least: 10 } }, timeout: 2 days, next: thanks, on_timeout: nudge }
  - { id: thanks, type: email, template: thanks, next: end }
  - { id: nudge, type: email, template: nudge }
`)

  test('a wait ends with its event', () => {
    const customer = life({ waiting })
      .event('Go')
      .pass(dayMs)
      .event('Bought', { total: 9 })
      .event('Bought', { total: 10 })
    expect(customer.pass(9 * dayMs).story).toEqual(['2026-01-06T12:00 thanks'])
    expect(customer.said('step')).toEqual(['done event'])
  })

  test('a wait times out', () => {
    const customer = life({ waiting })
      .event('Go')
      .pass(9 * dayMs)
    expect(customer.story).toEqual(['2026-01-07T12:00 nudge'])
    expect(customer.said('step')).toEqual(['done timeout'])
  })

  test('a wait finds an event that came in the same look as the entry, and one that came before a late look', () => {
    const atOnce = life({ waiting }).hear({ kind: 'event', name: 'Go', properties: {} })
    expect(atOnce.event('Bought', { total: 10 }).story).toEqual(['2026-01-05T12:00 thanks'])

    const behindSplit = waiting.replace('steps:', 'steps:\n  - { id: any, type: split, if: { stage: acquire } }')
    const soon = life({ behindSplit }).hear({ kind: 'event', name: 'Go', properties: {} })
    expect(soon.event('Bought', { total: 10 }).story).toEqual(['2026-01-05T12:00 thanks'])

    const late = life({ waiting }).event('Go')
    late.nowMs += 3 * dayMs
    expect(late.event('Bought', { total: 10 }).messages).toMatchObject([{ step: 'thanks' }])
  })

  test('a delay that was over before the event came leads into the wait that the event ends', () => {
    const delayed = waiting.replace('steps:', 'steps:\n  - { id: first, type: delay, for: 1 day }')
    const customer = life({ delayed }).event('Go')
    customer.nowMs += dayMs
    expect(customer.event('Bought', { total: 10 }).messages).toMatchObject([{ step: 'thanks' }])
  })

  test('a wait for a condition ends when it holds, by news or by time', () => {
    const journey = onGo(`
  - { id: wait, type: wait-until, if: { orders.last: { before: 5 days } }, timeout: 30 days, on_timeout: end }
  - { id: hello, type: email, template: hello }`)
    const customer = life({ journey })
      .order()
      .event('Go')
      .pass(3 * dayMs)
      .order()
      .pass(20 * dayMs)
    expect(customer.messages.map(({ atMs }) => atMs - monday)).toEqual([8 * dayMs + 1])
  })

  test('a time window lets through at once or in time', () => {
    const journey = onGo(
      '  - { id: office, type: time-window, from: "09:00", to: "17:00", days: [mon, tue] }\n  - { id: hello, type: email, template: hello }',
    )
    expect(life({ journey }).event('Go').story).toEqual(['2026-01-05T12:00 hello'])
    expect(
      life({ journey })
        .pass(6 * hourMs)
        .event('Go')
        .pass(9 * dayMs).story,
    ).toEqual(['2026-01-06T09:00 hello'])
    expect(
      life({ journey })
        .pass(2 * dayMs)
        .event('Go')
        .pass(9 * dayMs).story,
    ).toEqual(['2026-01-12T09:00 hello'])
  })

  test('splits choose by the customer as they are after the move of the same look', () => {
    const journey = onGo(`
  - { id: split, type: split, if: { stage: acquire }, if_true: new, if_false: more }
  - { id: new, type: email, template: new, next: end }
  - id: more
    type: multi-split
    branches:
      - { name: two, if: { orders.count: 2 }, next: two }
      - { name: any, if: { orders.count: { at_least: 1 } }, next: one }
  - { id: other, type: email, template: other, next: end }
  - { id: one, type: email, template: one, next: end }
  - { id: two, type: email, template: two }`)
    const steps = (customer: Life): readonly string[] => customer.messages.map(({ step }) => step)
    expect(steps(life({ journey }).event('Go'))).toEqual(['new'])
    expect(steps(life({ journey }).hear({ kind: 'event', name: 'Go', properties: {} }).order())).toEqual(['one'])
    const second = life({ journey }).order().order().event('Go')
    expect(steps(second)).toEqual(['two'])
    expect(second.notes.filter(({ rule }) => rule === 'branch').map(({ detail }) => detail['branch'])).toEqual([
      'false',
      'two',
    ])
  })

  test('an experiment gives each customer one variant for ever, and each variant its share', () => {
    const journey = onGo(
      `
  - id: test
    type: experiment
    variants: [ { name: a, share: 0.25, next: a }, { name: b, share: 0.75, next: b } ]
  - { id: a, type: email, template: a, next: end }
  - { id: b, type: email, template: b }`,
      're_entry: always',
    )
    const definitions = definitionsOf({ journeys: { journey } })
    const chosen = Array.from({ length: 2_000 }, (_, i) => {
      const customer = new Life(definitions, someone({ id: `customer-${i}` })).event('Go').pass(dayMs).event('Go')
      const [first, second] = customer.messages.map(({ step }) => step)
      expect(second).toBe(first)
      return first
    })
    const shareOfA = chosen.filter((step) => step === 'a').length / chosen.length
    expect(shareOfA).toBeGreaterThan(0.21)
    expect(shareOfA).toBeLessThan(0.29)
  })

  test('a loop goes round with its delay, each time with a message of its own, until its bound', () => {
    const journey = onGo(
      '  - { id: hello, type: email, template: hello }\n  - { id: pause, type: delay, for: 1 day, next: hello }',
      'max_visits: 3',
    )
    const customer = life({ journey })
      .event('Go')
      .pass(30 * dayMs)
    expect(customer.messages.map(({ visit, id }) => [visit, id])).toEqual([
      [0, 'message:run:customer-1:journey:1:hello:0'],
      [1, 'message:run:customer-1:journey:1:hello:1'],
      [2, 'message:run:customer-1:journey:1:hello:2'],
    ])
    expect(customer.snapshot.pastRuns).toMatchObject([{ endReason: 'came to step "hello" more than 3 times' }])
  })

  test('an exit step ends the run with its reason', () => {
    const journey = onGo('  - { id: stop, type: exit, reason: enough }')
    expect(life({ journey }).event('Go').snapshot.pastRuns).toMatchObject([{ endReason: 'enough' }])
  })

  test('a message carries the short plain values of what started its run, and the constants of its step', () => {
    const journey = onGo('  - { id: hello, type: email, template: hello, data: { colour: red, total: 1 } }')
    const customer = life({ journey }).event('Go', {
      sku: 'cd-1',
      total: 5,
      tags: ['a', 'b'],
      products: [{ name: 'CD' }],
      text: 'x'.repeat(500),
      nothing: null,
    })
    expect(customer.messages[0]?.data).toEqual({ sku: 'cd-1', total: 1, tags: ['a', 'b'], colour: 'red' })
  })
})
