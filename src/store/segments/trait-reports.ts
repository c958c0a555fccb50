/** What people want to know of computed traits: which there are, and which values they have. */

import type { Queryable } from '../database.ts'

export interface TraitSummary {
  readonly key: string
  readonly name: string
  readonly version: string
  /** `building` until it was built for the first time. */
  readonly status: 'building' | 'live'
  /** A new version waits to take its place. */
  readonly nextVersion: string | null
  /** How many have a value. */
  readonly size: number
  readonly builtAt: Date | null
  /** Why its new version could not be built so far. */
  readonly problem: string | null
  /** As it was published. */
  readonly document: unknown
}

const summaries = `
  SELECT c.key, c.name, coalesce(live.version, c.version) AS version,
         CASE WHEN live.id IS NULL THEN 'building' ELSE 'live' END AS status,
         CASE WHEN live.version <> c.version THEN c.version END AS "nextVersion",
         coalesce(live.size, 0) AS size, live.built_at AS "builtAt", next.problem, c.document
    FROM campaigns c
    LEFT JOIN segments live ON live.kind = 'trait' AND live.key = c.key AND live.status = 'live'
    LEFT JOIN segments next ON next.kind = 'trait' AND next.key = c.key AND next.built_at IS NULL
   WHERE c.kind = 'trait' AND c.status = 'live'`

/** All computed traits in force, by key. */
export async function listTraits(client: Queryable): Promise<TraitSummary[]> {
  const { rows } = await client.query<TraitSummary>(`${summaries} ORDER BY c.key`)
  return rows
}

/** Undefined if there is no such trait in force. */
export async function findTrait(client: Queryable, key: string): Promise<TraitSummary | undefined> {
  const { rows } = await client.query<TraitSummary>(`${summaries} AND c.key = $1`, [key])
  return rows[0]
}

/** The most frequent values of a trait, each with how many have it. */
export async function valuesOf(
  client: Queryable,
  key: string,
  limit = 20,
): Promise<readonly { readonly value: unknown; readonly customers: number }[]> {
  const { rows } = await client.query<{ value: unknown; customers: number }>(
    `SELECT value, count(*)::int AS customers FROM computed_traits WHERE name = $1
      GROUP BY value ORDER BY customers DESC, value LIMIT $2`,
    [key, limit],
  )
  return rows
}
