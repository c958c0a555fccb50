import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { factsOf } from '../../src/domain/condition.ts'
import { condition } from '../../src/domain/condition-schema.ts'
import { holds, nextFlip } from '../../src/domain/evaluate.ts'
import { problemsOf, sayProblem } from '../../src/domain/problem.ts'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { dayMs } from '../../src/domain/time.ts'
import { runs } from '../support/property-runs.ts'
import { monday, someone } from './support/life.ts'

const read = (text: string): ReturnType<typeof condition.parse> => condition.parse(parse(text))

const buyer = someone({
  customer: {
    ...someone().customer,
    stage: 'retain',
    stageSinceMs: monday - 5 * dayMs,
    atRisk: true,
    traits: { genre: 'Jazz', age: 40, newsletter: true, tags: ['vinyl', 'live'], empty: '', nothing: null },
  },
  orders: {
    count: 2,
    revenueCents: 5_000,
    refundedCents: 0,
    firstOrderMs: monday - 100 * dayMs,
    lastOrderMs: monday - 30 * dayMs,
  },
  scores: {
    churn: { value: 0.7, tier: null, scoredAtMs: monday },
    clv: { value: 12_000, tier: 'high', scoredAtMs: monday },
  },
  contact: {
    email: { reachable: true, suppressed: null, consents: { '*': 'granted', club: 'withdrawn' } },
    sms: { reachable: false, suppressed: null, consents: {} },
  },
})

describe('a condition holds or does not', () => {
  test.each([
    ['orders.count: 2', true],
    ['orders.count: { at_least: 2 }', true],
    ['orders.count: { more_than: 2 }', false],
    ['orders.count: { at_least: 1, at_most: 2 }', true],
    ['orders.count: { less_than: 2 }', false],
    ['orders.count: { not_equals: 3 }', true],
    ['orders.revenue_cents: { at_least: 5000 }', true],
    ['orders.refunded_cents: { at_least: 1 }', false],
    ['orders.last: { within: 30 days }', true],
    ['orders.last: { within: 29 days }', false],
    ['orders.last: { before: 29 days }', true],
    ['orders.last: { before: 30 days }', false],
    ['orders.first: { before: 99 days }', true],
    ['stage.since: { within: 5 days }', true],
    ['stage.since: { within: 4 days }', false],
    ['score.churn: { at_least: 0.7 }', true],
    ['score.clv: { at_most: 11999 }', false],
    ['score.clv_tier: high', true],
    ['score.clv_tier: { in: [low, middle] }', false],
    ['score.churn_tier: { not_equals: high }', true],
    ['stage: retain', true],
    ['stage: { in: [revenue, refer] }', false],
    ['stage: { not_in: [revenue, refer] }', true],
    ['at_risk: true', true],
    ['at_risk: false', false],
    ['reachable.email: true', true],
    ['reachable.sms: true', false],
    ['consent.email: granted', true],
    ['consent.email.news: granted', true],
    ['consent.email.club: withdrawn', true],
    ['consent.sms: none', true],
    ['consent.sms: { in: [granted, withdrawn] }', false],
    ['trait.genre: Jazz', true],
    ['trait.genre: { in: [Rock, Jazz] }', true],
    ['trait.genre: { contains: az }', true],
    ['trait.genre: { at_least: 3 }', false],
    ['trait.age: { at_least: 40 }', true],
    ['trait.age: "40"', false],
    ['trait.newsletter: true', true],
    ['trait.tags: { contains: vinyl }', true],
    ['trait.tags: { contains: vin }', false],
    ['trait.empty: { exists: true }', true],
    ['trait.nothing: { exists: true }', false],
    ['trait.unheard: { exists: false }', true],
    ['trait.unheard: { not_equals: Rock }', true],
    ['trait.unheard: { at_least: 0 }', false],
    ['trait.constructor: { exists: true }', false],
    ['not: { stage: retain }', false],
    ['all: [ stage: retain, at_risk: true ]', true],
    ['all: [ stage: retain, at_risk: false ]', false],
    ['any: [ stage: refer, at_risk: true ]', true],
    ['any: [ stage: refer, at_risk: false ]', false],
    ['not: { any: [ stage: refer, { not: { at_risk: true } } ] }', true],
  ])('%s: %s', (text, expected) => {
    expect(holds(read(text), buyer, monday)).toBe(expected)
  })

  test.each([
    'orders.last: { within: 10 years }',
    'orders.last: { before: 0 seconds }',
    'score.churn: { at_least: 0 }',
    'score.clv_tier: high',
  ])('what never happened and what nobody scored passes nothing: %s', (text) => {
    const nobody = someone()
    expect(holds(read(text.replace('10 years', '3650 days')), nobody, monday)).toBe(false)
  })
})

