/**
 * News: what a customer's workflow should look at. A row is written in the transaction of what caused it, so that
 * nothing is lost while Temporal is away; a signal only says "look".
 */

import type { RfmWaits } from '../domain/interests.ts'
import type { Queryable } from './database.ts'

/**
 * One row of news to be.
 *
 * - `event`: something that journeys or the lifecycle wait for; `detail` is `{name}`, the properties are those of the
 *   event with that id.
 * - `arrived`: the first time that the shop can name or reach this customer.
 * - `contact`: an address, a consent or a suppression changed.
 * - `profile`: a trait changed, or an RFM score that something asks for.
 * - `segment`: the customer came into a segment or out of it; `detail` is `{segment, change}`.
 * - `score`: a score crossed a threshold; `detail` is `{score, crossed}`.
 * - `task`: a person finished a task; `detail` is `{taskId, outcome}`.
 * - `entry`: somebody puts the customer into a journey, or its schedule does; `detail` is `{journey, properties, by?}`,
 *   nothing personal.
 * - `journey`: a journey that the customer is in was changed; `detail` is `{journey}`.
 * - `merged`: this customer has become part of another one; `detail` is `{into}`. Its workflow has nothing to review.
 */
export interface NewNews {
  readonly customerId: string
  readonly kind:
    | 'event'
    | 'arrived'
    | 'contact'
    | 'profile'
    | 'score'
    | 'segment'
    | 'merged'
    | 'task'
    | 'entry'
    | 'journey'
  readonly eventId?: number
  /** When that event was received: says in which partition it is. */
  readonly eventReceivedMs?: number
  readonly detail?: Readonly<Record<string, unknown>>
  /** When it happened, in business time. */
  readonly atMs: number
}

/** Writes news in the order given, in one statement. */
export async function insertNews(client: Queryable, rows: readonly NewNews[]): Promise<void> {
  if (rows.length === 0) return
  await client.query({
    name: 'insert-news',
    text: `
      INSERT INTO news (customer_id, kind, event_id, event_received_at, detail, created_at)
      SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::timestamptz[], $5::jsonb[], $6::timestamptz[])`,
    values: [
      rows.map((row) => row.customerId),
      rows.map((row) => row.kind),
      rows.map((row) => row.eventId ?? null),
      rows.map((row) => (row.eventReceivedMs === undefined ? null : new Date(row.eventReceivedMs).toISOString())),
      rows.map((row) => JSON.stringify(row.detail ?? {})),
      rows.map((row) => new Date(row.atMs).toISOString()),
    ],
  })
}

/**
 * News that addresses, consent or a suppression changed. That starts nothing by itself, so only customers for whom
 * something is under way get it.
 * The customers must be locked, or a review that is just starting something could miss it.
 */
export async function insertContactNews(
  client: Queryable,
  customerIds: readonly string[],
  atMs: number,
): Promise<void> {
  if (customerIds.length === 0) return
  await client.query({
    name: 'insert-news-for-busy',
    text: `
      INSERT INTO news (customer_id, kind, created_at)
      SELECT given.id, 'contact', $2 FROM unnest($1::uuid[]) AS given (id)
      WHERE EXISTS (SELECT FROM journey_runs r WHERE r.customer_id = given.id AND r.status = 'active')
         OR EXISTS (SELECT FROM messages m WHERE m.customer_id = given.id AND m.settled_at IS NULL AND m.broadcast_id IS NULL)`,
    values: [customerIds, new Date(atMs)],
  })
}

/**
 * News that customers are more than they were: others became part of them, or came apart from them again. Only those get
 * it for whom that may mean something: who is under way, or whose orders tell their stage.
 */
export async function insertJoinedNews(client: Queryable, customerIds: readonly string[], atMs: number): Promise<void> {
  if (customerIds.length === 0) return
  await client.query({
    name: 'insert-joined-news',
    text: `
      INSERT INTO news (customer_id, kind, created_at)
      SELECT c.id, 'profile', $2 FROM customers c
      WHERE c.id = ANY ($1::uuid[]) AND (c.order_count > 0 OR c.due_at IS NOT NULL
         OR EXISTS (SELECT FROM journey_runs r WHERE r.customer_id = c.id AND r.status = 'active')
         OR EXISTS (SELECT FROM messages m WHERE m.customer_id = c.id AND m.settled_at IS NULL AND m.broadcast_id IS NULL))`,
    values: [customerIds, new Date(atMs)],
  })
}

/** News that an RFM score changed, of those for whom something asks about it. The customers must be locked. */
export async function insertRfmNews(
  client: Queryable,
  customerIds: readonly string[],
  { ofLifecycle, ofRuns }: RfmWaits,
  atMs: number,
): Promise<number> {
  if (customerIds.length === 0 || (!ofLifecycle && ofRuns.length === 0)) return 0
  const { rowCount } = await client.query({
    name: 'insert-rfm-news',
    text: `
      INSERT INTO news (customer_id, kind, created_at)
      SELECT given.id, 'profile', $2 FROM unnest($1::uuid[]) AS given (id)
      WHERE $3 OR EXISTS (
        SELECT FROM journey_runs r
          JOIN unnest($4::text[], $5::text[], $6::text[]) AS awaited (journey, version, step)
            ON r.journey = awaited.journey AND r.version = awaited.version AND r.step = coalesce(awaited.step, r.step)
         WHERE r.customer_id = given.id AND r.status = 'active')`,
    values: [
      customerIds,
      new Date(atMs),
      ofLifecycle,
      ofRuns.map(({ journey }) => journey),
      ofRuns.map(({ version }) => version),
      ofRuns.map(({ step }) => step),
    ],
  })
  return rowCount ?? 0
}

