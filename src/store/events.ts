/** Events: what customers did, exactly once per message id. Written before the sender is answered, handled by intake. */

import { byteaArray, float8Array, jsonbArray, textArray } from './binary-arrays.ts'
import type { Queryable } from './database.ts'

export type EventType = 'identify' | 'track' | 'page' | 'screen' | 'alias' | 'group'

/** An event on its way into the table. Nothing in it but `sealed` is personal. */
export interface NewEvent {
  readonly messageId: string
  readonly type: EventType
  /** Of a track event its name, of a page or screen the name of that. */
  readonly name: string | null
  readonly userId: string | null
  readonly anonymousId: string | null
  readonly occurredAtMs: number
  readonly receivedAtMs: number
  /** JSON: the properties; of an identify the traits. */
  readonly properties: string
  /** JSON. */
  readonly context: string | null
  /** What `vault.sealForIntake` made of a `SealedPart`, or null if nothing is personal. */
  readonly sealed: Buffer | null
}

/** The personal part of an event, by path: `{traits: {email: …}}`. Sealed while it waits, gone once it is handled. */
export interface SealedPart {
  /** Of the person: from an identify, or from `context.traits`. */
  readonly traits?: Readonly<Record<string, unknown>>
  /** From the properties: of whom they speak depends on the event. */
  readonly properties?: Readonly<Record<string, unknown>>
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
      ON CONFLICT (message_id) DO NOTHING
      RETURNING message_id
    ), counted AS (
      INSERT INTO event_counts (slot, accepted)
      SELECT pg_backend_pid() % 64, count(*) FROM inserted HAVING count(*) > 0
      ON CONFLICT (slot) DO UPDATE SET accepted = event_counts.accepted + excluded.accepted
    )
    SELECT message_id FROM inserted`,
}

/** @returns the message ids that were new. Those that were known, or appear a second time in `events`, change nothing. */
export async function insertEvents(client: Queryable, events: readonly NewEvent[]): Promise<Set<string>> {
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

/** An event that waits for intake. */
export interface WaitingEvent {
  readonly id: number
  readonly messageId: string
  readonly type: EventType
  readonly name: string | null
  readonly userId: string | null
  readonly anonymousId: string | null
  readonly occurredAtMs: number
  readonly properties: Readonly<Record<string, unknown>>
  readonly context: Readonly<Record<string, unknown>> | null
  readonly sealed: Buffer | null
}

/** Whether any event waits: one probe of an index. Those that another process holds count as well. */
export async function hasWaitingEvents(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ waiting: boolean }>({
    name: 'has-waiting-events',
    text: 'SELECT EXISTS (SELECT FROM events WHERE handled_at IS NULL) AS waiting',
  })
  return rows[0]?.waiting === true
}

const waitingColumns = `
  id, message_id AS "messageId", type, name, user_id AS "userId", anonymous_id AS "anonymousId",
  (extract(epoch FROM occurred_at) * 1000)::float8 AS "occurredAtMs", properties, context, sealed`

/**
 * The oldest events that wait and that no other process holds, in the order in which they came. They are this
 * transaction's until it ends; if it fails they wait again.
 */
export async function claimEvents(client: Queryable, limit: number): Promise<WaitingEvent[]> {
  const { rows } = await client.query<WaitingEvent>({
    name: 'claim-events',
    text: `SELECT ${waitingColumns} FROM events WHERE handled_at IS NULL ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
    values: [limit],
  })
  return rows
}

/** The same for given events: those of them that still wait and that no other process holds. */
export async function claimEventsById(client: Queryable, ids: readonly number[]): Promise<WaitingEvent[]> {
  const { rows } = await client.query<WaitingEvent>(
    `SELECT ${waitingColumns} FROM events
     WHERE id = ANY($1::bigint[]) AND handled_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED`,
    [ids],
  )
  return rows
}

export interface HandledEvent {
  readonly id: number
  /** Null where nobody could be told. */
  readonly customerId: string | null
  /** Why it could not be used, or not all of it. No personal values. */
  readonly problem: string | null
  /** Its personal part could not be used, and must not be lost. */
  readonly keepSealed: boolean
}

/** Marks events as handled and lets go of their personal part. */
export async function settleEvents(client: Queryable, events: readonly HandledEvent[], nowMs: number): Promise<void> {
  if (events.length === 0) return
  await client.query({
    name: 'settle-events',
    text: `
      UPDATE events SET handled_at = $5, customer_id = given.customer_id, problem = given.problem,
                        sealed = CASE WHEN given.keep_sealed THEN events.sealed END
      FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::bool[]) AS given (id, customer_id, problem, keep_sealed)
      WHERE events.id = given.id`,
    values: [
      events.map((event) => event.id),
      events.map((event) => event.customerId),
      events.map((event) => event.problem),
      events.map((event) => event.keepSealed),
      new Date(nowMs),
    ],
  })
}
