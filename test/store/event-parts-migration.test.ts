/** A database from before events were partitioned keeps what it has. */

import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { claimEvents } from '../../src/store/claim-events.ts'
import { openDatabase } from '../../src/store/database.ts'
import { ensureEventParts } from '../../src/store/event-parts.ts'
import { settleEvents } from '../../src/store/events.ts'
import { insertEvents } from '../../src/store/insert-events.ts'
import { migrateDeploy } from '../../src/store/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const migrations = fileURLToPath(new URL('../../prisma/migrations', import.meta.url))
const partitioning = readdirSync(migrations).find((name) => name.endsWith('_event_partitions'))!
const folder = mkdtempSync(join(tmpdir(), 'perennial-migrations-'))
let testDatabase: TestDatabase

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  const client = new pg.Client({ connectionString: testDatabase.url })
  await client.connect()
  await client.query('DROP SCHEMA public CASCADE; DROP SCHEMA event_parts CASCADE; CREATE SCHEMA public')
  await client.end()
  for (const name of readdirSync(migrations)) {
    if (name < partitioning) cpSync(join(migrations, name), join(folder, name), { recursive: true })
  }
  await migrateDeploy(testDatabase.url, folder)
})
afterAll(async () => {
  await testDatabase.drop()
  rmSync(folder, { recursive: true })
})

test('as one partition, in which message ids are known and events still wait', async () => {
  const database = openDatabase(testDatabase.url)
  try {
    await database.pool.query(
      `INSERT INTO events (message_id, type, name, occurred_at, received_at, properties)
       SELECT 'm' || n, 'track', 'Seen', at, at, '{}'
       FROM generate_series(1, 4) n, LATERAL (SELECT timestamptz '2025-01-31T12:00Z' + n * interval '20 days' AS at) t`,
    )
    await database.pool.query(
      `INSERT INTO news (customer_id, kind, event_id, created_at)
       SELECT gen_random_uuid(), 'event', id, received_at FROM events WHERE message_id = 'm1'`,
    )
    await migrateDeploy(testDatabase.url)

    const seen = (messageId: string, received: string) => ({
      messageId,
      type: 'track' as const,
      name: 'Seen',
      userId: 'u1',
      anonymousId: null,
      occurredAtMs: Date.parse('2025-02-20T12:00Z'),
      receivedAtMs: Date.parse(received),
      properties: '{}',
      context: null,
      sealed: null,
    })
    // The last of the old ones came in April. Those months have their partition.
    await ensureEventParts(database.pool, Date.parse('2025-03-01'), Date.parse('2025-05-01'))
    const inserted = await insertEvents(database.pool, [seen('m1', '2025-04-25'), seen('m5', '2025-04-25')])
    expect([...inserted]).toEqual(['m5'])
    expect([...(await insertEvents(database.pool, [seen('m2', '2025-06-20'), seen('m6', '2025-06-20')]))]).toEqual([
      'm6',
    ])
    const { rows: parts } = await database.pool.query(
      'SELECT tableoid::regclass::text AS part, count(*)::int AS events FROM events GROUP BY 1 ORDER BY 1',
    )
    expect(parts).toEqual([
      { part: 'event_parts.events_2025_06', events: 1 },
      { part: 'event_parts.events_before_2025_05', events: 5 },
    ])

    const events = await database.transaction((client) => claimEvents(client, 10))
    expect(events.map(({ messageId }) => messageId)).toEqual(['m1', 'm2', 'm3', 'm4', 'm5', 'm6'])
    const handled = events.map((one) => ({ ...one, customerId: null, problem: null, keepSealed: false }))
    await settleEvents(database.pool, handled, Date.parse('2025-06-20'))
    const { rows: left } = await database.pool.query('SELECT FROM events WHERE handled_at IS NULL')
    expect(left).toEqual([])
    const { rows: news } = await database.pool.query(
      `SELECT FROM news n JOIN events e ON e.id = n.event_id AND e.received_at = n.event_received_at`,
    )
    expect(news).toHaveLength(1)
  } finally {
    await database.close()
  }
})