/** A customer whose workflow has not been told of some news. */
export interface Unnudged {
  readonly customerId: string
  readonly newsIds: readonly number[]
  /** Set: this customer is part of that one now. */
  readonly mergedInto: string | null
}

/** Whether there is news that no workflow has been told of: one probe of an index. */
export async function hasUnnudged(client: Queryable): Promise<boolean> {
  const { rows } = await client.query<{ unnudged: boolean }>({
    name: 'has-unnudged',
    text: 'SELECT EXISTS (SELECT FROM news WHERE nudged_at IS NULL AND consumed_at IS NULL) AS unnudged',
  })
  return rows[0]?.unnudged === true
}

/**
 * The customers with the oldest news that no workflow has been told of, each with all of it. Each is reserved for this transaction by an
 * advisory lock: other nudgers pass over them, and a review that consumes the news meanwhile is not held up.
 */
export async function claimUnnudged(client: Queryable, maxNews: number): Promise<Unnudged[]> {
  const { rows } = await client.query<Unnudged>({
    name: 'claim-unnudged',
    text: `
      WITH oldest AS MATERIALIZED (
        SELECT id, customer_id FROM news WHERE nudged_at IS NULL AND consumed_at IS NULL ORDER BY id LIMIT $1
      ), by_customer AS MATERIALIZED (
        SELECT n.customer_id, array_agg(n.id ORDER BY n.id) AS ids,
               max(CASE WHEN n.kind = 'merged' THEN n.detail ->> 'into' END) AS merged_into
        FROM (SELECT DISTINCT customer_id FROM oldest) AS told
        JOIN news n ON n.customer_id = told.customer_id AND n.nudged_at IS NULL AND n.consumed_at IS NULL
        GROUP BY n.customer_id ORDER BY min(n.id)
      )
      SELECT customer_id AS "customerId", ids AS "newsIds", merged_into AS "mergedInto"
      FROM by_customer WHERE pg_try_advisory_xact_lock(${nudgeLockClass}, hashtext(customer_id::text))`,
    values: [maxNews],
  })
  return rows
}

/** Keeps our advisory locks apart from everybody else's. */
const nudgeLockClass = 8_700_002

/** The workflows know. Rows that a review is consuming right now are left to it. */
export async function markNudged(client: Queryable, nudged: readonly Unnudged[], nowMs: number): Promise<void> {
  const ids = (some: readonly Unnudged[]): number[] => some.flatMap(({ newsIds }) => newsIds)
  const merged = nudged.filter(({ mergedInto }) => mergedInto !== null)
  await client.query({
    name: 'mark-nudged',
    text: `
      UPDATE news SET nudged_at = $3::timestamptz,
                      consumed_at = CASE WHEN id = ANY ($2::bigint[]) THEN $3::timestamptz END
      -- An array, not IN: statistics of a queue are always old, and by them any plan may look cheap.
      WHERE id = ANY (ARRAY(
        SELECT id FROM news WHERE id = ANY ($1::bigint[]) AND consumed_at IS NULL FOR UPDATE SKIP LOCKED))`,
    values: [ids(nudged), ids(merged), new Date(nowMs)],
  })
}

/** News of many customers that nobody has been told of. */
export interface UnnudgedCrowd {
  readonly customers: number
  readonly newsIds: readonly number[]
}

/** The oldest news that nobody has been told of, if it is of at least so many customers. That of merges stays apart. */
export async function findUnnudgedCrowd(
  client: Queryable,
  leastCustomers: number,
  maxNews: number,
): Promise<UnnudgedCrowd | undefined> {
  const { rows } = await client.query<{ customers: number; ids: number[] | null }>({
    name: 'unnudged-crowd',
    text: `
      WITH oldest AS MATERIALIZED (
        SELECT id, customer_id FROM news
         WHERE nudged_at IS NULL AND consumed_at IS NULL AND kind <> 'merged' ORDER BY id LIMIT $2
      ), counted AS MATERIALIZED (SELECT count(DISTINCT customer_id) AS customers FROM oldest)
      SELECT customers, CASE WHEN customers >= $1 THEN (SELECT array_agg(id) FROM oldest) END AS ids FROM counted`,
    values: [leastCustomers, maxNews],
  })
  const [found] = rows
  return found?.ids ? { customers: found.customers, newsIds: found.ids } : undefined
}

/** Somebody is looking at them. Rows that a review is consuming right now are left to it. */
export async function markNudgedCrowd(client: Queryable, newsIds: readonly number[], nowMs: number): Promise<void> {
  await client.query({
    name: 'mark-nudged-crowd',
    text: `
      UPDATE news SET nudged_at = $2 WHERE id = ANY (ARRAY( -- Not IN, as in 'mark-nudged'.
        SELECT id FROM news WHERE id = ANY ($1::bigint[]) AND consumed_at IS NULL FOR UPDATE SKIP LOCKED))`,
    values: [newsIds, new Date(nowMs)],
  })
}
