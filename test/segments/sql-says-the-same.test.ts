/** The same condition, asked of the same customers in PostgreSQL and in TypeScript: random ones of the whole language. */

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Condition } from '../../src/domain/condition.ts'
import { condition } from '../../src/domain/condition-schema.ts'
import { holds, nextFlip } from '../../src/domain/evaluate.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { compileSegment } from '../../src/store/segment-sql/compile-segment.ts'
import { SqlParams } from '../../src/store/segment-sql/sql-params.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { conditionDocument } from './support/documents.ts'
import { modelCustomer, nowMs, viewOf } from './support/model-customer.ts'
import { removeCustomers, writeCustomers } from './support/write-customers.ts'

let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

interface Row {
  readonly customer_id: string
  readonly holds: boolean
  readonly flips_at: Date | null
}

type Answers = ReadonlyMap<string, { readonly holds: boolean; readonly flipsMs: number | null }>

/** Of these customers, or of all. */
async function ask(segment: Condition, ids: readonly string[] | null, atMs: number): Promise<Answers> {
  const params = new SqlParams(atMs)
  const scope = ids === null ? ({ all: true } as const) : { customerIds: params.add(ids, 'uuid[]') }
  const { rows } = await database.pool.query<Row>(compileSegment(segment, params, scope), params.values)
  const answers = new Map(
    rows.map((row) => [row.customer_id, { holds: row.holds, flipsMs: row.flips_at?.getTime() ?? null }]),
  )
  expect(answers.size, 'one row a customer').toBe(rows.length)
  return answers
}

test('holds and flips are the same in SQL as in TypeScript, for some customers and for all', async () => {
  let held = 0
  let flips = 0
  await fc.assert(
    fc
      .asyncProperty(
        fc.array(modelCustomer, { minLength: 1, maxLength: 25 }),
        fc.array(conditionDocument, { minLength: 1, maxLength: 15 }),
        async (customers, documents) => {
          const ids = await writeCustomers(database, customers)
          const views = customers.map(viewOf)
          for (const document of documents) {
            const segment = condition.parse(document)
            const given = await ask(segment, ids, nowMs)
            const all = await ask(segment, null, nowMs)
            for (const [i, view] of views.entries()) {
              const id = ids[i] ?? ''
              const expected = { holds: holds(segment, view, nowMs), flipsMs: nextFlip(segment, view, nowMs) }
              expect(given.get(id)).toEqual(expected)
              const isPossible = expected.holds || expected.flipsMs !== null
              expect(all.get(id)).toEqual(isPossible ? expected : undefined)
              if (expected.holds) held++
              if (expected.flipsMs !== null) flips++
            }
          }
        },
      )
      .afterEach(() => removeCustomers(database)),
    { numRuns: 60 },
  )
  expect(held).toBeGreaterThan(500)
  expect(flips).toBeGreaterThan(200)
})
