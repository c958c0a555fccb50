/**
 * Counts of whole tables without reading them. A trigger writes down every change of a count in the transaction that causes
 * it, as a row of its own: nobody waits for anybody, and the sum is exact at every moment. Here changes are added up now and
 * then, so that there is always little to sum.
 */

import type { Queryable } from './database.ts'

/** SQL: the counts of a table, by its labels (`labels`, JSON) and `change`, several rows of the same. */
export function keptCounts(table: 'messages' | 'message_reports'): string {
  return `(SELECT labels, change FROM kept_counts WHERE counted = '${table}')`
}

/** Fewer are left for the next time: reading them costs nothing. */
const worthAdding = 1_000
/** In one transaction. */
const most = 50_000

/** Rows that somebody else is adding up are left out; what is written meanwhile is not seen. The sums stay what they are. */
const addUpSql = `
  WITH taken AS (
    DELETE FROM kept_counts WHERE id IN (SELECT id FROM kept_counts ORDER BY id LIMIT ${most} FOR UPDATE SKIP LOCKED)
    RETURNING counted, labels, change
  )
  INSERT INTO kept_counts (counted, labels, change)
  SELECT counted, labels, sum(change) FROM taken GROUP BY counted, labels HAVING sum(change) <> 0`

/** @returns whether there may be more to do at once. */
export async function addUpCounts(client: Queryable, isWorthIt = worthAdding): Promise<boolean> {
  const { rows } = await client.query<{ spare: number; all: number }>(
    `SELECT count(*) - count(DISTINCT (counted, labels)) AS spare, count(*) AS all
       FROM (SELECT counted, labels FROM kept_counts ORDER BY id LIMIT ${most}) AS oldest`,
  )
  const { spare = 0, all = 0 } = rows[0] ?? {}
  if (spare < isWorthIt) return false
  await client.query(addUpSql)
  return all === most
}
