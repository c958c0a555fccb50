import { describe, expect, test } from 'vitest'
import { decide } from '../../src/domain/decide.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { dayMs } from '../../src/domain/time.ts'
import { definitionsOf, openPolicy, plainLifecycle } from './support/definitions.ts'
import { life, onGo, welcome } from './support/journeys.ts'
import { identifiers, Life, monday, someone } from './support/life.ts'

describe('a journey', () => {
  test('runs from step to step, with its delays, to its end', () => {
    const customer = life({ welcome })
      .arrive()
      .pass(10 * dayMs)
    expect(customer.story).toEqual(['2026-01-05T12:00 hello', '2026-01-08T12:00 nudge'])
    expect(customer.snapshot.runs).toEqual([])
    expect(customer.snapshot.pastRuns).toMatchObject([
      { journey: 'welcome', entryNumber: 1, endReason: 'reached the end' },
    ])
    expect(customer.wakeAtMs).toBeNull()
  })

  test('ends at its goal, and nothing is sent after it', () => {
    const customer = life({ welcome })
      .arrive()
      .pass(dayMs)
      .order()
      .pass(10 * dayMs)
    expect(customer.story).toEqual(['2026-01-05T12:00 hello'])
    expect(customer.snapshot.pastRuns).toMatchObject([{ endReason: 'goal: Order Completed' }])
  })

  test('whose goal comes in the same look as its entry sends nothing at all', () => {
    const customer = life({ welcome })
      .hear({ kind: 'arrived' })
      .order()
      .pass(10 * dayMs)
    expect(customer.story).toEqual([])
    expect(customer.snapshot.pastRuns).toMatchObject([{ endReason: 'goal: Order Completed' }])
  })

  test('that is entered by an event is not ended by that same event', () => {
    const journey = welcome.replace('type: arrived', 'type: event, event: Order Completed')
    const customer = life({ journey })
      .order()
      .pass(10 * dayMs)
    expect(customer.story).toHaveLength(2)
    expect(
      life({ journey })
        .order()
        .order()
        .pass(10 * dayMs).snapshot.pastRuns,
    ).toMatchObject([{ endReason: 'goal: Order Completed' }])
  })

  test('ends by an exit criterion that comes to hold, and is not entered while one holds', () => {
    const journey = welcome.replace('goal: { event: Order Completed }', 'exit: [ { if: { trait.asleep: true } } ]')
    const asleep = { ...someone().customer, traits: { asleep: true } }
    const customer = life({ journey }).arrive().pass(dayMs)
    customer
      .change({ customer: asleep })
      .hear({ kind: 'profile' })
      .look()
      .pass(10 * dayMs)
    expect(customer.story).toEqual(['2026-01-05T12:00 hello'])
    expect(customer.said('exit')).toEqual(['done exit-criterion'])

    const later = life({ journey }, openPolicy, someone({ customer: asleep }))
      .arrive()
      .pass(10 * dayMs)
    expect(later.story).toEqual([])
    expect(later.said('entry')).toEqual(['refused exit-criterion'])
  })

  test('ends by an exit criterion that time alone brings about, at that moment', () => {
    const journey = onGo(
      '  - { id: wait, type: wait-until, event: Never, timeout: 90 days }\n  - { id: late, type: email, template: late }',
      'exit: [ { if: { orders.last: { before: 10 days } } } ]',
    )
    const customer = life({ journey })
      .order()
      .event('Go')
      .pass(9 * dayMs)
    expect(customer.snapshot.runs).toHaveLength(1)
    customer.pass(2 * dayMs)
    expect(customer.snapshot.pastRuns).toMatchObject([
      { endedAtMs: monday + 10 * dayMs + 1, endReason: 'exit: condition' },
    ])
  })

  test('whose version is archived ends with that reason', () => {
    const customer = life({ welcome }).arrive()
    const without = new Life(definitionsOf({}), customer.snapshot, customer.nowMs + dayMs).look()
    expect(without.snapshot.runs).toEqual([])
    expect(without.snapshot.pastRuns).toMatchObject([{ endReason: 'this version of the journey is archived' }])
    expect(without.said('exit')).toEqual(['done version-archived'])
  })

  test('of a former version goes on as it began, while newcomers get the new one', () => {
    const before = definitionsOf({ journeys: { welcome } })
    const former = before.live[0]!
    const customer = new Life(before).arrive()
    const after = definitionsOf({
      journeys: { welcome: welcome.replace('template: nudge', 'template: other').replace('3 days', '5 days') },
      former: [{ ...former, version: 'v0' }],
    })
    const [run] = customer.snapshot.runs
    const inFlight = new Life(after, { ...customer.snapshot, runs: [{ ...run!, version: 'v0' }] })
      .look()
      .pass(10 * dayMs)
    expect(inFlight.messages).toMatchObject([{ step: 'nudge', template: 'nudge', version: 'v0' }])
    expect(inFlight.story).toEqual(['2026-01-08T12:00 nudge'])
    expect(
      new Life(after)
        .arrive()
        .pass(10 * dayMs)
        .messages.at(-1),
    ).toMatchObject({ template: 'other', version: 'v1' })
  })

  test('that stands on a step which its version lacks ends with that reason', () => {
    const customer = life({ welcome }).arrive()
    customer.change({ runs: customer.snapshot.runs.map((run) => ({ ...run, step: 'gone' })) }).look()
    expect(customer.snapshot.pastRuns).toMatchObject([{ endReason: 'this version of the journey has no step "gone"' }])
  })
})

