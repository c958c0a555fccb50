/**
 * Events as lists show them, newest first. What is asked for is looked up by indexes or among the newest: however many
 * events there are, a page costs the same.
 */

import type { Queryable } from './database.ts'

export const eventStates = ['problem', 'waiting'] as const

export type EventState = (typeof eventStates)[number]

export interface ListedEvent {
  readonly id: number
  readonly messageId: string
  readonly type: string
  readonly name: string | null
  readonly userId: string | null
  readonly anonymousId: string | null
  readonly customerId: string | null
  readonly occurredAt: Date
  readonly receivedAt: Date
  /** Null while it waits. */
  readonly handledAt: Date | null
  readonly problem: string | null
  /** Without what is personal. */
  readonly properties: Readonly<Record<string, unknown>>
}

export interface EventQuery {
  /** Of a track event its name, of others their type: `Order Completed`, `identify`. */
  readonly name?: string | undefined
  readonly state?: EventState | undefined
  readonly limit: number
  /** The id at which the page before ended. */
  readonly before?: number | undefined
}

export interface EventPage {
  readonly events: readonly ListedEvent[]
  /** Where to look further; null: there is nothing older. */
  readonly next: number | null
}

export interface EventName {
  readonly name: string
  readonly count: number
  readonly problems: number
  readonly lastAt: Date
}

/** A name is looked for among so many events; a page may end there with fewer than it might hold. */
export const lookedAt = 20_000

const columns = `id, message_id AS "messageId", type, name, user_id AS "userId", anonymous_id AS "anonymousId",
  customer_id AS "customerId", occurred_at AS "occurredAt", received_at AS "receivedAt", handled_at AS "handledAt",
  problem, properties`

/** What people call an event: a page or screen has a name of its own as well. */
const called = `CASE WHEN type = 'track' THEN coalesce(name, 'track') ELSE type END`

const inState: Readonly<Record<EventState, string>> = {
  problem: 'problem IS NOT NULL',
  waiting: 'handled_at IS NULL',
}

export async function listEvents(client: Queryable, query: EventQuery): Promise<EventPage> {
  const { name, limit } = query
  const before = query.before ?? Number.MAX_SAFE_INTEGER
  const state = query.state === undefined ? '' : `AND ${inState[query.state]}`
  const newest = `SELECT * FROM events WHERE id < $1 ${state} ORDER BY id DESC LIMIT ${name === undefined ? '$3' : lookedAt}`
  const { rows } = await client.query<ListedEvent>(
    `SELECT ${columns} FROM (${newest}) newest
      WHERE $2::text IS NULL OR ${called} = $2 ORDER BY id DESC LIMIT $3`,
    [before, name ?? null, limit + 1],
  )
  if (rows.length > limit) return { events: rows.slice(0, limit), next: rows[limit - 1]?.id ?? null }
  if (name === undefined) return { events: rows, next: null }
  const { rows: last } = await client.query<{ id: number }>(
    `SELECT id FROM events WHERE id < $1 ${state} ORDER BY id DESC OFFSET ${lookedAt - 1} LIMIT 1`,
    [before],
  )
  return { events: rows, next: last[0]?.id ?? null }
}

/** What has been coming in lately: the names among the newest events, the most frequent first. */
export async function recentEventNames(client: Queryable, most: number): Promise<readonly EventName[]> {
  const { rows } = await client.query<EventName>(
    `SELECT ${called} AS name, count(*)::int AS count, count(problem)::int AS problems, max(received_at) AS "lastAt"
       FROM (SELECT type, name, problem, received_at FROM events ORDER BY id DESC LIMIT ${lookedAt}) newest
      GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT $1`,
    [most],
  )
  return rows
}
