/** Counting what is open must not become dearer with every message that was ever sent. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { openMessagesSql } from '../../src/store/open-messages.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

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

test('what is open is found by the indexes of what is open, and no message at rest is read', async () => {
  const plan = await database.transaction(async (client) => {
    // The tables are empty: a plan for large ones is asked for.
    await client.query('SET LOCAL enable_seqscan = off')
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT count(*) FROM ${openMessagesSql('template')} AS open WHERE template = 'welcome'`,
    )
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  })
  expect(plan).toContain('messages_open')
  expect(plan).toContain('messages_broadcast_open')
  expect(plan).not.toContain('Seq Scan')
})