describe('an entry', () => {
  const email = '  - { id: hello, type: email, template: hello }'

  test('matches an event only with the properties that are asked for', () => {
    const journey = onGo(email).replace(
      'event: Go',
      'event: Go, where: { total: { at_least: 50 }, cart.currency: USD }',
    )
    const events: [Record<string, unknown>, number][] = [
      [{}, 0],
      [{ total: 49, cart: { currency: 'USD' } }, 0],
      [{ total: '50', cart: { currency: 'USD' } }, 0],
      [{ total: 50, cart: 'USD' }, 0],
      [{ total: 50, cart: { currency: 'USD' } }, 1],
      [{ total: 50, 'cart.currency': 'USD' }, 1],
    ]
    for (const [properties, count] of events)
      expect(life({ journey }).event('Go', properties).messages).toHaveLength(count)
    expect(life({ journey }).event('Stay', { total: 50, cart: { currency: 'USD' } }).messages).toEqual([])
  })

  test('may ask for more of the customer, and says so when that does not hold', () => {
    const journey = onGo(email).replace('event: Go', 'event: Go, if: { orders.count: { at_least: 1 } }')
    const customer = life({ journey }).event('Go')
    expect(customer.said('entry')).toEqual(['refused entry-condition'])
    expect(customer.order().event('Go').said('entry')).toEqual(['refused entry-condition', 'done entry:event'])
  })

  test('by stage follows a move, and the stage in which somebody arrives', () => {
    const journey = (stage: string): string =>
      onGo(email).replace('type: event, event: Go', `type: stage, stage: ${stage}`)
    const both = { first: journey('acquire'), second: journey('activate') }
    expect(life(both).arrive().messages).toMatchObject([{ journey: 'first' }])
    expect(life(both).arrive().order().messages).toMatchObject([{ journey: 'first' }, { journey: 'second' }])
    // Who arrives with an order arrives in the stage to which it leads.
    expect(life(both).hear({ kind: 'arrived' }).order().messages).toMatchObject([{ journey: 'second' }])
    // Who was imported into a stage has not entered it.
    expect(life(both).look().messages).toEqual([])
  })

  test('by score follows the crossing in its direction', () => {
    const journey = onGo(email).replace('type: event, event: Go', 'type: score, score: churn, crossed: up')
    expect(life({ journey }).hear({ kind: 'score', score: 'churn', crossed: 'down' }).look().messages).toEqual([])
    expect(life({ journey }).hear({ kind: 'score', score: 'clv', crossed: 'up' }).look().messages).toEqual([])
    expect(life({ journey }).hear({ kind: 'score', score: 'churn', crossed: 'up' }).look().messages).toHaveLength(1)
  })

  test('is refused while a run is on its way, once said for a whole burst of events', () => {
    const customer = life({ welcome: welcome.replace('type: arrived', 'type: event, event: Go') }).event('Go')
    for (let i = 0; i < 1_000; i++) customer.hear({ kind: 'event', name: 'Go', properties: {} })
    customer.look()
    expect(customer.said('entry')).toEqual(['done entry:event', 'refused reentry:active'])
    expect(customer.snapshot.news).toEqual([])
  })

  test.each([
    ['never', 're_entry: never', [0, 40, 80], 1],
    ['by default never', '', [0, 40], 1],
    ['always', 're_entry: always', [0, 0.1, 40], 3],
    ['after a month: too early', 're_entry: { after: 30 days }', [0, 20], 1],
    ['after a month: in time', 're_entry: { after: 30 days }', [0, 20, 31], 2],
  ])('again: %s', (_, reEntry, days, times) => {
    const customer = life({ journey: onGo(email, reEntry) })
    for (const day of days) customer.pass(monday + day * dayMs - customer.nowMs).event('Go')
    expect(customer.messages).toHaveLength(times)
    expect(customer.messages.map(({ entryNumber }) => entryNumber)).toEqual(
      Array.from({ length: times }, (_, i) => i + 1),
    )
    expect(new Set(customer.messages.map(({ id }) => id)).size).toBe(times)
  })
})

