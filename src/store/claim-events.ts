/**
 * Taking the events that wait, by several processes side by side. Whoever handles an event holds its customer until the
 * page is written, so two pages with customers in common would wait for each other, and neighbouring pages of a busy shop
 * always have some. Hence what waits is dealt out by customer: a page holds some shares of all customers, and takes their
 * events alone.
 */

import type { Queryable } from './database.ts'
import type { WaitingEvent } from './events.ts'

const waitingColumns = `
  id, message_id AS "messageId", type, name, user_id AS "userId", anonymous_id AS "anonymousId",
  (extract(epoch FROM occurred_at) * 1000)::float8 AS "occurredAtMs",
  (extract(epoch FROM received_at) * 1000)::float8 AS "receivedAtMs", properties, context, sealed`

/** Of so many shares a customer has one. */
const shares = 64

/** So many pages can be at work side by side without waiting for each other. A page looks at as many pages of events. */
const sideBySide = 8

/** The first of two keys, which keeps our advisory locks apart from everybody else's. */
const shareLockClass = 7_236_024

/**
 * Events that wait and that no other process holds, the oldest first, in the order in which they came. They are this
 * transaction's until it ends, and so are all of these customers' events; if it fails they wait again.
 *
 * Where little waits it is taken as a whole, and whoever comes second finds nothing. Whose an event is, is told here by its
 * ids alone, without asking for the customer: a browser goes with the user who waits beside it. Two names of one customer
 * may so be in two shares; whoever handles the page finds out.
 */
export async function claimEvents(client: Queryable, limit: number): Promise<WaitingEvent[]> {
  const { rows } = await client.query<WaitingEvent>({
    name: 'claim-events',
    text: `
      WITH waiting AS MATERIALIZED (
        -- No joins here: statistics of a queue are always old, and by them a join of everything with everything looks cheap.
        SELECT id, hashtext(coalesce(user_id, min(user_id) OVER (PARTITION BY anonymous_id), anonymous_id, ''))
                   & ${shares - 1} AS share
          FROM (SELECT id, user_id, anonymous_id FROM events WHERE handled_at IS NULL
                 ORDER BY id LIMIT $1 * ${sideBySide}) AS oldest
      ), held AS MATERIALIZED (
        -- Tried one after the other, the one with the oldest event first, until they hold about a page.
        -- OFFSET keeps the trying out of the grouping, where it would be done for all of them.
        SELECT share FROM (SELECT share FROM waiting GROUP BY share ORDER BY min(id) OFFSET 0) AS oldest
         WHERE pg_try_advisory_xact_lock(${shareLockClass}, share)
         LIMIT (SELECT ceil(count(DISTINCT share) * $1::numeric / greatest($1, count(*))) FROM waiting)
      )
      SELECT ${waitingColumns} FROM events
       WHERE id = ANY (ARRAY(
         SELECT id FROM waiting WHERE share = ANY (ARRAY(SELECT share FROM held)) ORDER BY id LIMIT $1))
         -- Whoever held the share a moment ago may have handled them.
         AND handled_at IS NULL
       ORDER BY id FOR UPDATE SKIP LOCKED`,
    values: [limit],
  })
  return rows
}

/** Given events: those of them that still wait and that no other process holds. */
export async function claimEventsById(client: Queryable, ids: readonly number[]): Promise<WaitingEvent[]> {
  const { rows } = await client.query<WaitingEvent>(
    `SELECT ${waitingColumns} FROM events
     WHERE id = ANY($1::bigint[]) AND handled_at IS NULL ORDER BY id FOR UPDATE SKIP LOCKED`,
    [ids],
  )
  return rows
}
