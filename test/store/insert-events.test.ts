/** The same message id counts once, also across the turn of a month and thus across partitions. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/domain/time.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { ensureEventParts } from '../../src/store/event-parts.ts'
import type { NewEvent } from '../../src/store/events.ts'
import { insertEvents } from '../../src/store/insert-events.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let testDatabase: TestDatabase
let database: Database
beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
})
beforeEach(() => database.pool.query('DELETE FROM events'))
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

const turnMs = Date.UTC(2025, 10, 1)

function event(messageId: string, receivedAtMs: number, occurredAtMs = receivedAtMs): NewEvent {
  return {
    messageId,
    type: 'track',
    name: 'Seen',
    userId: 'u1',
    anonymousId: null,
    occurredAtMs,
    receivedAtMs,
    properties: '{}',
    context: null,
    sealed: null,
  }
}

async function insert(...events: NewEvent[]): Promise<string[]> {
  return [...(await insertEvents(database.pool, events))]
}

async function partsOf(messageId: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ part: string }>(
    `SELECT tableoid::regclass::text AS part FROM events WHERE message_id = $1`,
    [messageId],
  )
  return rows.map((row) => row.part)
}

describe('a partition', () => {
  test('is made when the first event of its month arrives, also on many connections at once', async () => {
    const months = Array.from({ length: 6 }, (_, month) => Date.UTC(2024, month, 15))
    const events = months.flatMap((ms) => [event(`a${ms}`, ms), event(`b${ms}`, ms)])
    const inserted = await Promise.all(events.map((one) => insert(one)))
    expect(inserted.flat()).toHaveLength(12)
    expect(await partsOf(`a${months[5]}`)).toEqual(['event_parts.events_2024_06'])
  })

  test('can be made ahead, again and again', async () => {
    await ensureEventParts(database.pool, Date.UTC(2031, 10, 30), Date.UTC(2032, 1, 1))
    await ensureEventParts(database.pool, Date.UTC(2031, 11, 30), Date.UTC(2032, 0, 1))
    const { rows } = await database.pool.query<{ part: string }>(
      `SELECT inhrelid::regclass::text AS part FROM pg_inherits
       WHERE inhparent = 'events'::regclass AND inhrelid::regclass::text LIKE '%_203%' ORDER BY 1`,
    )
    expect(rows.map((row) => row.part)).toEqual(
      ['2031_11', '2031_12', '2032_01', '2032_02'].map((month) => `event_parts.events_${month}`),
    )
  })
})

describe('the same message id in the next month', () => {
  const before = turnMs - 2 * dayMs

  test.each([
    { what: 'with the moment when it happened', occurred: before - hourMs, again: turnMs + 10 * dayMs },
    { what: 'years later', occurred: before - hourMs, again: Date.UTC(2027, 3, 3) },
    { what: 'right after the turn', occurred: turnMs - secondMs, again: turnMs + secondMs },
    { what: 'from a clock that is ahead', occurred: turnMs + 20 * hourMs, again: turnMs + 5 * dayMs },
  ])('is known: $what', async ({ occurred, again }) => {
    expect(await insert(event('m1', before, Math.min(occurred, before)))).toEqual(['m1'])
    expect(await insert(event('m1', again, occurred), event('m2', again, occurred))).toEqual(['m2'])
    expect(await partsOf('m1')).toEqual(['event_parts.events_2025_10'])
  })

  test('is known also where nobody told when it happened', async () => {
    expect(await insert(event('m1', before))).toEqual(['m1'])
    expect(await insert(event('m1', turnMs + 9 * dayMs))).toEqual([])
  })

  test('is known within one call', async () => {
    const call = [event('m1', turnMs + 1), event('m2', turnMs), event('m1', turnMs - 1), event('m2', turnMs + 1)]
    expect((await insert(...call)).sort()).toEqual(['m1', 'm2'])
    expect(await partsOf('m1')).toEqual(['event_parts.events_2025_10'])
    expect(await partsOf('m2')).toEqual(['event_parts.events_2025_11'])
  })

  test('is known in the old month too, where its copy was quicker and is in the new one', async () => {
    expect(await insert(event('m1', turnMs + 5, turnMs - minuteMs))).toEqual(['m1'])
    expect(await insert(event('m1', turnMs - 5, turnMs - minuteMs))).toEqual([])
  })

  test('is known when both are on their way at once', async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `m${index}`)
    const sides = [turnMs - 5, turnMs + 5, turnMs - 1, turnMs + 1, turnMs - minuteMs + 1, turnMs + minuteMs - 1]
    const inserted = await Promise.all(sides.map((ms) => insert(...ids.map((id) => event(id, ms, turnMs - minuteMs)))))
    expect(inserted.flat().sort()).toEqual([...ids].sort())
    const { rows } = await database.pool.query('SELECT message_id FROM events')
    expect(rows).toHaveLength(ids.length)
  })
})

test('inside a transaction that somebody else began, a missing partition is their error, and theirs to make', async () => {
  const inTransaction = (ms: number): Promise<unknown> =>
    database.transaction((client) => insertEvents(client, [event(`m${ms}`, ms)]))
  const far = Date.UTC(2040, 5, 15)
  await expect(inTransaction(far)).rejects.toThrow(/partition/)
  await ensureEventParts(database.pool, far)
  await inTransaction(far)
  expect(await partsOf(`m${far}`)).toEqual(['event_parts.events_2040_06'])
})
