/** The same condition, asked of the same customers in PostgreSQL and in TypeScript: random ones of the whole language. */

import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Condition, CustomerView } from '../../src/domain/condition.ts'
import { condition } from '../../src/domain/condition-schema.ts'
import { needsOf } from '../../src/domain/conditions/needs.ts'
import { holds, nextFlip } from '../../src/domain/evaluate.ts'
import { dayMs } from '../../src/domain/time.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { compileSegment } from '../../src/store/segment-sql/compile-segment.ts'
import { PageFacts } from '../../src/store/segment-sql/page-facts.ts'
import { SqlParams } from '../../src/store/segment-sql/sql-params.ts'
import { lockAndLoadSnapshots } from '../../src/store/snapshots.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { runs } from '../support/property-runs.ts'
import { conditionDocument } from './support/documents.ts'
import { modelCustomer, nowMs, viewOf } from './support/model-customer.ts'
import { removeCustomers, writeCatalogue, writeCustomers } from './support/write-customers.ts'

let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url, { pipeline: true })
  await writeCatalogue(database)
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

interface Answer {
  readonly holds: boolean
  readonly flipsMs: number | null
}

/** As a page of customers is evaluated. */
function ofPage(segment: Condition, ids: readonly string[], params: SqlParams): string {
  const customerIds = params.add(ids, 'uuid[]')
  const shared = new PageFacts(customerIds)
  const answer = compileSegment(segment, params, { customerIds, shared })
  return `WITH ${shared.sql(params)} ${answer}`
}

/** Of these customers, or of all. */
async function ask(segment: Condition, ids: readonly string[] | null, atMs: number): Promise<Map<string, Answer>> {
  const params = new SqlParams(atMs)
  const { rows } = await database.pool.query<Row>(
    ids === null ? compileSegment(segment, params, { all: true }) : ofPage(segment, ids, params),
    params.values,
  )
  const answers = new Map(
    rows.map((row) => [row.customer_id, { holds: row.holds, flipsMs: row.flips_at?.getTime() ?? null }]),
  )
  expect(answers.size, 'one row a customer').toBe(rows.length)
  return answers
}

/** The customers as a decision would see them, with all that these conditions need. */
async function loadViews(ids: readonly string[], segments: readonly Condition[]): Promise<Map<string, CustomerView>> {
  const needs = needsOf(segments)
  const loaded = await database.transaction((client) => lockAndLoadSnapshots(client, ids, { nowMs, needs }))
  return new Map(loaded.map(({ snapshot }) => [snapshot.customer.id, snapshot]))
}

const expectedOf = (segment: Condition, view: CustomerView, atMs: number): Answer => ({
  holds: holds(segment, view, atMs),
  flipsMs: nextFlip(segment, view, atMs),
})

/** Between now and the flip the answer is one and the same: at its edges, and at some moments between. */
function expectSound(segment: Condition, view: CustomerView, atMs: number, { holds: held, flipsMs }: Answer): void {
  const untilMs = flipsMs ?? atMs + 1_000 * dayMs
  expect(untilMs, 'a flip lies ahead').toBeGreaterThan(atMs)
  for (const share of [0.01, 0.37, 0.77, 1]) {
    const betweenMs = atMs + Math.floor((untilMs - 1 - atMs) * share)
    expect(holds(segment, view, betweenMs), `at ${new Date(betweenMs).toISOString()}`).toBe(held)
  }
}

test('holds and flips are the same in SQL as in TypeScript, for some customers and for all', {
  timeout: 400_000,
}, async () => {
  const seen = { answers: 0, held: 0, flips: 0, changes: 0 }
  await fc.assert(
    fc
      .asyncProperty(
        fc.array(modelCustomer, { minLength: 1, maxLength: 25, size: 'max' }),
        fc.array(conditionDocument, { minLength: 1, maxLength: 15, size: 'max' }),
        fc.integer({ min: 1, max: 40 * 24 }),
        async (customers, documents, laterHours) => {
          const ids = await writeCustomers(database, customers)
          const views = customers.map(viewOf)
          const segments = documents.map((document) => condition.parse(document))
          const loaded = await loadViews(ids, segments)
          for (const segment of segments) {
            const given = await ask(segment, ids, nowMs)
            const all = await ask(segment, null, nowMs)
            const laterMs = nowMs + laterHours * 3_600_000
            const later = await ask(segment, ids, laterMs)
            for (const [i, view] of views.entries()) {
              const id = ids[i] ?? ''
              const expected = expectedOf(segment, view, nowMs)
              expect(given.get(id), 'of given customers').toEqual(expected)
              expect(later.get(id), 'later').toEqual(expectedOf(segment, view, laterMs))
              const seenView = loaded.get(id)
              expect(seenView && expectedOf(segment, seenView, nowMs), 'as loaded').toEqual(expected)
              expectSound(segment, view, nowMs, expected)
              const ofAll = all.get(id)
              const isPossible = expected.holds || expected.flipsMs !== null
              expect(ofAll?.holds, 'of all customers').toBe(isPossible ? expected.holds : undefined)
              if (ofAll !== undefined) expectSound(segment, view, nowMs, ofAll)
              // May be too early, never too late.
              expect(ofAll?.flipsMs ?? Infinity).toBeLessThanOrEqual(expected.flipsMs ?? Infinity)
              seen.answers++
              if (expected.holds) seen.held++
              if (expected.flipsMs !== null) seen.flips++
              if (expected.flipsMs !== null && holds(segment, view, expected.flipsMs) !== expected.holds) seen.changes++
            }
          }
        },
      )
      .afterEach(() => removeCustomers(database)),
    { numRuns: runs(80) },
  )
  console.info(`answers compared: ${JSON.stringify(seen)}`)
  expect(seen.held).toBeGreaterThan(500)
  expect(seen.flips).toBeGreaterThan(200)
  expect(seen.changes).toBeGreaterThan(100)
})
