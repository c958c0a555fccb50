/** What a document says never becomes SQL: attempts through every place where it can say something. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { computedTraitDocument } from '../../src/domain/computed-trait.ts'
import { condition } from '../../src/domain/condition-schema.ts'
import { holds } from '../../src/domain/evaluate.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { compileSegment } from '../../src/store/segment-sql/compile-segment.ts'
import { compileComputedTrait } from '../../src/store/segment-sql/computed-trait-sql.ts'
import { SqlParams } from '../../src/store/segment-sql/sql-params.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type ModelCustomer, nowMs, viewOf } from './support/model-customer.ts'
import { writeCatalogue, writeCustomers } from './support/write-customers.ts'

let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
  await writeCatalogue(database)
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

const attempts = [
  `x'; DROP TABLE customers; --`,
  `x' OR '1'='1`,
  `x" OR "1"="1`,
  `x')) UNION SELECT id, true, NULL FROM customers --`,
  `\\'; DELETE FROM customers; --`,
  `$1`,
  `$1::text) OR true --`,
  `$$; DROP TABLE events; $$`,
  `x; SELECT pg_sleep(10)`,
  `x/**/OR/**/true`,
  `'||(SELECT wrapped_key::text FROM customer_keys LIMIT 1)||'`,
  `E'\\x27 OR true --`,
  `％27 OR true`,
  `ʼ OR true --`,
  `x\u0000' OR true --`,
  `x\ud800' OR true --`,
  `x\n--\n' OR true`,
  `{"a":1}' OR true --`,
  `constructor`,
  `__proto__`,
]

/** Places where a document says something, by what they are. */
const places: Readonly<Record<string, (attempt: string) => unknown>> = {
  'the name of a trait': (x) => ({ [`trait.${x}`]: 'gold' }),
  'the name of a computed trait': (x) => ({ [`computed.${x}`]: 'gold' }),
  'the value of a trait': (x) => ({ 'trait.plan': x }),
  'a list member': (x) => ({ 'trait.plan': { in: ['gold', x] } }),
  'a list of others': (x) => ({ not: { 'trait.plan': { not_in: [x] } } }),
  'a part of a text': (x) => ({ 'trait.plan': { contains: x } }),
  'a start of a text': (x) => ({ 'trait.plan': { starts_with: x } }),
  'an end of a text': (x) => ({ 'trait.plan': { ends_with: x } }),
  'a pattern': (x) => ({ 'trait.plan': { matches: x } }),
  'a date': (x) => ({ 'trait.plan': { after: x } }),
  'a number': (x) => ({ 'trait.plan': { at_least: x } }),
  'the name of an event': (x) => ({ event: x }),
  'the name of a page': (x) => ({ page: { name: x, within: '1 day' } }),
  'the name of a property': (x) => ({ event: { name: 'Go', within: '1 day', where: { [x]: 1 } } }),
  'the value of a property': (x) => ({ event: { name: 'Go', within: '1 day', where: { total: x } } }),
  'the property of a sum': (x) => ({ event: { name: 'Go', within: '1 day', sum: { of: x, at_least: 1 } } }),
  'a length of time': (x) => ({ event: { name: 'Go', within: x } }),
  'a step of a sequence': (x) => ({ sequence: { steps: [{ event: x }, { event: x }], within: '1 day' } }),
  'a product': (x) => ({ orders: { product: x } }),
  'a category': (x) => ({ orders: { category: [x, 'Jazz'], within: '9 days' } }),
  'the key of a segment': (x) => ({ segment: x }),
  'the key of a journey': (x) => ({ 'journey.active': [x] }),
  'a cluster': (x) => ({ cluster: x }),
  'a match': (x) => ({ 'match.rule': [x] }),
  'a topic': (x) => ({ [`consent.email.${x}`]: 'granted' }),
  'a channel': (x) => ({ [`consent.${x}`]: 'granted' }),
  'a stage': (x) => ({ stage: x }),
  'a country': (x) => ({ country: x }),
  'a domain': (x) => ({ email_domain: { ends_with: x } }),
  'the name of a condition': (x) => ({ [x]: 1 }),
}

