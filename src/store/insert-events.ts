/**
 * Adds events, each exactly once per message id. Within a month a unique index sees to that. Across months it cannot, so
 * what may have been received in an earlier month is looked up there first; an event that tells of a moment well inside
 * the current month cannot, and pays nothing. What retention has dropped is not remembered.
 */

import pg from 'pg'
import { dayMs, minuteMs } from '../domain/time.ts'
import { byteaArray, float8Array, jsonbArray, textArray } from './binary-arrays.ts'
import type { Queryable } from './database.ts'
import { ensureEventParts, lacksEventPart, monthStartMs } from './event-parts.ts'
import type { NewEvent } from './events.ts'

/** @returns the message ids that were new. Those that were known, or appear a second time in `events`, change nothing. */
export async function insertEvents(client: Queryable, events: readonly NewEvent[]): Promise<Set<string>> {
  if (events.length === 0) return new Set()
  const months = Map.groupBy(events, ({ receivedAtMs }) => monthStartMs(receivedAtMs))
  const inserted = new Set<string>()
  for (const [startMs, ofMonth] of [...months].sort(([one], [other]) => one - other)) {
    for (const id of await insertMonth(client, startMs, ofMonth)) inserted.add(id)
  }
  return inserted
}

async function insertMonth(client: Queryable, startMs: number, events: readonly NewEvent[]): Promise<Set<string>> {
  const isTurn = events.some(({ receivedAtMs }) => isNearTurn(receivedAtMs, startMs))
  const insert = (): Promise<Set<string>> =>
    isTurn
      ? oneAtATime(client, (connection) => insertUnknown(connection, startMs, events, true))
      : insertUnknown(client, startMs, events, false)
  try {
    return await insert()
  } catch (error) {
    // Inside a transaction of the caller there is nothing more to be done.
    if (!lacksEventPart(error) || !(client instanceof pg.Pool)) throw error
    await ensureEventParts(client, startMs)
    return insert()
  }
}

/** Clocks of processes may differ by this much, and an insert may take as long. */
const turnMs = minuteMs

function isNearTurn(receivedAtMs: number, startMs: number): boolean {
  return receivedAtMs < startMs + turnMs || receivedAtMs >= monthStartMs(startMs, 1) - turnMs
}

const turnLock = 7_236_011

/**
 * Around the turn of a month the same event may be on its way into both months at once, where neither insert would see
 * the other. For these two minutes inserts go one after the other.
 */
async function oneAtATime<T>(client: Queryable, work: (connection: Queryable) => Promise<T>): Promise<T> {
  if (!(client instanceof pg.Pool)) {
    await client.query('SELECT pg_advisory_xact_lock($1)', [turnLock])
    return work(client)
  }
  const connection = await client.connect()
  let broken: Error | undefined
  try {
    await connection.query('BEGIN')
    const result = await oneAtATime(connection, work)
    await connection.query('COMMIT')
    return result
  } catch (error) {
    await connection.query('ROLLBACK').catch((rollbackError: Error) => (broken = rollbackError))
    throw error
  } finally {
    connection.release(broken)
  }
}

async function insertUnknown(
  client: Queryable,
  startMs: number,
  events: readonly NewEvent[],
  isTurn: boolean,
): Promise<Set<string>> {
  // At the turn, the copy of an event of the old month may have been quicker, and be in the new one already.
  const candidates = isTurn ? events : events.filter((event) => mayBeKnown(event, startMs))
  const known = await findInOtherMonths(client, startMs, isTurn ? monthStartMs(startMs, 2) : startMs, candidates)
  return insertRows(client, known.size === 0 ? events : events.filter(({ messageId }) => !known.has(messageId)))
}

/**
 * Nothing is received before it happened, so what happened in this month was not received in an earlier one. A day is left
 * for senders whose clocks are ahead; and who tells no moment of their own may have sent it at any time.
 */
function mayBeKnown({ occurredAtMs, receivedAtMs }: NewEvent, startMs: number): boolean {
  return occurredAtMs < startMs + dayMs || occurredAtMs === receivedAtMs
}

/** @param untilMs looks up to there; in the month itself the unique index sees to it anyway. */
async function findInOtherMonths(
  client: Queryable,
  startMs: number,
  untilMs: number,
  events: readonly NewEvent[],
): Promise<Set<string>> {
  if (events.length === 0) return new Set()
  const earliest = events.reduce((least, { occurredAtMs }) => Math.min(least, occurredAtMs), startMs)
  const { rows } = await client.query<{ message_id: string }>({
    name: 'find-earlier-events',
    text: 'SELECT message_id FROM events WHERE message_id = ANY ($1::text[]) AND received_at >= $2 AND received_at < $3',
    // The month before is looked at in any case, for those who tell no moment.
    values: [events.map(({ messageId }) => messageId), new Date(monthStartMs(earliest, -1)), new Date(untilMs)],
  })
  return new Set(rows.map((row) => row.message_id))
}

const insertStatement = {
  name: 'insert-events',
  // Counted last and by connection: whoever waits for a slot holds all that it needs, and hardly anybody waits.
  text: `
    WITH inserted AS (
      INSERT INTO events (message_id, type, name, user_id, anonymous_id, occurred_at, received_at, properties, context, sealed)
      SELECT message_id, type, name, user_id, anonymous_id, to_timestamp(occurred_ms / 1000), to_timestamp(received_ms / 1000),
             properties, context, sealed
      FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::float8[], $7::float8[], $8::jsonb[],
                  $9::jsonb[], $10::bytea[])
        AS given (message_id, type, name, user_id, anonymous_id, occurred_ms, received_ms, properties, context, sealed)
      ON CONFLICT DO NOTHING
      RETURNING message_id
    ), counted AS (
      INSERT INTO event_counts (slot, accepted)
      SELECT pg_backend_pid() % 64, count(*) FROM inserted HAVING count(*) > 0
      ON CONFLICT (slot) DO UPDATE SET accepted = event_counts.accepted + excluded.accepted
    )
    SELECT message_id FROM inserted`,
}

async function insertRows(client: Queryable, events: readonly NewEvent[]): Promise<Set<string>> {
  if (events.length === 0) return new Set()
  const { rows } = await client.query<{ message_id: string }>({
    ...insertStatement,
    values: [
      textArray(events.map((event) => event.messageId)),
      textArray(events.map((event) => event.type)),
      textArray(events.map((event) => event.name)),
      textArray(events.map((event) => event.userId)),
      textArray(events.map((event) => event.anonymousId)),
      float8Array(events.map((event) => event.occurredAtMs)),
      float8Array(events.map((event) => event.receivedAtMs)),
      jsonbArray(events.map((event) => event.properties)),
      jsonbArray(events.map((event) => event.context)),
      byteaArray(events.map((event) => event.sealed)),
    ],
  })
  return new Set(rows.map((row) => row.message_id))
}