describe('scores', () => {
  const ordered = (scoredMs: number | null, lastOrderMs: number): Snapshot =>
    someone({
      customer: { ...someone().customer, scoredMs },
      orders: { ...someone().orders, count: 1, firstOrderMs: lastOrderMs, lastOrderMs },
      news: [{ id: 1, atMs: monday, kind: 'arrived' }],
    })
  const definitions = definitionsOf({ journeys: { welcome } })

  test.each([
    ['an order after them', monday - 1, monday, true],
    ['an order, and nobody has ever scored', null, monday, true],
    ['an order at the same moment', monday, monday, false],
    ['an order before them', monday, monday - 1, false],
    ['an order from the future, which would be stale for ever', monday, monday + dayMs, false],
  ])('are stale or not: %s', (_, scoredMs, lastOrderMs, expected) => {
    const decision = decide(ordered(scoredMs, lastOrderMs), definitions, monday, identifiers)
    expect(decision.scoresAreStale).toBe(expected)
  })

  test('that are stale leave everything for the next review', () => {
    expect(decide(ordered(null, monday), definitions, monday, identifiers)).toEqual({
      move: null,
      atRisk: false,
      runs: [],
      messages: [],
      coupons: [],
      tasks: [],
      assignments: [],
      traits: {},
      records: [],
      consumedNews: [],
      wakeAtMs: null,
      scoresAreStale: true,
    })
  })

  test('that cannot be had do not hold anybody up once that was tried', () => {
    const decision = decide(ordered(monday, monday), definitions, monday, identifiers)
    expect(decision).toMatchObject({ scoresAreStale: false, consumedNews: [1], move: { to: 'activate' } })
    expect(decision.messages).toHaveLength(1)
  })

  test('that were never asked for, without any order, do not either', () => {
    const decision = decide(
      someone({ customer: { ...someone().customer, scoredMs: null } }),
      definitions,
      monday,
      identifiers,
    )
    expect(decision.scoresAreStale).toBe(false)
  })
})

test('a move has its reason, once', () => {
  const customer = life({}).order()
  expect(customer.notes).toMatchObject([
    {
      kind: 'stage',
      outcome: 'done',
      rule: 'activate',
      detail: { from: 'acquire', to: 'activate', reason: 'first order' },
    },
  ])
  expect(customer.snapshot.customer).toMatchObject({ stage: 'activate', stageSinceMs: monday })
  customer.pass(dayMs).look()
  expect(customer.notes).toHaveLength(1)
  expect(customer.snapshot.customer.stageSinceMs).toBe(monday)
})

test('a move that time alone brings about comes at its moment', () => {
  const lifecycle = plainLifecycle.replace(
    'if: { orders.count: { at_least: 1 } }',
    'if: { orders.last: { within: 90 days } }',
  )
  const customer = new Life(definitionsOf({ lifecycle })).order().pass(100 * dayMs)
  expect(customer.notes.map(({ rule, atMs }) => [rule, atMs - monday])).toEqual([
    ['activate', 0],
    ['acquire', 90 * dayMs + 1],
  ])
})

test('risk without a move is remembered', () => {
  const scores = { churn: { value: 0.8, tier: null, scoredAtMs: monday } }
  const decision = decide(someone({ scores }), definitionsOf({}), monday, identifiers)
  expect(decision).toMatchObject({ move: null, atRisk: true })
})
