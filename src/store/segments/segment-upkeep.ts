/** What keeps segments in order besides evaluating them: moments that are due, sizes, leftovers. */

import type { Queryable } from '../database.ts'

const sweepAtOnce = 5_000

/** Whether anybody's moment has come: one probe of an index. */
async function hasDue(client: Queryable, nowMs: number): Promise<boolean> {
  const { rows } = await client.query<{ due: boolean }>({
    name: 'has-due-segments',
    text: 'SELECT EXISTS (SELECT FROM segment_states WHERE flips_at <= $1) AS due',
    values: [new Date(nowMs)],
  })
  return rows[0]?.due === true
}

/**
 * Sends those whose moment has come to be evaluated, a page of them. Who is being evaluated right now is passed over:
 * their moment is about to be written anew.
 *
 * @returns how many.
 */
export async function sweepDue(client: Queryable, nowMs: number, limit = sweepAtOnce): Promise<number> {
  if (!(await hasDue(client, nowMs))) return 0
  const { rowCount } = await client.query({
    name: 'sweep-due-segments',
    text: `
      WITH due AS (
        SELECT customer_id FROM segment_states WHERE flips_at <= $1
         ORDER BY flips_at LIMIT $2 FOR UPDATE SKIP LOCKED
      ), taken AS (
        UPDATE segment_states s SET flips_at = NULL FROM due WHERE s.customer_id = due.customer_id
        RETURNING s.customer_id
      )
      INSERT INTO dirty_customers (customer_id, cause) SELECT customer_id, 'time' FROM taken`,
    values: [new Date(nowMs), limit],
  })
  return rowCount ?? 0
}

const clearedAtOnce = 50_000

/**
 * Deletes the rows of segments that have ended, in pages. Only for the builder.
 *
 * Each segment by itself, and its rows by their places: the statistics of tables that were just filled or emptied are old,
 * and by them a join of all members with all others may look cheap.
 */
export async function clearEnded(client: Queryable): Promise<void> {
  const { rows: segments } = await client.query<{ id: number }>(
    `SELECT s.id FROM segments s, LATERAL (SELECT FROM segment_members m WHERE m.segment_id = s.id LIMIT 1) AS one
      WHERE s.status = 'ended'`,
  )
  for (const { id } of segments) await clearInPages(client, 'segment_members', 'segment_id', id)
  const { rows: traits } = await client.query<{ key: string }>(
    `SELECT DISTINCT s.key FROM segments s, LATERAL (SELECT FROM computed_traits t WHERE t.name = s.key LIMIT 1) AS one
      WHERE s.kind = 'trait' AND s.status = 'ended'
        AND NOT EXISTS (SELECT FROM segments o WHERE o.kind = 'trait' AND o.key = s.key AND o.status <> 'ended')`,
  )
  for (const { key } of traits) await clearInPages(client, 'computed_traits', 'name', key)
}

async function clearInPages(
  client: Queryable,
  table: 'segment_members' | 'computed_traits',
  column: 'segment_id' | 'name',
  value: number | string,
): Promise<void> {
  for (let deleted = clearedAtOnce; deleted === clearedAtOnce; ) {
    const { rowCount } = await client.query(
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${column} = $1 LIMIT ${clearedAtOnce}))`,
      [value],
    )
    deleted = rowCount ?? 0
  }
}

/** Notes how many are in each live segment: one row an hour of the shop's time, and the last word of the hour counts. */
export async function noteSizes(client: Queryable, nowMs: number): Promise<void> {
  await client.query({
    name: 'note-segment-sizes',
    text: `
      INSERT INTO segment_sizes AS known (key, hour, size)
      SELECT key, date_trunc('hour', $1::timestamptz), size FROM segments WHERE kind = 'segment' AND status = 'live'
      ON CONFLICT (key, hour) DO UPDATE SET size = excluded.size WHERE known.size <> excluded.size`,
    values: [new Date(nowMs)],
  })
}
