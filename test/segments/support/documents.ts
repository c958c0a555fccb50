/** Random conditions of the whole language, as documents write them. */

import fc from 'fast-check'
import type { ConditionDocument } from '../../../src/domain/condition-schema.ts'
import {
  categories,
  countries,
  dateText,
  domains,
  eventNames,
  keys,
  number,
  pageNames,
  products,
  propertyNames,
  scalar,
  text,
  topics,
  traitNames,
} from './model-customer.ts'

type Documents = fc.Arbitrary<ConditionDocument>

export const duration: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(0, 1, 2, 7, 30, 90, 365).map((days) => `${days} days`),
  fc.integer({ min: 1, max: 100 }).map((hours) => `${hours} hours`),
)

/** A mapping with at least one of these. */
function some(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> {
  return fc.record(fields, { requiredKeys: [] }).filter((tests) => Object.keys(tests).length > 0)
}

/** A mapping with exactly one of these. */
function one(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> {
  return fc.oneof(...Object.entries(fields).map(([name, value]) => value.map((document) => ({ [name]: document }))))
}

const comparisons = { at_least: number, at_most: number, more_than: number, less_than: number }
const numberTests = { equals: number, not_equals: number, ...comparisons, between: fc.tuple(number, number) }
const numberTest = fc.oneof(number, one(numberTests), one(comparisons), some(numberTests))

const list = fc.array(scalar, { minLength: 1, maxLength: 3 })
const part = text.filter((text) => text !== '')

const pattern = fc.oneof(
  fc.constantFrom(
    'a',
    '^a',
    'z$',
    '^.$',
    '[a-c]+',
    '^(gold|Jazz)$',
    '\\d{2,}',
    '^[^a-z]*$',
    'x?y*',
    '\\w\\s?\\w',
    '京',
    '(a|b){2}',
    '[\\w-]',
    '^$',
    '.{3}',
    '\\$1',
    '[å🎷]',
  ),
  fc
    .array(fc.constantFrom('a', 'b', 'z', '.', '\\d', '[a-z]', '[^a]', '(a|b)', 'å', '1', ' ', 'a?', 'b*', 'J+'), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.join('')),
)

const textTests = {
  exists: fc.boolean(),
  in: list,
  not_in: list,
  contains: part,
  starts_with: part,
  ends_with: part,
  matches: pattern,
}

const goodDate = dateText.filter(
  (date) => /^2\d{3}-\d\d-\d\d(?:T\d\d:\d\d(?::[0-5]\d.*)?)?$/.test(date) && !/-30$|-13-/.test(date),
)
const bound = fc.oneof(
  goodDate,
  duration.map((length) => `in ${length}`),
  duration.map((length) => `${length} ago`),
  fc.constant('now'),
)

const absoluteTests = {
  ...numberTests,
  ...textTests,
  equals: scalar,
  not_equals: scalar,
  after: goodDate,
  before: goodDate,
}
const valueTest = fc.oneof(scalar, one(absoluteTests), one(absoluteTests), some(absoluteTests))
const movingTests = { ...absoluteTests, after: bound, before: bound }
const traitTest = fc.oneof(
  scalar,
  one(movingTests),
  one({ after: bound, before: bound, between: fc.tuple(bound, bound) }),
  some({ after: bound, before: bound }),
  some(movingTests),
)

function wordTest(...words: readonly string[]): fc.Arbitrary<unknown> {
  const word = fc.constantFrom(...words)
  const list = fc.array(word, { minLength: 1, maxLength: 3 })
  return fc.oneof(word, one({ in: list, not_in: list, not_equals: word }))
}

const momentTest = one({ within: duration, before: duration })

const named = (name: string, test: fc.Arbitrary<unknown>): Documents => test.map((document) => ({ [name]: document }))

export const where = fc.dictionary(fc.constantFrom(...propertyNames), valueTest, { minKeys: 1, maxKeys: 2 })
const count = fc.oneof(fc.integer({ min: 0, max: 4 }), one({ ...comparisons, not_equals: number }), some(comparisons))
const amount = fc
  .tuple(
    fc.constantFrom(...propertyNames, 'total', 'total', 'total'),
    some({ equals: number, not_equals: number, ...comparisons }),
  )
  .map(([of, tests]) => ({ of, ...tests }))
const counts = one({ count, first: momentTest, last: momentTest })
const amounts = one({ sum: amount, min: amount, max: amount, average: amount })

const wholeDay = fc.constantFrom('2026-05-01', '2026-05-19', '2026-05-20T00:00Z', '2025-05-21')
const eventName = fc.constantFrom(...eventNames)
const pageName = fc.constantFrom(...pageNames)

const merged = (...parts: readonly fc.Arbitrary<object>[]): fc.Arbitrary<object> =>
  fc.tuple(...parts).map((objects) => Object.assign({}, ...objects) as object)
const maybe = (fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> =>
  fc.record(fields, { requiredKeys: [] })

/** Of single events: with a period that they are kept for. */
const single = (name: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  merged(
    name,
    fc.record({ within: duration }),
    maybe({ where, after: goodDate, before: goodDate }),
    fc.oneof(fc.constant({}), counts, amounts),
  )

/** Of daily counts: all time, or longer than single events are kept. */
const daily = (name: fc.Arbitrary<object>): fc.Arbitrary<object> =>
  merged(
    name,
    maybe({ within: fc.constantFrom('366 days', '400 days'), after: wholeDay, before: wholeDay }),
    fc.oneof(fc.constant({}), counts),
  )

function happened(word: string, name: fc.Arbitrary<string>): Documents {
  const mapping = fc.record({ name })
  return named(word, fc.oneof(name, single(mapping), single(mapping), daily(mapping)))
}

const step = fc.oneof(
  { weight: 4, arbitrary: merged(fc.record({ event: eventName }), maybe({ where })) },
  { weight: 1, arbitrary: one({ page: pageName, screen: pageName }) },
)

const sequence = merged(
  fc.record({ steps: fc.array(step, { minLength: 2, maxLength: 3 }), within: duration }),
  maybe({ gap: duration, after: goodDate, before: goodDate }),
)

const oneOrMore = (names: readonly string[]): fc.Arbitrary<unknown> =>
  fc.oneof(fc.constantFrom(...names), fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 2 }))

const orders = merged(
  maybe({
    product: oneOrMore(products),
    category: oneOrMore(Object.values(categories)),
    within: duration,
    after: goodDate,
    before: goodDate,
  }),
  fc.oneof(
    fc.constant({}),
    counts,
    one({
      revenue_cents: fc.constantFrom(0, 500, 1_500).map((at_least) => ({ at_least })),
      average_cents: some(comparisons),
    }),
    one({
      revenue_cents: some(comparisons),
      average_cents: fc.constantFrom(99, 500, 750).map((equals) => ({ equals })),
    }),
  ),
)

const channel = fc.constantFrom('email', 'sms')
const cents = fc.oneof(
  numberTest,
  fc.constantFrom(1_000, 5_000).map((at_least) => ({ at_least })),
)
const countryTest = (...words: readonly string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.constantFrom(...words),
    one({
      exists: fc.boolean(),
      in: fc.constant(words),
      not_equals: fc.constantFrom(...words),
      matches: pattern,
      ends_with: fc.constantFrom('E', 'example'),
    }),
  )

const leaf: Documents = fc.oneof(
  ...[
    'orders.count',
    'score.churn',
    'score.clv',
    'rfm.recency',
    'rfm.frequency',
    'rfm.monetary',
    'orders.price_sensitivity',
  ].map((name) => named(name, numberTest)),
  ...['revenue', 'refunded', 'discount', 'average'].map((name) => named(`orders.${name}_cents`, cents)),
  named('orders.interval', some({ at_least: duration, at_most: duration, more_than: duration, less_than: duration })),
  named('score.churn_tier', wordTest('high', 'middle', 'low')),
  named('score.clv_tier', wordTest('high', 'middle', 'low')),
  named('stage', wordTest('acquire', 'activate', 'retain', 'revenue', 'refer')),
  named('at_risk', fc.boolean()),
  named('reachable.email', fc.boolean()),
  named('country', countryTest(...countries)),
  named('email_domain', countryTest(...domains)),
  named('locale', countryTest('de-DE', 'en')),
  named('time_zone', countryTest('Europe/Berlin')),
  ...['segment', 'journey.active', 'journey.entered', 'journey.completed'].map((name) => named(name, oneOrMore(keys))),
  ...['cluster', 'match.rule', 'match.sequence', 'match.recommendation'].map((name) =>
    named(name, oneOrMore(products)),
  ),
  fc
    .tuple(channel, fc.constantFrom(...topics), wordTest('granted', 'withdrawn', 'none'))
    .map(([on, topic, test]) => ({ [topic === '*' ? `consent.${on}` : `consent.${on}.${topic}`]: test })),
)

const moments: Documents = fc.oneof(
  ...['orders.first', 'orders.last', 'seen.first', 'seen.last', 'stage.since'].map((name) => named(name, momentTest)),
)

const traits: Documents = fc.oneof(
  fc.tuple(fc.constantFrom(...traitNames), traitTest).map(([name, test]) => ({ [`trait.${name}`]: test })),
  fc.tuple(fc.constantFrom(...keys), traitTest).map(([name, test]) => ({ [`computed.${name}`]: test })),
)

const happenings: Documents = fc.oneof(
  happened('event', eventName),
  happened('page', pageName),
  named('page', single(fc.constant({}))),
  happened('screen', pageName),
  named('sequence', sequence),
  named('orders', orders),
)

export const conditionDocument: Documents = fc.letrec<{ node: ConditionDocument }>((again) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(leaf, moments, traits, happenings, happenings),
    fc.record({ all: fc.array(again('node'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(again('node'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: again('node') }),
  ),
})).node
