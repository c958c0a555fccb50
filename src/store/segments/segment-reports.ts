/** What people want to know of segments: which there are, how they grew, who is in them. */

import type { Queryable } from '../database.ts'

export interface SegmentSummary {
  readonly key: string
  readonly name: string
  readonly description: string | null
  readonly version: string
  /** `building` until it was built for the first time; `live` also while a new version is being built beside it. */
  readonly status: 'building' | 'live'
  /** A new version waits to take its place. */
  readonly nextVersion: string | null
  readonly size: number
  readonly builtAt: Date | null
  /** Why its new version could not be built so far. */
  readonly problem: string | null
  /** As it was published. */
  readonly document: unknown
  /** Oldest first; the last of each hour. */
  readonly history: readonly { readonly hour: string; readonly size: number }[]
}

const summaries = `
  SELECT c.key, c.name, c.document ->> 'description' AS description, coalesce(live.version, c.version) AS version,
         CASE WHEN live.id IS NULL THEN 'building' ELSE 'live' END AS status,
         CASE WHEN live.version IS DISTINCT FROM c.version AND live.id IS NOT NULL THEN c.version END AS "nextVersion",
         coalesce(live.size, 0) AS size, live.built_at AS "builtAt", next.problem, c.document,
         coalesce((SELECT json_agg(json_build_object('hour', hour, 'size', size) ORDER BY hour) FROM (
           SELECT hour, size FROM segment_sizes h WHERE h.key = c.key ORDER BY hour DESC LIMIT $1) AS newest),
           '[]') AS history
    FROM campaigns c
    LEFT JOIN segments live ON live.kind = 'segment' AND live.key = c.key AND live.status = 'live'
    LEFT JOIN segments next ON next.kind = 'segment' AND next.key = c.key AND next.built_at IS NULL
   WHERE c.kind = 'segment' AND c.status = 'live'`

/** All segments in force, by key. */
export async function listSegments(client: Queryable, historyPoints = 48): Promise<SegmentSummary[]> {
  const { rows } = await client.query<SegmentSummary>(`${summaries} ORDER BY c.key`, [historyPoints])
  return rows
}

/** Undefined if there is no such segment in force. */
export async function findSegment(
  client: Queryable,
  key: string,
  historyPoints = 24 * 60,
): Promise<SegmentSummary | undefined> {
  const { rows } = await client.query<SegmentSummary>(`${summaries} AND c.key = $2`, [historyPoints, key])
  return rows[0]
}

export interface MemberPage {
  readonly members: readonly { readonly customerId: string; readonly since: Date }[]
  /** The last one's id, where there are more. */
  readonly next: string | null
}

/** Members by ascending id, after a given one. */
export async function listMembers(
  client: Queryable,
  key: string,
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
): Promise<MemberPage> {
  const { rows: found } = await client.query<{ id: number }>(
    `SELECT id FROM segments WHERE kind = 'segment' AND key = $1 AND status = 'live'`,
    [key],
  )
  const [live] = found
  if (live === undefined) return { members: [], next: null }
  // The id is part of the text, so that the planner knows how many there are: it walks customers in order for a segment
  // that holds many of them, and sorts the members of a small one.
  const { rows } = await client.query<{ customerId: string; since: Date }>(
    `SELECT customer_id AS "customerId", since FROM segment_members
      WHERE segment_id = ${live.id} AND customer_id > $1 ORDER BY customer_id LIMIT $2`,
    [after ?? '00000000-0000-0000-0000-000000000000', limit + 1],
  )
  const members = rows.slice(0, limit)
  return { members, next: rows.length > limit ? (members.at(-1)?.customerId ?? null) : null }
}

/** The keys of the segments that hold a customer, each with the moment since which it does. */
export async function segmentsOf(
  client: Queryable,
  customerId: string,
): Promise<readonly { readonly key: string; readonly since: Date }[]> {
  const { rows } = await client.query<{ key: string; since: Date }>(
    `SELECT s.key, m.since FROM segment_members m JOIN segments s ON s.id = m.segment_id
      WHERE m.customer_id = $1 AND s.status = 'live' ORDER BY s.key`,
    [customerId],
  )
  return rows
}
