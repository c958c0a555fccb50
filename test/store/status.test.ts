/** What the installation was given, in numbers that stay exact however it came in. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/store/database.ts'
import type { NewEvent } from '../../src/store/events.ts'
import { insertEvents } from '../../src/store/insert-events.ts'
import { readStatus } from '../../src/store/status.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url, { maxConnections: 8 })
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

const accepted = async (): Promise<number> => (await readStatus(database.pool)).events.accepted

function event(number: number): NewEvent {
  return {
    messageId: `m${number}`,
    type: 'track',
    name: 'Seen',
    userId: 'u1',
    anonymousId: null,
    occurredAtMs: 1_000,
    receivedAtMs: 1_000,
    properties: '{}',
    context: null,
    sealed: null,
  }
}

test('events count once per message id, also when the same ones come on many connections at once', async () => {
  expect(await accepted()).toBe(0)
  // Forty pages that overlap by half: m0 … m204. In one order, so that no two wait for each other in a circle.
  const pages = Array.from({ length: 40 }, (_, page) => Array.from({ length: 10 }, (_, i) => event(page * 5 + i)))
  const inserted = await Promise.all(pages.map((page) => insertEvents(database.pool, page)))
  expect(inserted.reduce((sum, { size }) => sum + size, 0)).toBe(205)
  expect(await accepted()).toBe(205)
  await insertEvents(database.pool, pages.flat())
  expect(await accepted()).toBe(205)
})

test('an insert that is rolled back counts nothing', async () => {
  const before = await accepted()
  const failing = database.transaction(async (client) => {
    await insertEvents(client, [event(-1)])
    throw new Error('on purpose')
  })
  await expect(failing).rejects.toThrow('on purpose')
  expect(await accepted()).toBe(before)
})

test('what was accepted stays counted when the events themselves are gone, and counting reads none of them', async () => {
  const before = await accepted()
  await database.pool.query('ALTER TABLE events RENAME TO events_before')
  await database.pool.query('CREATE TABLE events (LIKE events_before)')
  expect(await accepted()).toBe(before)
  await database.pool.query('DROP TABLE events')
  await database.pool.query('ALTER TABLE events_before RENAME TO events')
})
