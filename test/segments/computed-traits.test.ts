/** Traits computed by rule: the same values in PostgreSQL and in TypeScript, and no change before its moment. */

import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { computedTraitDocument, computeTrait } from '../../src/domain/computed-trait.ts'
import { problemsOf, sayProblem } from '../../src/domain/problem.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { compileComputedTrait } from '../../src/store/segment-sql/computed-trait-sql.ts'
import { SqlParams } from '../../src/store/segment-sql/sql-params.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { runs } from '../support/property-runs.ts'
import { duration, where } from './support/documents.ts'
import { eventNames, modelCustomer, nowMs, pageNames, propertyNames, viewOf } from './support/model-customer.ts'
import { removeCustomers, writeCatalogue, writeCustomers } from './support/write-customers.ts'

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

const source = fc.oneof(
  fc.constantFrom(...eventNames, 'Product Viewed', 'Product Viewed').map((event) => ({ event })),
  fc.constantFrom(...pageNames).map((page) => ({ page })),
  fc.constantFrom(...pageNames).map((screen) => ({ screen })),
)
const computation = fc.oneof(
  fc.constantFrom('count', 'days_since').map((compute) => ({ compute })),
  fc.record({
    compute: fc.constantFrom('sum', 'first', 'last', 'most_frequent', 'unique'),
    of: fc.constantFrom(...propertyNames, 'total', 'total'),
  }),
)
const traitDocument = fc
  .tuple(
    source,
    computation,
    fc.record({ within: duration }),
    fc.oneof(fc.constant({}), fc.constant({}), fc.record({ where })),
  )
  .map((parts) => Object.assign({ name: 'Any' }, ...parts) as object)

test('a value and the moment of its change are the same in SQL as in TypeScript', async () => {
  let values = 0
  await fc.assert(
    fc
      .asyncProperty(
        fc.array(modelCustomer, { minLength: 1, maxLength: 25, size: 'max' }),
        fc.array(traitDocument, { minLength: 1, maxLength: 15, size: 'max' }),
        async (customers, documents) => {
          const ids = await writeCustomers(database, customers)
          for (const document of documents) {
            const trait = computedTraitDocument.parse(document)
            for (const isAll of [false, true]) {
              const params = new SqlParams(nowMs)
              const scope = isAll ? ({ all: true } as const) : { customerIds: params.add(ids, 'uuid[]') }
              const { rows } = await database.pool.query<{ customer_id: string; value: unknown; changes_at: Date }>(
                compileComputedTrait(trait, params, scope),
                params.values,
              )
              const found = new Map(
                rows.map((row) => [row.customer_id, { value: row.value, changesMs: row.changes_at.getTime() }]),
              )
              expect(found.size).toBe(rows.length)
              for (const [i, customer] of customers.entries()) {
                const { more } = viewOf(customer)
                const expected = computeTrait(trait, more!, nowMs)
                expect(found.get(ids[i] ?? '') ?? { value: null, changesMs: null }).toEqual(expected)
                if (expected.changesMs === null) continue
                values++
                expect(expected.changesMs).toBeGreaterThan(nowMs)
                expect(computeTrait(trait, more!, expected.changesMs - 1).value).toEqual(expected.value)
              }
            }
          }
        },
      )
      .afterEach(() => removeCustomers(database)),
    { numRuns: runs(60) },
  )
  expect(values).toBeGreaterThan(300)
})

describe('a rule that says nothing sensible is refused', () => {
  test.each([
    ['{ name: A, compute: sum, event: X, within: 1 day }', 'of: must name a property'],
    ['{ name: A, compute: count, event: X, of: total, within: 1 day }', 'of "total": must name a property'],
    ['{ name: A, compute: count, event: X }', 'within: is missing'],
    ['{ name: A, compute: count, event: X, within: 400 days }', 'within "400 days": must be at most 365 days'],
    ['{ name: A, compute: count, within: 1 day }', 'must hold one of event, page, screen'],
    ['{ name: A, compute: count, event: X, page: Y, within: 1 day }', 'must hold one of event, page, screen'],
    ['{ name: A, compute: last, event: X, of: email, within: 1 day }', 'of "email": is personal'],
    ['{ name: A, compute: guess, event: X, within: 1 day }', 'compute "guess": must be one of'],
  ])('%s', (text, expected) => {
    const document: unknown = parse(text)
    const result = computedTraitDocument.safeParse(document)
    expect(result.success ? [] : problemsOf(result.error, document).map(sayProblem).join('\n')).toContain(expected)
  })
})
