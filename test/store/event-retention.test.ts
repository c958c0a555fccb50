/** Old events go by partition; what was counted of them stays. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'
import { dayMs } from '../../src/domain/time.ts'
import { ensureEventParts } from '../../src/store/event-parts.ts'
import { dropExpired, findExpired } from '../../src/store/event-retention.ts'
import { openShop, type Shop } from '../intake/support/shop.ts'

let shop: Shop
beforeAll(async () => {
  shop = await openShop()
})
afterAll(() => shop.close())

const keepDays = 400
const nowMs = Date.UTC(2026, 5, 10)

async function seen(receivedAtMs: number): Promise<void> {
  shop.time.nowMs = receivedAtMs
  const timestamp = new Date(receivedAtMs - dayMs).toISOString()
  await shop.take([
    { type: 'track', event: 'Seen', properties: {}, userId: 'u1', messageId: `m${receivedAtMs}`, timestamp },
  ])
}

function events(): Promise<{ n: number }[]> {
  return shop.rows<{ n: number }>('SELECT count(*)::int AS n FROM events')
}

async function withReader<T>(work: () => Promise<T>): Promise<T> {
  const reader = await shop.database.pool.connect()
  try {
    await reader.query('BEGIN')
    await reader.query('SELECT count(*) FROM event_counts')
    return await work()
  } finally {
    await reader.query('ROLLBACK')
    reader.release()
  }
}

test('months whose last event is old enough go, and the counters stay', async () => {
  await seen(Date.UTC(2025, 2, 3))
  await seen(Date.UTC(2025, 3, 30))
  await seen(Date.UTC(2025, 4, 1))
  await shop.handle()
  await seen(Date.UTC(2025, 1, 2)) // Waits.
  // The last of April is 406 days old on June 10, the last of May 375.
  expect(await findExpired(shop.database.pool, { nowMs, keepDays })).toEqual([
    { part: 'events_2025_02', events: 1, waiting: 1, problems: 0 },
    { part: 'events_2025_03', events: 1, waiting: 0, problems: 0 },
    { part: 'events_2025_04', events: 1, waiting: 0, problems: 0 },
  ])
  expect(await findExpired(shop.database.pool, { nowMs: nowMs - 7 * dayMs, keepDays })).toHaveLength(2)

  const dropped = await withReader(() => dropExpired(shop.database, { nowMs, keepDays }))
  expect(dropped).toEqual(['events_2025_03', 'events_2025_04'])
  expect(await events()).toEqual([{ n: 2 }])
  await shop.handle()
  expect(await dropExpired(shop.database, { nowMs, keepDays })).toEqual(['events_2025_02'])
  expect(await dropExpired(shop.database, { nowMs, keepDays })).toEqual([])
  expect(await shop.rows('SELECT sum(count)::int AS n FROM event_days')).toEqual([{ n: 4 }])
})

test('killed between two steps, the next call goes on', async () => {
  for (const month of [0, 1]) await ensureEventParts(shop.database.pool, Date.UTC(2020, month))
  // As it stands after the first step: no longer part of the table, but there.
  await shop.rows('ALTER TABLE events DETACH PARTITION event_parts.events_2020_01')
  expect(await dropExpired(shop.database, { nowMs, keepDays })).toEqual(['events_2020_01', 'events_2020_02'])
})

test('what is not a month of events is left alone', async () => {
  await shop.rows('CREATE TABLE event_parts.notes (handled_at timestamptz)')
  expect(await dropExpired(shop.database, { nowMs: Date.UTC(3000, 0), keepDays: 99_999 })).not.toContain('notes')
  expect(await shop.rows('SELECT FROM event_parts.notes')).toEqual([])
})

test('the command shows what would go, and takes it away', async () => {
  await ensureEventParts(shop.database.pool, Date.UTC(2019, 5))
  const before = { ...process.env }
  const written: string[] = []
  const write = process.stdout.write.bind(process.stdout)
  process.env['DATABASE_URL'] = shop.url
  process.stdout.write = (text) => written.push(String(text)) > 0
  try {
    await buildProgram().parseAsync(['retention', '--dry-run', '--json'], { from: 'user' })
    expect(await shop.rows(`SELECT to_regclass('event_parts.events_2019_06') IS NOT NULL AS there`)).toEqual([
      { there: true },
    ])
    await buildProgram().parseAsync(['retention'], { from: 'user' })
    expect(await shop.rows(`SELECT to_regclass('event_parts.events_2019_06') IS NOT NULL AS there`)).toEqual([
      { there: false },
    ])
  } finally {
    process.stdout.write = write
    process.env = before
  }
  expect(JSON.parse(written[0] ?? '')).toMatchObject({
    keepDays,
    expired: [{ part: 'events_2019_06', events: 0 }],
    dropped: [],
  })
  expect(written[1]).toMatch(/events_2019_06 .* dropped/)
})
