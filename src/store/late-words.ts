/**
 * Words that arrive after two customers have become one, but were said before. Had it come in time, a no of one side would
 * have outlived the later yes of the other (`merge-consents.ts`); so it does now.
 */

import { finalStatuses, mergeSource, newestWordFirst } from './consents.ts'
import type { Queryable } from './database.ts'

/** A no that was told just now, and is written down. */
export interface LateWord {
  readonly customerId: string
  readonly channel: string
  readonly topic: string
  readonly atMs: number
  /** Under which identities (`kind:value`) it came: they say which side it is of. Null: nobody knows. */
  readonly names: readonly string[] | null
}

/**
 * Upholds what is drowned by a word of the other side, as of the moment of the merge. Where it is not known who said what,
 * the stricter reading counts. The customers must be locked.
 */
export async function upholdLate(client: Queryable, words: readonly LateWord[]): Promise<void> {
  if (words.length === 0) return
  await client.query({
    name: 'uphold-late-words',
    text: `
      WITH RECURSIVE late AS (
        SELECT customer, channel, topic, to_timestamp(ms / 1000) AS at, names
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::float8[], $5::jsonb[])
          AS given (customer, channel, topic, ms, names)
      ), family AS (
        SELECT customer, customer AS id FROM late
        UNION SELECT f.customer, m.leaving_id FROM family f
              JOIN customer_merges m ON m.staying_id = f.id AND m.undone_at IS NULL
      ), joined AS (
        SELECT late.*, m.id AS merge, m.merged_at, m.moved, m.purged_at IS NULL AND late.names <> 'null' AS is_told,
               m.moved -> 'identities' ?| ARRAY(SELECT jsonb_array_elements_text(
                 CASE jsonb_typeof(late.names) WHEN 'array' THEN late.names ELSE '[]' END)) AS has_left
        FROM late JOIN family f ON f.customer = late.customer
        JOIN customer_merges m ON m.staying_id = f.id AND m.undone_at IS NULL AND m.merged_at >= late.at
      ), drowned AS (
        SELECT DISTINCT ON (j.customer, j.channel, j.topic) j.*
        FROM joined j
        CROSS JOIN LATERAL (
          SELECT w.status FROM consents w
          WHERE w.customer_id = j.customer AND w.channel = j.channel AND w.topic = j.topic
            AND w.status IN ${finalStatuses} AND w.given_at <= j.merged_at
          ORDER BY ${newestWordFirst} LIMIT 1) AS newest
        WHERE newest.status <> 'withdrawn' AND NOT (j.is_told AND EXISTS (
          -- Taken back by the same side since.
          SELECT FROM consents w
          WHERE w.customer_id = j.customer AND w.channel = j.channel AND w.topic = j.topic
            AND w.status IN ('granted', 'lifted') AND w.given_at > j.at AND w.given_at <= j.merged_at
            AND coalesce(j.moved -> 'consents' @> to_jsonb(w.id), false) = coalesce(j.has_left, false)))
        ORDER BY j.customer, j.channel, j.topic, j.merged_at DESC
      ), upheld AS (
        INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
        SELECT customer, channel, topic, 'withdrawn', merged_at, '${mergeSource}', merge::text FROM drowned
        RETURNING method::uuid AS merge, id
      ), keys AS (
        SELECT merge, jsonb_agg(id) AS ids FROM upheld GROUP BY merge
      )
      -- Undoing the merge takes it back.
      UPDATE customer_merges m
      SET moved = m.moved || jsonb_build_object('upheld', coalesce(m.moved -> 'upheld', '[]') || keys.ids)
      FROM keys WHERE m.id = keys.merge AND m.purged_at IS NULL`,
    values: [
      words.map(({ customerId }) => customerId),
      words.map(({ channel }) => channel),
      words.map(({ topic }) => topic),
      words.map(({ atMs }) => atMs),
      words.map(({ names }) => JSON.stringify(names)),
    ],
  })
}
