/** Counts that are kept instead of counted: whatever happens to messages, and however much at once, they are what a plain count gives. */

import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Database, openDatabase, type Queryable } from '../../src/store/database.ts'
import { addUpCounts, keptCounts } from '../../src/store/kept-counts.ts'
import { listMessages } from '../../src/store/message-list.ts'
import { readMetrics } from '../../src/store/metrics.ts'
import { readStatus } from '../../src/store/status.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { runs } from '../support/property-runs.ts'

let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url, { maxConnections: 10 })
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})
beforeEach(async () => void (await database.pool.query('TRUNCATE messages CASCADE')))

/** Both of one moment, whoever else is at work. */
async function bothCounts(): Promise<{ plain: unknown; kept: unknown }> {
  const { rows } = await database.pool.query<{ plain: unknown; kept: unknown }>(
    `SELECT (SELECT json_object_agg(labels::text, n ORDER BY labels) FROM (
               SELECT jsonb_build_object('journey', journey, 'channel', channel, 'class', message_class, 'status', status) AS labels,
                      count(*) AS n FROM messages GROUP BY 1
               UNION ALL SELECT jsonb_build_object('kind', kind), count(*) FROM message_reports GROUP BY 1) AS p) AS plain,
            (SELECT json_object_agg(labels::text, n ORDER BY labels) FROM (
               SELECT labels, sum(change) AS n FROM (
                 SELECT * FROM ${keptCounts('messages')} AS m UNION ALL SELECT * FROM ${keptCounts('message_reports')} AS r) AS k
                GROUP BY 1 HAVING sum(change) <> 0) AS k) AS kept`,
  )
  return rows[0]!
}

