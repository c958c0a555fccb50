/**
 * The moments at which time alone changes something, of segments and traits that were just built: the earliest of each
 * customer goes into `segment_states`.
 *
 * They are gathered for many segments at once in a table of this connection alone, which costs no log and is not read by
 * anybody, and merged in pages in the order of ids, so that evaluation never waits long. A process that dies in between
 * leaves segments that lack their moments, and the next one gathers them anew. A moment that is merged twice, or is not
 * needed any more, costs one look.
 */

import type { Queryable } from '../database.ts'
import { compileSegment } from '../segment-sql/compile-segment.ts'
import { SqlParams } from '../segment-sql/sql-params.ts'
import { inTransaction } from './in-transaction.ts'
import { type CatalogEntry, readCatalog } from './segment-catalog.ts'

export interface MomentProgress {
  readonly moments: number
  readonly of: number
}

type LiveSegment = CatalogEntry & { readonly kind: 'segment' }

/** So many that customers are grouped seldom, so few that planning them takes no time. */
const segmentsAtOnce = 25
const momentsAtOnce = 20_000

/** A million customers are grouped in memory. */
const workMemory = '192MB'

/** Of all that count and lack their moments, also of those that a process left so which died. Only for the builder. */
export async function writeMoments(
  client: Queryable,
  onProgress: (progress: MomentProgress) => void = () => undefined,
): Promise<void> {
  const lacking = await lackingMoments(client)
  if (lacking.ids.length === 0 && !lacking.ofTraits) return
  await client.query('DROP TABLE IF EXISTS told_moments, earliest_moments')
  const count = await inTransaction(client, () => gatherMoments(client, lacking))
  let merged = 0
  for (let after: string | null = '00000000-0000-0000-0000-000000000000'; after !== null; ) {
    after = await mergePage(client, after)
    if (after === null) break
    merged = Math.min(merged + momentsAtOnce, count)
    onProgress({ moments: merged, of: count })
  }
  await client.query('UPDATE segments SET moments_at = NULL WHERE id = ANY ($1::int[])', [lacking.ids])
  await client.query('TRUNCATE segment_moments')
  await client.query('DROP TABLE earliest_moments')
}

interface Lacking {
  readonly ids: readonly number[]
  /** The earliest moment as of which one of them was filled. */
  readonly sinceMs: number
  /** Moments of traits wait. */
  readonly ofTraits: boolean
}

async function lackingMoments(client: Queryable): Promise<Lacking> {
  const { rows } = await client.query<{ ids: number[] | null; since: Date | null; ofTraits: boolean }>(
    `SELECT array_agg(id ORDER BY id) AS ids, min(moments_at) AS since,
            EXISTS (SELECT FROM segment_moments) AS "ofTraits"
       FROM segments WHERE status = 'live' AND moments_at IS NOT NULL`,
  )
  const [row] = rows
  return { ids: row?.ids ?? [], sinceMs: row?.since?.getTime() ?? 0, ofTraits: row?.ofTraits ?? false }
}

/**
 * Fills `earliest_moments`. Of segments it is as of when the first of them was filled: who was not in one then, and would
 * be now, has to be looked at. Whoever has changed since then is evaluated, and has a moment of their own by that.
 *
 * @returns of how many customers.
 */
async function gatherMoments(client: Queryable, { ids, sinceMs }: Lacking): Promise<number> {
  const { levels } = await readCatalog(client)
  const segments = levels.flat().filter((entry) => entry.kind === 'segment')
  const lacking = segments.filter(({ id }) => ids.includes(id))
  await client.query(`SET LOCAL work_mem = '${workMemory}'`)
  await client.query(
    'CREATE TEMPORARY TABLE told_moments ON COMMIT DROP AS SELECT customer_id, flips_at FROM segment_moments',
  )
  for (let from = 0; from < lacking.length; from += segmentsAtOnce) {
    await tellMoments(client, lacking.slice(from, from + segmentsAtOnce), sinceMs)
  }
  const { rowCount } = await client.query(
    `CREATE TEMPORARY TABLE earliest_moments AS
     SELECT customer_id, min(flips_at) AS flips_at FROM told_moments GROUP BY customer_id ORDER BY customer_id`,
  )
  await client.query('CREATE INDEX ON earliest_moments (customer_id)')
  await client.query('ANALYZE earliest_moments')
  return rowCount ?? 0
}

async function tellMoments(client: Queryable, segments: readonly LiveSegment[], nowMs: number): Promise<void> {
  const params = new SqlParams(nowMs)
  // OFFSET 0: else the moment would be worked out once to be tested and once more to be kept.
  const answers = segments.map(
    ({ definition }) =>
      `SELECT customer_id, flips_at FROM (${compileSegment(definition.if, params, { all: true })} OFFSET 0) AS q
        WHERE flips_at IS NOT NULL`,
  )
  await client.query({
    text: `INSERT INTO told_moments
           SELECT customer_id, min(flips_at) FROM (${answers.join(' UNION ALL ')}) AS told GROUP BY customer_id`,
    values: params.values,
  })
}

/** Leaves out who is gone by now. @returns the last customer of the page; null after the last page. */
async function mergePage(client: Queryable, after: string): Promise<string | null> {
  const { rows } = await client.query<{ last: string | null }>(
    `WITH page AS MATERIALIZED (
       SELECT customer_id, flips_at FROM earliest_moments WHERE customer_id > $1 ORDER BY customer_id LIMIT $2
     ), merged AS (
       INSERT INTO segment_states AS s (customer_id, flips_at)
       SELECT p.customer_id, p.flips_at FROM page p
        -- OFFSET 0: one look by id each, whatever old statistics say of how many customers there are.
        JOIN LATERAL (
          SELECT FROM customers WHERE id = p.customer_id AND merged_into IS NULL AND erasing_at IS NULL OFFSET 0
        ) AS c ON true ORDER BY p.customer_id
       ON CONFLICT (customer_id) DO UPDATE SET flips_at = excluded.flips_at
        WHERE s.flips_at IS NULL OR s.flips_at > excluded.flips_at
     )
     SELECT (SELECT customer_id FROM page ORDER BY customer_id DESC LIMIT 1) AS last`,
    [after, momentsAtOnce],
  )
  return rows[0]?.last ?? null
}
