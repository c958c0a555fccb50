/** The publications of documents, numbered per document: version 1, 2, 3. Rows are only ever added. */

import type { EpochMs } from '../../domain/time.ts'
import type { Queryable } from '../database.ts'

export interface NewPublication {
  readonly kind: string
  readonly key: string
  /** The hash of the content. */
  readonly version: string
  readonly restores?: number | undefined
  readonly inFlight?: object | undefined
}

/** Call it under the lock of publishing: the next number is one more than the last. */
export async function notePublications(
  client: Queryable,
  publications: readonly NewPublication[],
  by: string,
  nowMs: EpochMs,
): Promise<void> {
  if (publications.length === 0) return
  await client.query(
    `INSERT INTO campaign_publications (kind, key, number, version, published_at, published_by, restores, in_flight)
     SELECT g.kind, g.key,
            1 + coalesce((SELECT max(number) FROM campaign_publications p WHERE p.kind = g.kind AND p.key = g.key), 0),
            g.version, $2, $3, g.restores, coalesce(g."inFlight", '{}')
       FROM jsonb_to_recordset($1) AS g (kind text, key text, version text, restores int, "inFlight" jsonb)`,
    [JSON.stringify(publications), new Date(nowMs), by],
  )
}

/** A content may have been published more than once. */
export interface PublicationNumbers {
  /** The newest number under which a content was published; null: never numbered. */
  numberOf(version: string): number | null
  /** Of the newest publication; 0: there is none yet. */
  readonly last: number
}

export async function publicationNumbers(
  client: Queryable,
  kind: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, PublicationNumbers>> {
  const { rows } = await client.query<{ key: string; version: string; number: number }>(
    'SELECT key, version, max(number) AS number FROM campaign_publications WHERE kind = $1 AND key = ANY ($2) GROUP BY key, version',
    [kind, keys],
  )
  return new Map(
    keys.map((key) => {
      const own = rows.filter((row) => row.key === key)
      const byVersion = new Map(own.map(({ version, number }) => [version, number]))
      const last = Math.max(0, ...byVersion.values())
      return [key, { last, numberOf: (version) => byVersion.get(version) ?? null }]
    }),
  )
}
