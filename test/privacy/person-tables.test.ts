/** No table with rows about people can be forgotten: the list is held against the database itself. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { listedTables, personTables } from '../../src/store/person-tables.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

/** Columns of ids, beside `customer_id`, and whom they point at. A new one has to be thought about. */
const idColumns: Readonly<Record<string, 'a person' | 'nobody'>> = {
  'customers.id': 'a person',
  'customers.merged_into': 'a person',
  'customer_merges.leaving_id': 'a person',
  'customer_merges.staying_id': 'a person',
  'customer_merges.id': 'nobody',
  'merged_profiles.merge_id': 'nobody',
  'contact_points.id': 'nobody',
  'orders.id': 'nobody',
  'order_lines.order_id': 'nobody',
  'journey_runs.id': 'nobody',
  'messages.id': 'nobody',
  'messages.coupon_id': 'nobody',
  'messages.broadcast_id': 'nobody',
  'broadcasts.id': 'nobody',
  'broadcast_recipients.broadcast_id': 'nobody',
  'coupons.id': 'nobody',
  'offer_codes.coupon_id': 'nobody',
  'coupons.order_id': 'nobody',
  'scores.model_id': 'nobody',
  'models.id': 'nobody',
  'model_drift.model_id': 'nobody',
  'model_uses.model_id': 'nobody',
  'product_popularity.model_id': 'nobody',
  'product_relations.model_id': 'nobody',
  'rfm_scales.id': 'nobody',
  // Whom the next page begins after; gone with the last page.
  'rfm_scales.scored_until': 'nobody',
  'api_keys.id': 'nobody',
  'imports.id': 'nobody',
  'tasks.id': 'nobody',
  'imported_customers.import_id': 'nobody',
  'imported_refunds.import_id': 'nobody',
  'erasures.id': 'nobody',
  'referrals.id': 'nobody',
  'referrals.referrer_id': 'a person',
  'referrals.friend_id': 'a person',
  'referrals.order_id': 'nobody',
  'referrals.friend_coupon_id': 'nobody',
  'referrals.referrer_coupon_id': 'nobody',
  // These go with their message.
  'message_hits.message_id': 'nobody',
  'message_reports.message_id': 'nobody',
  'message_requests.message_id': 'nobody',
  'short_links.message_id': 'nobody',
  'webhook_calls.id': 'nobody',
  // How far customers' keys are wrapped anew: the whole range, not somebody.
  'installation.rewrap_after': 'nobody',
}

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

async function columns(where: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT c.table_name || '.' || c.column_name AS name
     FROM information_schema.columns c
     JOIN pg_class t ON t.relname = c.table_name AND t.relnamespace = 'public'::regnamespace AND NOT t.relispartition
     WHERE c.table_schema = 'public' AND t.relkind IN ('r', 'p') AND ${where} ORDER BY 1`,
  )
  return rows.map(({ name }) => name)
}

test('every table with a customer_id is on the list', async () => {
  const tables = (await columns(`c.column_name = 'customer_id'`)).map((name) => name.split('.')[0])
  expect(tables.filter((table) => !listedTables.includes(table ?? ''))).toEqual([])
})

test('every other column of ids is known to point at a person or not', async () => {
  const unknown = (await columns(`c.udt_name IN ('uuid', '_uuid') AND c.column_name <> 'customer_id'`)).filter(
    (name) => idColumns[name] === undefined,
  )
  expect(unknown).toEqual([])
})

test('a table that nobody put on the list is found all the same', async () => {
  await database.pool.query('CREATE TABLE forgotten (customer_id uuid NOT NULL, note text)')
  expect((await personTables(database.pool)).map(({ table }) => table)).toContain('forgotten')
  await database.pool.query('DROP TABLE forgotten')
})
