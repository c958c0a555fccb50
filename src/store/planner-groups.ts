/** Whom a plan may be about: groups of customers of which everybody is in one at most. */

import type { Queryable } from './database.ts'

export type Grouping = 'stage' | 'cluster' | 'tier' | 'offer'

export interface PlannedGroup {
  readonly key: string
  readonly customers: number
  /** Some of them, drawn by id: ids are hashes. */
  readonly sample: readonly string[]
}

/** Who may not be written to is nobody's to plan for. */
const reachable = `c.merged_into IS NULL AND c.erasing_at IS NULL
  AND EXISTS (SELECT FROM contact_points p WHERE p.customer_id = c.id AND p.current
    AND NOT EXISTS (SELECT FROM suppressions s WHERE s.channel = p.channel AND s.address_hash = p.address_hash))`

const groupOf: Readonly<Record<Grouping, string>> = {
  stage: 'SELECT c.id, c.stage AS key FROM customers c',
  cluster: `SELECT c.id, m.key FROM customers c JOIN customer_matches m ON m.customer_id = c.id AND m.kind = 'cluster'`,
  /** Which offer moves them most. */
  offer: `SELECT c.id, m.key FROM customers c JOIN customer_matches m ON m.customer_id = c.id AND m.kind = 'offer'`,
  tier: `SELECT c.id, s.tier AS key FROM customers c JOIN scores s ON s.customer_id = c.id AND s.kind = 'clv'`,
}

/** @param segments If any are named: these, and everybody in the first of them that they are in. */
export async function plannerGroups(
  db: Queryable,
  by: Grouping,
  segments: readonly string[],
  sampleSize: number,
): Promise<PlannedGroup[]> {
  const grouped =
    segments.length === 0
      ? `${groupOf[by]} WHERE ${reachable}`
      : `SELECT DISTINCT ON (c.id) c.id, g.key
           FROM unnest($2::text[]) WITH ORDINALITY AS w (key, place)
           JOIN segments g ON g.kind = 'segment' AND g.key = w.key AND g.status = 'live'
           JOIN segment_members m ON m.segment_id = g.id JOIN customers c ON c.id = m.customer_id
          WHERE ${reachable} ORDER BY c.id, w.place`
  const { rows } = await db.query<PlannedGroup>(
    `SELECT key, count(*)::int AS customers, (array_agg(id ORDER BY id))[1:$1::int] AS sample
       FROM (${grouped}) AS g WHERE key IS NOT NULL GROUP BY key ORDER BY key`,
    segments.length === 0 ? [sampleSize] : [sampleSize, segments],
  )
  return rows
}
