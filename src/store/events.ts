/**
 * Events: what customers did, exactly once per message id (`insert-events.ts`). Written before the sender is answered,
 * taken from there (`claim-events.ts`) and handled by intake.
 */

import { int8Array, textArray, uuidArray } from './binary-arrays.ts'
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

/** An event that waits for intake. */
export interface WaitingEvent {
  readonly id: number
  readonly messageId: string
  readonly type: EventType
  readonly name: string | null
  readonly userId: string | null
  readonly anonymousId: string | null
  readonly occurredAtMs: number
  /** Says in which partition it is. */
  readonly receivedAtMs: number
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

export interface HandledEvent {
  readonly id: number
  readonly receivedAtMs: number
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
  const received = events.map(({ receivedAtMs }) => receivedAtMs)
  await client.query({
    name: 'settle-events',
    text: `
      UPDATE events SET handled_at = $5, customer_id = given.customer_id, problem = given.problem,
                        sealed = CASE WHEN given.keep_sealed THEN events.sealed END
      FROM unnest($1::bigint[], $2::uuid[], $3::text[], $4::bool[]) AS given (id, customer_id, problem, keep_sealed)
      -- The bounds say which partitions to look at.
      WHERE events.id = given.id AND events.received_at >= $6 AND events.received_at <= $7`,
    values: [
      int8Array(events.map((event) => event.id)),
      uuidArray(events.map((event) => event.customerId)),
      textArray(events.map((event) => event.problem)),
      events.map((event) => event.keepSealed),
      new Date(nowMs),
      new Date(received.reduce((least, ms) => Math.min(least, ms))),
      new Date(received.reduce((most, ms) => Math.max(most, ms))),
    ],
  })
}
