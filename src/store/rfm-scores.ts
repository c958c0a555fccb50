/**
 * RFM scores from 1 to 5, as conditions ask for them: how recently, on how many days and for how much somebody buys,
 * beside all other buyers. What parts the scores is worked out for all of them now and then (`makeRfmScale`), everybody is
 * scored by it page by page (`scoreRfmPage`), and whoever's orders change is scored anew at once (`scoreRfm`). Only scores
 * that change are written, and make somebody dirty.
 *
 * The same as `src/analytics/rfm.ts` on the same orders.
 */

import { v7 } from 'uuid'
import type { RfmWaits } from '../domain/interests.ts'
import { dayMs } from '../domain/time.ts'
import type { Database, Queryable } from './database.ts'
import { markDirty } from './dirty-customers.ts'
import { insertRfmNews } from './news.ts'

/** SQL: what is measured of the customers in `given (id)`, of days in UTC; nothing of who has bought nothing. */
const measured = (given: string): string => `
  SELECT c.id, ($1::timestamptz AT TIME ZONE 'UTC')::date - o.last AS recency, o.days AS frequency,
         c.revenue_cents - c.refunded_cents AS monetary
  FROM ${given} AS given (id)
  -- OFFSET 0: one look by id each, whatever old statistics say of how many have bought.
  JOIN LATERAL (
    SELECT id, revenue_cents, refunded_cents FROM customers
     WHERE id = given.id AND merged_into IS NULL AND order_count > 0 OFFSET 0
  ) AS c ON true
  JOIN LATERAL (
    SELECT max(day) AS last, count(DISTINCT day) AS days
    FROM (SELECT (ordered_at AT TIME ZONE 'UTC')::date AS day FROM orders
           WHERE customer_id = c.id AND cancelled_at IS NULL) AS each
  ) AS o ON o.days > 0`

/** SQL: how many of the thresholds lie below. */
const below = (measure: string): string =>
  [1, 2, 3, 4].map((i) => `(scale.${measure}[${i}] < m.${measure})::int`).join(' + ')

/**
 * Scores customers by the newest scale; they must be locked. Does nothing while there is none.
 *
 * @returns whose scores changed.
 */
export async function scoreRfm(client: Queryable, customerIds: readonly string[], nowMs: number): Promise<string[]> {
  if (customerIds.length === 0) return []
  const { rows } = await client.query<{ id: string }>({
    name: 'score-rfm',
    text: `
      WITH scale AS MATERIALIZED (
        SELECT * FROM rfm_scales ORDER BY made_at DESC LIMIT 1
      ), scored AS MATERIALIZED (
        SELECT m.id, kind, value, scale.id AS scale
        FROM scale CROSS JOIN LATERAL (${measured('unnest($2::uuid[])')}) AS m
        CROSS JOIN LATERAL (VALUES
          ('rfm_recency', 5 - (${below('recency')})),
          ('rfm_frequency', 1 + ${below('frequency')}),
          ('rfm_monetary', 1 + ${below('monetary')})) AS scores (kind, value)
      ), gone AS (
        DELETE FROM scores s USING scale
        WHERE s.customer_id = ANY ($2::uuid[]) AND s.kind IN ('rfm_recency', 'rfm_frequency', 'rfm_monetary')
          AND NOT EXISTS (SELECT FROM scored WHERE scored.id = s.customer_id)
        RETURNING s.customer_id AS id
      ), saved AS (
        INSERT INTO scores AS known (customer_id, kind, value, model_id, scored_at)
        SELECT id, kind, value, scale, $1 FROM scored ORDER BY id, kind
        ON CONFLICT (customer_id, kind) DO UPDATE
           SET value = excluded.value, model_id = excluded.model_id, scored_at = excluded.scored_at
         WHERE known.value <> excluded.value
        RETURNING customer_id AS id
      )
      SELECT id FROM saved UNION SELECT id FROM gone`,
    values: [new Date(nowMs), customerIds],
  })
  return rows.map(({ id }) => id)
}

/** How long a scale is good for: a day makes everybody's last purchase a day older. */
const goodForMs = dayMs
const scaleLock = 7_236_017