const somebody: ModelCustomer = {
  stage: 'retain',
  stageSinceMs: nowMs,
  atRisk: false,
  traits: {},
  firstSeenMs: nowMs,
  lastSeenMs: nowMs,
  orders: { count: 0, revenueCents: 0, refundedCents: 0, firstOrderMs: null, lastOrderMs: null },
  scores: [],
  reachable: [],
  consents: [],
  events: [],
  singleOrders: [],
  profile: {
    country: null,
    locale: null,
    emailDomain: null,
    timeZone: null,
    discountCents: 0,
    discountedRevenueCents: 0,
  },
  segments: [],
  journeys: [],
  matches: [],
  computed: {},
}

const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/** `$1` stands for a value in every statement, whoever wrote it. */
const hides = (sql: string, attempt: string): boolean => attempt === '$1' || !sql.includes(attempt)

/** Somebody of whom all of it is literally true, and somebody of whom nothing is. */
const customers: readonly ModelCustomer[] = [
  somebody,
  ...attempts.filter(isStorable).map(
    (x): ModelCustomer => ({
      ...somebody,
      traits: Object.fromEntries([
        ['plan', x],
        [x, 'gold'],
      ]),
      events: [
        { kind: 'track', name: x, atMs: nowMs - 1, properties: Object.fromEntries([[x, 1]]) },
        { kind: 'track', name: x, atMs: nowMs - 2, properties: {} },
        {
          kind: 'track',
          name: 'Go',
          atMs: nowMs,
          properties: Object.fromEntries([
            ['total', x],
            [x, 1],
          ]),
        },
        { kind: 'page', name: x, atMs: nowMs, properties: {} },
      ],
      matches: [
        { kind: 'cluster', key: x },
        { kind: 'rule', key: x },
      ],
      profile: { ...somebody.profile, country: x, emailDomain: `mail.${x}` },
    }),
  ),
]

test('every attempt is refused, or is taken literally', async () => {
  const ids = await writeCustomers(database, customers)
  let literal = 0
  let refused = 0
  for (const [place, documentOf] of Object.entries(places)) {
    for (const attempt of attempts) {
      const parsed = condition.safeParse(documentOf(attempt))
      if (!parsed.success) {
        refused++
        continue
      }
      expect(isStorable(attempt), `${place}: ${attempt}`).toBe(true)
      const params = new SqlParams(nowMs)
      const sql = compileSegment(parsed.data, params, { customerIds: params.add(ids, 'uuid[]') })
      expect(hides(sql, attempt), `${place}: ${attempt}`).toBe(true)
      const { rows } = await database.pool.query<{ customer_id: string; holds: boolean }>(sql, params.values)
      const held = new Set(rows.filter((row) => row.holds).map((row) => row.customer_id))
      const expected = customers.flatMap((customer, i) =>
        holds(parsed.data, viewOf(customer), nowMs) ? [ids[i] ?? ''] : [],
      )
      expect([...held].sort(), `${place}: ${attempt}`).toEqual(expected.sort())
      if (held.size > 0) literal++
    }
  }
  expect(literal).toBeGreaterThan(150)
  expect(refused).toBeGreaterThan(150)
  const { rows } = await database.pool.query<{ count: number }>('SELECT count(*)::int AS count FROM customers')
  expect(rows[0]?.count).toBe(customers.length)
})

test('so is every attempt through a computed trait', async () => {
  const documents = attempts.flatMap((attempt) =>
    [
      { event: attempt, of: 'total' },
      { event: 'Go', of: attempt },
      { event: 'Go', of: 'total', where: { [attempt]: attempt } },
    ].map((part) => ({ attempt, document: { name: 'A', compute: 'last', within: '1 day', ...part } })),
  )
  const parsed = documents.map(({ attempt, document }) => ({
    attempt,
    result: computedTraitDocument.safeParse(document),
  }))
  expect(parsed.filter(({ attempt, result }) => result.success !== isStorable(attempt))).toEqual([])
  for (const { attempt, result } of parsed.filter(({ result }) => result.success)) {
    const params = new SqlParams(nowMs)
    const sql = compileComputedTrait(result.data!, params, { all: true })
    expect(hides(sql, attempt)).toBe(true)
    await database.pool.query(sql, params.values)
  }
})
