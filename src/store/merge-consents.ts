/**
 * Consent of customers who become one: the stricter word wins. Where one of them had withdrawn on a channel and topic, a
 * yes of the other one does not undo that; only a newer yes, given after the moment of the merge, does. The words
 * themselves all move, so the history shows who said what.
 */

import { finalStatuses, mergeSource, newestWordFirst } from './consents.ts'
import type { Queryable } from './database.ts'
import { givenMerges, type Merge, mergeColumns, rememberMoved } from './merge-records.ts'

export async function joinConsents(client: Queryable, merges: readonly Merge[]): Promise<void> {
  const values = [...mergeColumns(merges), merges.map(({ atMs }) => atMs)]
  const upheld = await client.query<Upheld>({ name: 'withdrawals-to-uphold', text: toUphold, values })
  await client.query(
    rememberMoved(
      'consents',
      `UPDATE consents t SET customer_id = merge.staying FROM ${givenMerges}
       WHERE t.customer_id = merge.leaving RETURNING merge.id AS merge, t.id AS key`,
    ),
    mergeColumns(merges),
  )
  if (upheld.rows.length === 0) return
  const column = (name: keyof Upheld): unknown[] => upheld.rows.map((row) => row[name])
  await client.query(
    rememberMoved(
      'upheld',
      `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
       SELECT staying, channel, topic, 'withdrawn', at, '${mergeSource}', merge::text
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[])
         AS given (merge, staying, channel, topic, at)
       RETURNING method::uuid AS merge, id AS key`,
    ),
    [column('merge'), column('staying'), column('channel'), column('topic'), column('at')],
  )
}

interface Upheld {
  /** The record that the word is noted in. */
  readonly merge: string
  readonly staying: string
  readonly channel: string
  readonly topic: string
  readonly at: Date
}

/**
 * As of the moment of the merge: what each side had said last, and where somebody's no would be drowned by another one's
 * later word. Words of a later moment count by themselves, in whatever order they arrive.
 */
const toUphold = `
  WITH merge AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::float8[]) AS merge (id, leaving, staying, at_ms)
  ), joint AS (
    SELECT staying, max(id::text)::uuid AS merge, to_timestamp(max(at_ms) / 1000) AS at FROM merge GROUP BY staying
  ), side AS (
    SELECT staying, leaving AS customer FROM merge UNION SELECT staying, staying FROM merge
  ), word AS (
    SELECT joint.*, side.customer, c.channel, c.topic, c.status, c.given_at, c.id
    FROM side JOIN joint USING (staying) JOIN consents c ON c.customer_id = side.customer AND c.given_at <= joint.at
    WHERE c.status IN ${finalStatuses}
  ), last_of_side AS (
    SELECT DISTINCT ON (customer, channel, topic) * FROM word ORDER BY customer, channel, topic, ${newestWordFirst}
  ), last_of_all AS (
    SELECT DISTINCT ON (staying, channel, topic) * FROM word ORDER BY staying, channel, topic, ${newestWordFirst}
  )
  SELECT DISTINCT one.merge, one.staying, one.channel, one.topic, one.at
  FROM last_of_side one JOIN last_of_all newest USING (staying, channel, topic)
  WHERE one.status = 'withdrawn' AND newest.status <> 'withdrawn'`