describe('a condition that cannot be is refused, with what, where and why', () => {
  test.each([
    ['{}', 'document {}: must be a condition: one of all, any, not'],
    ['text', 'document "text": must be a mapping'],
    ['order.count: 2', 'order.count 2: is no known condition'],
    ['orders.count: two', 'orders.count "two": must be a number or a mapping'],
    ['orders.count: { at_least: two }', 'orders.count.at_least "two": must be a number'],
    ['orders.count: { at_leats: 2 }', 'orders.count.at_leats 2: is not known here'],
    ['orders.count: {}', 'orders.count {}: must hold at least one test'],
    ['orders.last: { within: soon }', 'orders.last.within "soon": must be a length of time'],
    ['orders.last: {}', 'orders.last {}: must hold either "within" or "before"'],
    ['orders.last: { within: 1 day, before: 2 days }', 'must hold either "within" or "before"'],
    ['stage: retained', 'stage "retained": must be one of acquire, activate, retain, revenue, refer'],
    ['consent.fax: granted', 'consent.fax "granted": is no known condition'],
    ['consent.email.news.more: granted', 'is no known condition'],
    ['consent.email: yes', 'consent.email "yes": must be one of granted, withdrawn, none'],
    ['at_risk: maybe', 'at_risk "maybe": must be true or false'],
    ['trait.: 1', 'trait. 1: is no known condition'],
    ['all: []', 'all []: must be a list of conditions'],
    ['all: { stage: retain }', 'must be a list of conditions'],
    ['all: [ stage: retain, 7 ]', 'all[1] 7: must be a condition'],
    ['any: [ not: { orders.count: many } ]', 'any[0].not.orders.count "many": must be a number or a mapping'],
    ['{ stage: retain, at_risk: true }', 'must hold one condition; put several under "all" or "any"'],
    ['__proto__: 1', 'must be a condition'],
  ])('%s', (text, expected) => {
    const document: unknown = parse(text)
    const result = condition.safeParse(document)
    expect(result.success).toBe(false)
    const problems = problemsOf(result.error!, document).map(sayProblem)
    expect(problems.join('\n')).toContain(expected)
  })

  test('nesting without end', () => {
    let document: unknown = { stage: 'retain' }
    for (let depth = 0; depth < 5_000; depth++) document = { not: document }
    expect(condition.safeParse(document).success).toBe(false)
  })
})

test('the facts of a condition are all that it looks at', () => {
  const text = 'all: [ orders.count: 1, any: [ trait.nps: 9, orders.last: { within: 1 day } ], not: { stage: refer } ]'
  expect(factsOf(read(text))).toEqual(['orders.count', 'trait.nps', 'orders.last', 'stage'])
})

describe('without news a condition can change only at the moment that it names', () => {
  const leaf = fc.oneof(
    fc
      .record({
        fact: fc.constantFrom('orders.first', 'orders.last', 'seen.first', 'seen.last', 'stage.since'),
        is: fc.constantFrom('within', 'before'),
        days: fc.integer({ min: 0, max: 200 }),
      })
      .map(({ fact, is, days }) => ({ [fact]: { [is]: `${days} days` } })),
    fc.constantFrom({ stage: 'retain' }, { at_risk: false }),
  )
  const tree = fc.letrec((again) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.record({ all: fc.array(again('node'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ any: fc.array(again('node'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ not: again('node') }),
    ),
  })).node
  const history = fc.record({
    first: fc.integer({ min: 0, max: 400 }),
    last: fc.option(fc.integer({ min: 0, max: 400 }), { nil: null }),
    since: fc.integer({ min: 0, max: 400 }),
  })
  const view = ({ first, last, since }: { first: number; last: number | null; since: number }): Snapshot =>
    someone({
      customer: {
        ...buyer.customer,
        stageSinceMs: monday - since * dayMs,
        firstSeenMs: monday - first * dayMs,
        lastSeenMs: monday - since * dayMs - 1,
      },
      orders: {
        ...buyer.orders,
        firstOrderMs: last === null ? null : monday - first * dayMs,
        lastOrderMs: last === null ? null : monday - last * dayMs,
      },
    })

  test('and not before', () => {
    let flips = 0
    fc.assert(
      fc.property(
        tree,
        history,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 5, maxLength: 5 }),
        (document, past, shares) => {
          const parsed = condition.parse(document)
          const customer = view(past)
          let nowMs = monday
          // From flip to flip: between two of them nothing changes.
          for (let step = 0; step < 20; step++) {
            const nextMs = nextFlip(parsed, customer, nowMs)
            const answer = holds(parsed, customer, nowMs)
            const endMs = nextMs ?? nowMs + 1_000 * dayMs
            expect(endMs).toBeGreaterThan(nowMs)
            for (const share of [...shares, 1]) {
              const betweenMs = nowMs + Math.floor((endMs - 1 - nowMs) * share)
              expect(holds(parsed, customer, betweenMs)).toBe(answer)
            }
            if (nextMs === null) return
            if (holds(parsed, customer, nextMs) !== answer) flips++
            nowMs = nextMs
          }
        },
      ),
      { numRuns: runs(2_000) },
    )
    expect(flips).toBeGreaterThan(100)
  })
})
