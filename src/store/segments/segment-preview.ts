/** Who would be in a segment that is not saved yet: how many, and some of them. Nothing is written. */

import type { Condition } from '../../domain/condition.ts'
import type { EpochMs } from '../../domain/time.ts'
import type { Database } from '../database.ts'
import { compileSegment } from '../segment-sql/compile-segment.ts'
import { SqlParams } from '../segment-sql/sql-params.ts'

export interface SegmentPreview {
  readonly count: number
  /** Ids of some who are in it, spread over all of them; the same ones as long as nobody comes or goes. */
  readonly sample: readonly string[]
  readonly milliseconds: number
}

/** A count that takes longer than this is given up: the marketer can still save the segment and let it be built. */
const patience = '30s'

/**
 * @param sampleSize how many ids to show.
 * @throws Error of PostgreSQL (57014) if it takes too long.
 */
export async function previewSegment(
  db: Pick<Database, 'transaction'>,
  condition: Condition,
  nowMs: EpochMs,
  sampleSize: number,
): Promise<SegmentPreview> {
  const startedAt = performance.now()
  const params = new SqlParams(nowMs)
  const answer = compileSegment(condition, params, { all: true })
  const wanted = params.add(sampleSize, 'int')
  const { rows } = await db.transaction(async (client) => {
    await client.query(`SET LOCAL statement_timeout = '${patience}'`)
    await client.query('SET LOCAL default_transaction_read_only = on')
    return client.query<{ count: number; sample: string[] | null }>(
      `WITH member AS MATERIALIZED (SELECT customer_id FROM (${answer}) AS answer WHERE holds)
       SELECT (SELECT count(*) FROM member) AS count,
              (SELECT array_agg(customer_id::text) FROM (
                 SELECT customer_id FROM member ORDER BY hashtext(customer_id::text) LIMIT ${wanted}) AS sampled) AS sample`,
      params.values,
    )
  })
  const [row] = rows
  return { count: row?.count ?? 0, sample: row?.sample ?? [], milliseconds: Math.round(performance.now() - startedAt) }
}
