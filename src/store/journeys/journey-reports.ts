/** What people want to know of journeys: which there are, how they are, who is where, and their versions. */

import type { Queryable } from '../database.ts'

export interface JourneySummary {
  readonly key: string
  readonly name: string
  readonly description: string | null
  readonly status: 'live' | 'paused' | 'archived'
  /** Of the newest version. */
  readonly number: number
  readonly version: string
  readonly publishedAt: Date
  /** Since when, by whom, until when: of the last pause. */
  readonly pausedAt: Date | null
  readonly pausedBy: string | null
  readonly resumedAt: Date | null
  readonly archivedAt: Date | null
  readonly inFlight: number
  /** Of them, on former versions. */
  readonly onFormerVersions: number
  /** As it was published. */
  readonly document: unknown
}

const summaries = `
  SELECT c.key, c.name, c.document ->> 'description' AS description,
         CASE WHEN c.status <> 'live' THEN 'archived'
              WHEN s.paused_at IS NOT NULL AND s.resumed_at IS NULL THEN 'paused' ELSE 'live' END AS status,
         p.number, c.version, p.published_at AS "publishedAt", s.paused_at AS "pausedAt", s.paused_by AS "pausedBy",
         s.resumed_at AS "resumedAt", s.archived_at AS "archivedAt", coalesce(f.all, 0) AS "inFlight",
         coalesce(f.all - f.current, 0) AS "onFormerVersions", c.document
    FROM (SELECT DISTINCT ON (key) key, number, version, published_at FROM campaign_publications
           WHERE kind = 'journey' ORDER BY key, number DESC) AS p
    JOIN campaigns c ON c.kind = 'journey' AND c.key = p.key AND c.version = p.version
    LEFT JOIN journey_states s ON s.journey = p.key
    LEFT JOIN LATERAL (
      SELECT count(*) AS all, count(*) FILTER (WHERE r.version = p.version) AS current
        FROM journey_runs r WHERE r.journey = p.key AND r.status = 'active') AS f ON true`

/** All that were ever published, by key. */
export async function listJourneys(client: Queryable): Promise<JourneySummary[]> {
  const { rows } = await client.query<JourneySummary>(`${summaries} ORDER BY p.key`)
  return rows
}

/** Undefined if no journey of this key was ever published. */
export async function findJourney(client: Queryable, key: string): Promise<JourneySummary | undefined> {
  const { rows } = await client.query<JourneySummary>(`${summaries} WHERE p.key = $1`, [key])
  return rows[0]
}

export interface Place {
  /** Of the version that they follow; null: it was never numbered. */
  readonly number: number | null
  readonly version: string
  readonly step: string
  readonly count: number
}

/** How many are in flight on which step of which version. */
export async function whereInFlight(client: Queryable, key: string): Promise<readonly Place[]> {
  const { rows } = await client.query<Place>(
    `SELECT (SELECT max(number) FROM campaign_publications p
              WHERE p.kind = 'journey' AND p.key = $1 AND p.version = r.version) AS number,
            version, coalesce(step, '') AS step, count(*) AS count
       FROM journey_runs r WHERE journey = $1 AND status = 'active'
      GROUP BY version, step ORDER BY 1 DESC NULLS LAST, step`,
    [key],
  )
  return rows
}

export interface JourneyVersion {
  readonly number: number
  readonly version: string
  readonly name: string
  readonly publishedAt: Date
  /** The id of a key, or `cli`. */
  readonly publishedBy: string
  /** The number of the version that it brought back. */
  readonly restores: number | null
  /** What was chosen for people in flight when it was published, and how many that concerned. */
  readonly choice: { readonly choice?: string; readonly stay?: number; readonly move?: number; readonly exit?: number }
  /** Who follows it now; where a content was published twice, they count for the newer one. */
  readonly inFlight: number
}

/** The newest first. */
export async function listVersions(client: Queryable, key: string): Promise<readonly JourneyVersion[]> {
  const { rows } = await client.query<JourneyVersion>(
    `SELECT p.number, p.version, c.name, p.published_at AS "publishedAt", p.published_by AS "publishedBy", p.restores,
            p.in_flight AS choice,
            CASE WHEN p.number = max(p.number) OVER (PARTITION BY p.version) THEN
              (SELECT count(*) FROM journey_runs r
                WHERE r.journey = p.key AND r.version = p.version AND r.status = 'active') ELSE 0 END AS "inFlight"
       FROM campaign_publications p JOIN campaigns c USING (kind, key, version)
      WHERE p.kind = 'journey' AND p.key = $1 ORDER BY p.number DESC`,
    [key],
  )
  return rows
}

export interface VersionDocument {
  readonly number: number
  readonly version: string
  readonly document: unknown
}

export async function findVersion(
  client: Queryable,
  key: string,
  number: number,
): Promise<VersionDocument | undefined> {
  const { rows } = await client.query<VersionDocument>(
    `SELECT p.number, p.version, c.document FROM campaign_publications p JOIN campaigns c USING (kind, key, version)
      WHERE p.kind = 'journey' AND p.key = $1 AND p.number = $2`,
    [key, number],
  )
  return rows[0]
}
