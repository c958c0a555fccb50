/**
 * Events that are older than they are to be kept, dropped by partition. What was counted of them stays: `event_days`,
 * orders and their sums, categories, first and last sight, consent. What goes with them: their properties (so conditions
 * on properties, and sequences of events, see only what is kept), events that were set aside, and the memory of their
 * message ids.
 */

import { dayMs } from '../domain/time.ts'
import type { Database, Queryable } from './database.ts'
import { monthStartMs } from './event-parts.ts'

export interface Retention {
  readonly nowMs: number
  /** For how many days at least an event is kept after it was received. */
  readonly keepDays: number
}

/** A partition of which all events are old enough to go. */
export interface ExpiredPart {
  readonly part: string
  readonly events: number
  /** Not yet handled: while there are any, the partition stays. */
  readonly waiting: number
  /** Set aside, because they could not be used entirely. */
  readonly problems: number
}

/** What would go, with counts. Changes nothing. */
export async function findExpired(client: Queryable, retention: Retention): Promise<ExpiredPart[]> {
  const found: ExpiredPart[] = []
  for (const { part } of await expiredParts(client, retention)) {
    const { rows } = await client.query<Omit<ExpiredPart, 'part'>>(
      `SELECT count(*) AS events, count(*) FILTER (WHERE handled_at IS NULL) AS waiting,
              count(*) FILTER (WHERE problem IS NOT NULL) AS problems FROM event_parts.${part}`,
    )
    const [counts] = rows
    if (counts !== undefined) found.push({ part, ...counts })
  }
  return found
}

const turnLock = 7_236_013

/**
 * Drops what is old enough. Nobody waits for it: a partition is detached while others read and write, and nothing is left
 * to be cleaned up. Killed in the middle, the next call goes on.
 *
 * @returns the partitions that are gone; nothing if another process is at it.
 */
export async function dropExpired(database: Database, retention: Retention): Promise<string[]> {
  if ((await expiredParts(database.pool, retention)).length === 0) return []
  const connection = await database.pool.connect()
  const dropped: string[] = []
  try {
    // Of the session: detaching beside others cannot be done in a transaction.
    const { rows } = await connection.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [turnLock])
    if (rows[0]?.mine !== true) return []
    try {
      for (const expired of await expiredParts(connection, retention)) {
        if (await drop(connection, expired)) dropped.push(expired.part)
      }
    } finally {
      await connection.query('SELECT pg_advisory_unlock($1)', [turnLock])
    }
  } finally {
    connection.release()
  }
  return dropped
}

interface Part {
  readonly part: string
  readonly state: 'attached' | 'detaching' | 'detached'
}

async function drop(connection: Queryable, { part, state }: Part): Promise<boolean> {
  const { rows } = await connection.query<{ waiting: boolean }>(
    `SELECT EXISTS (SELECT FROM event_parts.${part} WHERE handled_at IS NULL) AS waiting`,
  )
  if (rows[0]?.waiting !== false) return false
  if (state === 'attached')
    await connection.query(`ALTER TABLE events DETACH PARTITION event_parts.${part} CONCURRENTLY`)
  if (state === 'detaching') await connection.query(`ALTER TABLE events DETACH PARTITION event_parts.${part} FINALIZE`)
  await connection.query(`DROP TABLE event_parts.${part}`)
  return true
}

/** `events_2026_11` holds November, `events_before_2026_11` everything before it. Only such names are ever dropped. */
const partName = /^events_(?<before>before_)?(?<year>[0-9]{4})_(?<month>[0-9]{2})$/

/** The oldest first. */
async function expiredParts(client: Queryable, { nowMs, keepDays }: Retention): Promise<Part[]> {
  const { rows } = await client.query<Part>(
    `SELECT c.relname AS part, CASE WHEN i.inhrelid IS NULL THEN 'detached' WHEN i.inhdetachpending THEN 'detaching'
                                    ELSE 'attached' END AS state
     FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
     WHERE c.relnamespace = 'event_parts'::regnamespace AND c.relkind = 'r' ORDER BY 1`,
  )
  const isExpired = ({ part }: Part): boolean => {
    const endMs = endOf(part)
    return endMs !== undefined && endMs <= nowMs - keepDays * dayMs
  }
  return rows.filter(isExpired).sort((a, b) => (endOf(a.part) ?? 0) - (endOf(b.part) ?? 0))
}

/** The moment before which everything in it was received. */
function endOf(part: string): number | undefined {
  const name = partName.exec(part)?.groups
  if (name === undefined) return undefined
  const month = Date.UTC(Number(name['year']), Number(name['month']) - 1)
  return name['before'] === undefined ? monthStartMs(month, 1) : month
}