/** Makes a new scale where one is due. @returns whether one was made. */
export function makeRfmScale(database: Pick<Database, 'transaction'>, nowMs: number): Promise<boolean> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<{ free: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS free', [scaleLock])
    if (rows[0]?.free !== true || !(await isDue(client, nowMs))) return false
    // Right after an import statistics say that hardly anybody has bought: a nested loop would take hours.
    await client.query('SET LOCAL enable_nestloop = off')
    const { rowCount } = await client.query(
      `WITH day AS MATERIALIZED (
         SELECT customer_id, max(day) AS last, count(DISTINCT day) AS days
         FROM (SELECT customer_id, (ordered_at AT TIME ZONE 'UTC')::date AS day FROM orders
                WHERE cancelled_at IS NULL) AS each GROUP BY customer_id
       ), measured AS (
         SELECT ($1::timestamptz AT TIME ZONE 'UTC')::date - day.last AS recency, day.days AS frequency,
                c.revenue_cents - c.refunded_cents AS monetary
         FROM day JOIN customers c ON c.id = day.customer_id WHERE c.merged_into IS NULL AND c.order_count > 0
       )
       INSERT INTO rfm_scales (id, made_at, customers, recency, frequency, monetary)
       SELECT $2, $1, count(*), ${['recency', 'frequency', 'monetary'].map(quintiles).join(', ')} FROM measured
       HAVING count(*) > 0`,
      [new Date(nowMs), v7({ msecs: nowMs })],
    )
    return rowCount === 1
  })
}

const quintiles = (measure: string): string =>
  `percentile_cont(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY ${measure}::float8)`

/** None yet, a day old, or half of the buyers have come since; or a past was imported. */
async function isDue(client: Queryable, nowMs: number): Promise<boolean> {
  const { rows } = await client.query<{ due: boolean }>(
    `SELECT EXISTS (SELECT FROM customers WHERE order_count > 0) AND NOT EXISTS (
       SELECT FROM (SELECT * FROM rfm_scales ORDER BY made_at DESC LIMIT 1) AS scale
       WHERE made_at > $1
         AND NOT EXISTS (SELECT FROM imports WHERE finished_at > made_at)
         AND (SELECT count(*) FROM (SELECT FROM customers WHERE order_count > 0 AND merged_into IS NULL
                                     LIMIT 2 * scale.customers) AS buyers) < 2 * scale.customers) AS due`,
    [new Date(nowMs - goodForMs)],
  )
  return rows[0]?.due === true
}

const customersAtOnce = 1_000

export interface ScoredPage {
  readonly hasMore: boolean
  /** There is something that customers' workflows should look at. */
  readonly hasNews: boolean
}

/**
 * Scores the next page of customers by the newest scale, and tells those for whom something waits for it. Several processes
 * may call it: one page at a time is taken, and what a process that died had taken is taken again.
 */
export function scoreRfmPage(
  database: Pick<Database, 'transaction'>,
  nowMs: number,
  waits: RfmWaits,
  pageSize = customersAtOnce,
): Promise<ScoredPage> {
  return database.transaction(async (client) => {
    const { rows: scales } = await client.query<{ id: string; after: string | null }>(
      `SELECT id, scored_until AS after FROM rfm_scales
       WHERE id = (SELECT id FROM rfm_scales ORDER BY made_at DESC LIMIT 1) AND done_at IS NULL FOR UPDATE SKIP LOCKED`,
    )
    const [scale] = scales
    if (scale === undefined) return { hasMore: false, hasNews: false }
    const { rows } = await client.query<{ id: string }>(
      `SELECT id FROM customers WHERE order_count > 0 AND merged_into IS NULL AND ($1::uuid IS NULL OR id > $1)
       ORDER BY id LIMIT $2 FOR UPDATE`,
      [scale.after, pageSize],
    )
    const ids = rows.map(({ id }) => id)
    const changed = await scoreRfm(client, ids, nowMs)
    await markDirty(client, changed, 'score')
    const news = await insertRfmNews(client, changed, waits, nowMs)
    const isLast = ids.length < pageSize
    const last = isLast ? null : ids.at(-1)
    await client.query('UPDATE rfm_scales SET scored_until = $2, done_at = $3 WHERE id = $1', [
      scale.id,
      last,
      isLast ? new Date(nowMs) : null,
    ])
    return { hasMore: !isLast, hasNews: news > 0 }
  })
}
