/** Whole segments enter a journey: by its schedule, once for each moment, and by hand after a preview. */

import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { enterScheduled } from '../../src/intake/scheduled-entries.ts'
import { createDefinitionsCache } from '../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { enterSegment, previewSegmentEntry } from '../../src/store/scheduled-entries.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { mondayNoonMs } from '../workflows/support/store-world.ts'

const journey = `
name: Friday letter
topic: news
re_entry: always
entry: [ { type: schedule, segment: readers, at: "10:00", days: [fri], time_zone: UTC }, { type: api } ]
steps: [ { id: hello, type: email, template: hello } ]
`
const fridayMs = mondayNoonMs + 4 * dayMs - 2 * hourMs

let testDatabase: TestDatabase
let database: Database
let directory: CampaignDirectory
beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
  directory = campaignDirectory({
    'journeys/letter.yaml': journey,
    'segments/readers.yaml': 'name: Readers\nif: { trait.reads: true }\n',
  })
  await publishCampaigns(database, directory.path, mondayNoonMs)
  await database.pool.query(`
    INSERT INTO segments (kind, key, version, status, created_at, built_at)
    VALUES ('segment', 'readers', 'v', 'live', now(), now());
    INSERT INTO customers (id, stage, stage_since, first_seen_at, last_seen_at, created_at, updated_at)
    SELECT gen_random_uuid(), 'acquire', now(), now(), now(), now(), now() FROM generate_series(1, 1000);
    INSERT INTO segment_members SELECT s.id, c.id, now() FROM customers c, segments s WHERE s.key = 'readers'`)
})
beforeEach(() => database.pool.query('DELETE FROM news; DELETE FROM scheduled_entries'))
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

async function told(): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(
    `SELECT count(DISTINCT customer_id) AS n FROM news WHERE kind = 'entry' AND detail ->> 'journey' = 'letter'`,
  )
  return rows[0]?.n ?? 0
}
const newsCount = async (): Promise<number> => (await database.pool.query('SELECT FROM news')).rows.length

function enterBetween(afterMs: number, untilMs: number): Promise<void> {
  const definitions = createDefinitionsCache(database)
  const clock = { nowMs: () => untilMs, realMsUntil: () => 0, speed: 1 }
  const needs = { database, clock, definitions: () => definitions.get(), onNews: () => undefined }
  return enterScheduled({ ...needs, log: pino({ level: 'silent' }) }, afterMs, untilMs)
}

test('a segment enters at the moment, and once, however many processes watch the clock', async () => {
  await enterBetween(fridayMs - hourMs, fridayMs - 1)
  expect(await told()).toBe(0)
  await Promise.all(Array.from({ length: 6 }, () => enterBetween(fridayMs - hourMs, fridayMs + hourMs)))
  await enterBetween(fridayMs - hourMs, fridayMs + 2 * hourMs)
  expect([await told(), await newsCount()]).toEqual([1_000, 1_000])
  await enterBetween(fridayMs + 2 * hourMs, fridayMs + 7 * dayMs)
  expect(await newsCount()).toBe(2_000)
})

test('a process that dies in the middle leaves the moment to the next one', async () => {
  const lock = await database.pool.connect()
  await lock.query('BEGIN; LOCK TABLE news IN ACCESS EXCLUSIVE MODE')
  const dying = enterBetween(fridayMs - hourMs, fridayMs)
  const { rows } = await untilBlocked()
  await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid])
  await expect(dying).rejects.toThrow(/terminat/i)
  await lock.query('ROLLBACK')
  lock.release()
  expect(await told()).toBe(0)
  await enterBetween(fridayMs - hourMs, fridayMs)
  expect([await told(), await newsCount()]).toEqual([1_000, 1_000])
})

async function untilBlocked(): Promise<{ rows: { pid: number }[] }> {
  for (;;) {
    const found = await database.pool.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%INSERT INTO news%' AND pid <> pg_backend_pid()`,
    )
    if (found.rows.length > 0) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('moments from before the journey was published do not count', async () => {
  await enterBetween(fridayMs - 8 * dayMs, mondayNoonMs)
  expect(await told()).toBe(0)
})

test('by hand: whom it concerns is counted first, and then told', async () => {
  await database.pool.query(`
    INSERT INTO journey_runs (id, customer_id, journey, version, entry_number, status, step_since, entered_at)
    SELECT gen_random_uuid(), id, 'letter', 'v', 1, CASE WHEN n <= 10 THEN 'active' ELSE 'completed' END, now(), now()
      FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM customers) AS c WHERE n <= 30`)
  expect(await previewSegmentEntry(database.pool, 'letter', 'readers')).toEqual({
    members: 1_000,
    inJourney: 10,
    beenInJourney: 20,
  })
  expect(await previewSegmentEntry(database.pool, 'letter', 'nobody-there')).toBeUndefined()
  expect(await enterSegment(database.pool, { journey: 'letter', segment: 'readers', atMs: fridayMs })).toBe(1_000)
  expect(await told()).toBe(1_000)
})
