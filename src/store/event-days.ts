/**
 * How often each customer did what on which UTC day. Counted in the transaction that handles the events, so that an event
 * counts once, and kept when the events themselves are gone.
 */

import { float8Array, int4Array, textArray, uuidArray } from './binary-arrays.ts'
import type { Queryable } from './database.ts'
import type { Merge } from './merge-records.ts'

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
      uuidArray(rows.map((row) => row.customerId)),
      textArray(rows.map((row) => row.name)),
      int4Array(rows.map((row) => row.day)),
      int4Array(rows.map((row) => row.count)),
      float8Array(rows.map((row) => row.firstMs)),
      float8Array(rows.map((row) => row.lastMs)),
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

/**
 * Takes the counters of who leaves again out of those of who had stayed, and gives them what else is theirs.
 *
 * @param joint everybody in whose counters theirs are contained.
 * @param later events that were counted for the last of them and are the leaving one's; `customer_id` says so already.
 */
export async function splitEventDays(
  client: Queryable,
  leaving: string,
  joint: readonly string[],
  later: readonly EventDay[],
): Promise<void> {
  await client.query(
    `UPDATE event_days d SET count = d.count - l.count FROM event_days l
     WHERE d.customer_id = ANY ($2::uuid[]) AND l.customer_id = $1 AND l.name = d.name AND l.day = d.day`,
    [leaving, joint],
  )
  await addToEventDays(
    client,
    later.map((row) => ({ ...row, customerId: leaving })),
  )
  const last = joint.at(-1)
  await client.query(
    `UPDATE event_days d SET count = d.count - l.count
     FROM unnest($2::text[], $3::int[], $4::int[]) AS l (name, day, count)
     WHERE d.customer_id = $1 AND l.name = d.name AND d.day = date '1970-01-01' + l.day`,
    [last, later.map(({ name }) => name), later.map(({ day }) => day), later.map(({ count }) => count)],
  )
  await client.query('DELETE FROM event_days WHERE customer_id = ANY ($1::uuid[]) AND count <= 0', [joint])
  // First and last of a day cannot be taken out again: they are looked up, where the events are still there.
  await client.query(
    `UPDATE event_days d SET first_at = seen.first, last_at = seen.last
     FROM (SELECT customer_id, ${eventKeySql} AS name, (occurred_at AT TIME ZONE 'UTC')::date AS day,
                  min(occurred_at) AS first, max(occurred_at) AS last, count(*) AS count
           FROM events WHERE customer_id IN ($1, $2) GROUP BY 1, 2, 3) AS seen
     WHERE d.customer_id = seen.customer_id AND d.name = seen.name AND d.day = seen.day AND d.count = seen.count
       AND EXISTS (SELECT FROM event_days l WHERE l.customer_id = $2 AND l.name = d.name AND l.day = d.day)`,
    [last, leaving],
  )
}

/** `eventKey`, as SQL. */
const eventKeySql = `CASE type WHEN 'track' THEN name ELSE type || ':' || coalesce(name, '') END`
