/**
 * How often each customer did what on which UTC day. Counted in the transaction that handles the events, so that an event
 * counts once, and kept when the events themselves are gone.
 */

import type { Queryable } from './database.ts'
import type { Merge } from './merges.ts'

/** Events of one customer under one key on one day. */
export interface EventDay {
  readonly customerId: string
  /** As `eventKey` makes it. */
  readonly name: string
  /** Whole days since 1970-01-01, UTC. */
  readonly day: number
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
}

/** Adds to the counters. At most one row per customer, key and day; the customers must be locked or new. */
export async function addToEventDays(client: Queryable, rows: readonly EventDay[]): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'add-to-event-days',
    text: `
      INSERT INTO event_days AS d (customer_id, name, day, count, first_at, last_at)
      SELECT customer_id, name, date '1970-01-01' + day, count, to_timestamp(first_ms / 1000), to_timestamp(last_ms / 1000)
      FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[], $5::float8[], $6::float8[])
        AS given (customer_id, name, day, count, first_ms, last_ms)
      ${addOnConflict}`,
    values: [
      rows.map((row) => row.customerId),
      rows.map((row) => row.name),
      rows.map((row) => row.day),
      rows.map((row) => row.count),
      rows.map((row) => row.firstMs),
      rows.map((row) => row.lastMs),
    ],
  })
}

const addOnConflict = `
      ON CONFLICT (customer_id, name, day) DO UPDATE SET
        count = d.count + excluded.count, first_at = least(d.first_at, excluded.first_at),
        last_at = greatest(d.last_at, excluded.last_at)`

/**
 * Adds the counters of those who leave to those who stay. The rows of who leaves stay as they are: nobody reads them
 * while the two are one, and should the two be told apart again, they say what to take out.
 */
export async function joinEventDays(client: Queryable, merges: readonly Merge[]): Promise<void> {
  if (merges.length === 0) return
  await client.query({
    name: 'join-event-days',
    text: `
      INSERT INTO event_days AS d (customer_id, name, day, count, first_at, last_at)
      SELECT merge.staying, name, day, sum(count), min(first_at), max(last_at)
      FROM unnest($1::uuid[], $2::uuid[]) AS merge (leaving, staying) JOIN event_days l ON l.customer_id = merge.leaving
      GROUP BY merge.staying, name, day
      ${addOnConflict}`,
    values: [merges.map(({ from }) => from), merges.map(({ into }) => into)],
  })
}
