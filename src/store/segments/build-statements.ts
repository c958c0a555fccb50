/** The statements that build a segment from nothing, and compare it with the version before. */

import type { Queryable } from '../database.ts'
import type { NewNews } from '../news.ts'
import { compileSegment } from '../segment-sql/compile-segment.ts'
import { SqlParams } from '../segment-sql/sql-params.ts'
import type { CatalogEntry } from './segment-catalog.ts'

type SegmentEntry = CatalogEntry & { readonly kind: 'segment' }

/** Whoever was in the version before has been in it since then. */
const predecessor = `
  LEFT JOIN segment_members before ON before.customer_id = q.customer_id AND before.segment_id = `

/** How a segment was filled. */
export interface Filled {
  readonly size: number
  /** Time alone can change who is in it: the moments are still to be written. */
  readonly hasMoments: boolean
}

/** What a million customers are grouped in; with less they are written to files in between. */
export const buildMemory = '64MB'

/** Writes the members, in a transaction. */
export async function fillSegment(client: Queryable, entry: SegmentEntry, nowMs: number): Promise<Filled> {
  await client.query('DELETE FROM segment_members WHERE segment_id = $1', [entry.id]) // Left over from a crash.
  const liveId = await liveIdOf(client, entry)
  const params = new SqlParams(nowMs)
  const now = params.moment(nowMs)
  const answer = compileSegment(entry.definition.if, params, { all: true })
  const since = liveId === undefined ? now : `coalesce(before.since, ${now})`
  const join = liveId === undefined ? '' : predecessor + String(liveId)
  await client.query(`SET LOCAL work_mem = '${buildMemory}'`)
  const { rowCount } = await client.query({
    text: `INSERT INTO segment_members (segment_id, customer_id, since)
           SELECT ${entry.id}, q.customer_id, ${since} FROM (${answer}) AS q ${join} WHERE q.holds
            ORDER BY q.customer_id -- As in the index: each place of it is gone to once.`,
    values: params.values,
  })
  return { size: rowCount ?? 0, hasMoments: answer.includes('standing') }
}

async function liveIdOf(client: Queryable, { kind, key }: CatalogEntry): Promise<number | undefined> {
  const { rows } = await client.query<{ id: number }>(
    `SELECT id FROM segments WHERE kind = $1 AND key = $2 AND status = 'live'`,
    [kind, key],
  )
  return rows[0]?.id
}

/** Notes everybody who is in one version and not in the other, for another look when the new one counts. */
export async function noteDifference(client: Queryable, entry: CatalogEntry): Promise<void> {
  const liveId = await liveIdOf(client, entry)
  await client.query(
    `INSERT INTO segment_catch_ups (customer_id)
     SELECT coalesce(new.customer_id, old.customer_id)
       FROM (SELECT customer_id FROM segment_members WHERE segment_id = $1) AS new
       FULL JOIN (SELECT customer_id FROM segment_members WHERE segment_id = $2) AS old USING (customer_id)
      WHERE new.customer_id IS NULL OR old.customer_id IS NULL
     ON CONFLICT DO NOTHING`,
    [entry.id, liveId ?? null],
  )
}

/**
 * News of those whom a changed version brings in or puts out, where its document asks for that. Those who are in a new
 * segment from the beginning have not entered it.
 */
export async function newsOfRebuild(
  client: Queryable,
  entry: SegmentEntry,
  interesting: ReadonlySet<string>,
  atMs: number,
): Promise<NewNews[]> {
  if (!entry.definition.announceRebuild || !interesting.has(entry.key)) return []
  const liveId = await liveIdOf(client, entry)
  if (liveId === undefined) return []
  const { rows } = await client.query<{ customerId: string; change: 'entered' | 'exited' }>(
    `SELECT coalesce(new.customer_id, old.customer_id) AS "customerId",
            CASE WHEN old.customer_id IS NULL THEN 'entered' ELSE 'exited' END AS change
       FROM (SELECT customer_id FROM segment_members WHERE segment_id = $1) AS new
       FULL JOIN (SELECT customer_id FROM segment_members WHERE segment_id = $2) AS old USING (customer_id)
      WHERE new.customer_id IS NULL OR old.customer_id IS NULL`,
    [entry.id, liveId],
  )
  return rows.map(({ customerId, change }) => ({
    customerId,
    kind: 'segment',
    detail: { segment: entry.key, change },
    atMs,
  }))
}