async function insert(client: Queryable, first: number, count: number, status = 'planned'): Promise<void> {
  await client.query(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic, template,
                           status, planned_at)
     SELECT gen_random_uuid(), lpad(to_hex(n % 7), 32, '0')::uuid, 'j' || n % 3, 'v', 's', n, 1,
            CASE n % 2 WHEN 0 THEN 'email' ELSE 'sms' END, CASE n % 5 WHEN 0 THEN 'transactional' ELSE 'marketing' END, 't', 't',
            $3, now() FROM generate_series($1::int, $2::int) AS n ON CONFLICT DO NOTHING`,
    [first, first + count - 1, status],
  )
}

const some = fc.nat({ max: 39 })
const statuses = ['planned', 'claimed', 'transmitting', 'sent', 'failed', 'refused', 'in_doubt']
const happening = fc.oneof(
  fc.record({ what: fc.constant('insert' as const), at: some, count: fc.nat({ max: 10 }) }),
  fc.record({
    what: fc.constant('move' as const),
    at: some,
    count: fc.nat({ max: 40 }),
    to: fc.constantFrom(...statuses),
  }),
  // As a merge does: to another customer, behind their entries.
  fc.record({ what: fc.constant('merge' as const), at: fc.nat({ max: 6 }), to: fc.nat({ max: 6 }) }),
  fc.record({ what: fc.constant('erase' as const), at: fc.nat({ max: 6 }) }),
  // One row into another's place, some more, and some less, in a single statement.
  fc.record({ what: fc.constant('all at once' as const), at: some }),
  fc.record({ what: fc.constant('undo' as const), at: some, count: fc.nat({ max: 10 }) }),
  fc.record({ what: fc.constant('report' as const), at: some, kind: fc.constantFrom('bounce', 'delivered') }),
  fc.record({ what: fc.constant('add up' as const) }),
)
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

const customer = (n: number): string => n.toString(16).padStart(32, '0')

/** Two that move to the same place, or wait for each other: one of them fails, and counts nothing. */
function ifOnlyInTheWay(error: Error & { code?: string }): void {
  if (error.code !== '23505' && error.code !== '40P01') throw error
}

async function happen(one: Happening): Promise<void> {
  const { pool } = database
  switch (one.what) {
    case 'insert':
      return insert(pool, one.at, one.count)
    case 'move':
      return void (await pool.query(
        `UPDATE messages SET status = $3 WHERE id IN (
           SELECT id FROM messages WHERE entry_number BETWEEN $1 AND $2 ORDER BY id FOR UPDATE)`,
        [one.at, one.at + one.count, one.to],
      ))
    case 'merge':
      return void (await pool
        .query(
          `UPDATE messages m SET customer_id = $2, entry_number = entry_number + (SELECT coalesce(max(entry_number), 0) FROM messages),
                status = CASE status WHEN 'claimed' THEN 'planned' ELSE status END
          WHERE id IN (SELECT id FROM messages WHERE customer_id = $1 ORDER BY id FOR UPDATE)`,
          [customer(one.at), customer(one.to)],
        )
        .catch(ifOnlyInTheWay))
    case 'erase':
      return void (await pool.query(
        'DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE customer_id = $1 ORDER BY id FOR UPDATE)',
        [customer(one.at)],
      ))
    case 'report':
      return void (await pool.query(
        `INSERT INTO message_reports (message_id, kind, source, reported_at)
         SELECT id, $2, 'dsn', now() FROM messages WHERE entry_number >= $1 ORDER BY id LIMIT 7 FOR KEY SHARE ON CONFLICT DO NOTHING`,
        [one.at, one.kind],
      ))
    case 'all at once':
      return void (await pool.query(
        `WITH picked AS (SELECT id FROM messages WHERE entry_number >= $1 ORDER BY id LIMIT 9 FOR UPDATE),
              gone AS (DELETE FROM messages WHERE id IN (SELECT id FROM picked LIMIT 3)),
              sent AS (UPDATE messages SET status = 'sent', channel = 'email' WHERE id IN (SELECT id FROM picked OFFSET 3 LIMIT 3)),
              failed AS (UPDATE messages SET status = 'failed' WHERE id IN (SELECT id FROM picked OFFSET 6))
         INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic, template,
                               status, planned_at)
         VALUES (gen_random_uuid(), gen_random_uuid(), 'j0', 'v', 's', 1, 1, 'sms', 'marketing', 't', 't', 'refused', now())`,
        [one.at],
      ))
    case 'undo':
      return database
        .transaction(async (client) => {
          await insert(client, one.at, one.count)
          await client.query(`DELETE FROM messages WHERE entry_number = $1`, [one.at])
          throw new Error('on purpose')
        })
        .catch(() => undefined)
    case 'add up':
      return void (await addUpCounts(pool, 0))
  }
}

test('kept counts are what a plain count gives, at every moment of many things that happen at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(happening, { maxLength: 8 }), { minLength: 1, maxLength: 5 }), async (lanes) => {
      await insert(database.pool, 0, 20)
      const underWay = new Set(lanes)
      const live = async (lane: readonly Happening[]): Promise<void> => {
        for (const one of lane) await happen(one)
      }
      await Promise.all([
        ...lanes.map((lane) => live(lane).finally(() => underWay.delete(lane))),
        (async () => {
          while (underWay.size > 0) {
            const { plain, kept } = await bothCounts()
            expect(kept).toEqual(plain)
          }
        })(),
      ])
      const { plain, kept } = await bothCounts()
      expect(kept).toEqual(plain)
    }),
    { numRuns: runs(15) },
  )
})

test('changes are added up to one row for each of what is counted, also by several at once', async () => {
  for (let i = 0; i < 30; i++) await insert(database.pool, i, 1)
  await Promise.all([0, 1, 2].map(() => addUpCounts(database.pool, 0)))
  await addUpCounts(database.pool, 0)
  const { rows } = await database.pool.query<{ rows: number; labels: number }>(
    'SELECT count(*) AS rows, count(DISTINCT labels) AS labels FROM kept_counts',
  )
  expect(rows[0]?.rows).toBe(rows[0]?.labels)
  expect((await bothCounts()).kept).toEqual((await bothCounts()).plain)
  // Little is left for the next time.
  await insert(database.pool, 31, 1)
  expect(await addUpCounts(database.pool)).toBe(false)
})

test('metrics, the status and the total of a list are read from them, and say what is in the ledger', async () => {
  await insert(database.pool, 0, 40, 'sent')
  await insert(database.pool, 40, 7)
  const { pool } = database
  const metrics = (await readMetrics(pool, 0)).filter(({ metric }) => metric === 'perennial_messages')
  const { rows } = await pool.query(
    `SELECT 'perennial_messages' AS metric, json_build_object('channel', channel, 'class', message_class, 'status', status) AS labels,
            count(*) AS value FROM messages GROUP BY channel, message_class, status`,
  )
  const inOrder = (list: readonly unknown[]): string[] => list.map((one) => JSON.stringify(one)).sort()
  expect(inOrder(metrics)).toEqual(inOrder(rows))
  expect((await readStatus(pool)).messages).toEqual({ sent: 40, planned: 7 })
  const total = async (query: object): Promise<number> => (await listMessages(pool, { limit: 1, ...query })).total
  expect(await total({})).toBe(47)
  expect(await total({ status: 'planned' })).toBe(7)
  expect(await total({ status: 'failed' })).toBe(0)
  expect(await total({ journey: 'j1', channel: 'email' })).toBe(8)
  expect(await total({ customerId: customer(3), status: 'sent' })).toBe(6)
})
