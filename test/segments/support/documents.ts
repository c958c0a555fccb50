/** Random conditions, as documents write them. */

import fc from 'fast-check'
import type { ConditionDocument } from '../../../src/domain/condition-schema.ts'
import { number, scalar, text, topics, traitNames } from './model-customer.ts'

export const duration: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(0, 1, 2, 7, 30, 90, 365).map((days) => `${days} days`),
  fc.integer({ min: 1, max: 100 }).map((hours) => `${hours} hours`),
)

/** A mapping with at least one of these. */
function some(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> {
  return fc.record(fields, { requiredKeys: [] }).filter((tests) => Object.keys(tests).length > 0)
}

const comparisons = { at_least: number, at_most: number, more_than: number, less_than: number }

export const numberTest = fc.oneof(
  number,
  fc.oneof(...Object.entries(comparisons).map(([name, bound]) => bound.map((value) => ({ [name]: value })))),
  some({ equals: number, not_equals: number, ...comparisons }),
)

const lists = fc.array(scalar, { minLength: 1, maxLength: 3 })

export const valueTest = fc.oneof(
  scalar,
  fc.boolean().map((exists) => ({ exists })),
  scalar.map((value) => ({ not_equals: value })),
  lists.map((list) => ({ in: list })),
  lists.map((list) => ({ not_in: list })),
  text.filter((part) => part !== '').map((contains) => ({ contains })),
  numberTest,
)

function wordTest(...words: readonly string[]): fc.Arbitrary<unknown> {
  const word = fc.constantFrom(...words)
  const list = fc.array(word, { minLength: 1, maxLength: 3 })
  return fc.oneof(
    word,
    list.map((list) => ({ in: list })),
    list.map((list) => ({ not_in: list })),
    word.map((other) => ({ not_equals: other })),
  )
}

const momentTest = fc.oneof(
  duration.map((within) => ({ within })),
  duration.map((before) => ({ before })),
)

const named = (name: string, test: fc.Arbitrary<unknown>): fc.Arbitrary<ConditionDocument> =>
  test.map((document) => ({ [name]: document }))

const channel = fc.constantFrom('email', 'sms')

const leaf: fc.Arbitrary<ConditionDocument> = fc.oneof(
  ...['orders.count', 'orders.revenue_cents', 'orders.refunded_cents', 'score.churn', 'score.clv'].map((name) =>
    named(name, numberTest),
  ),
  ...['orders.first', 'orders.last', 'seen.first', 'seen.last', 'stage.since'].map((name) => named(name, momentTest)),
  named('score.churn_tier', wordTest('high', 'middle', 'low')),
  named('score.clv_tier', wordTest('high', 'middle', 'low')),
  named('stage', wordTest('acquire', 'activate', 'retain', 'revenue', 'refer')),
  named('at_risk', fc.boolean()),
  named('reachable.email', fc.boolean()),
  fc.tuple(fc.constantFrom(...traitNames), valueTest).map(([name, test]) => ({ [`trait.${name}`]: test })),
  fc
    .tuple(channel, fc.constantFrom(...topics), wordTest('granted', 'withdrawn', 'none'))
    .map(([on, topic, test]) => ({ [topic === '*' ? `consent.${on}` : `consent.${on}.${topic}`]: test })),
)

export const conditionDocument: fc.Arbitrary<ConditionDocument> = fc.letrec<{ node: ConditionDocument }>((again) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.record({ all: fc.array(again('node'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(again('node'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: again('node') }),
  ),
})).node
