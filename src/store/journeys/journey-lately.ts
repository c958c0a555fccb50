/** What a journey did lately, and what it did not do and why. Of the newest decisions only, so that it always costs the same. */

import type { Queryable } from '../database.ts'

export interface LatelyRow {
  readonly step: string | null
  readonly kind: string
  readonly outcome: string
  readonly rule: string
  readonly times: number
  readonly customers: number
}

export interface Lately {
  /** Since when it counts; null if nothing was ever decided. */
  readonly since: Date | null
  readonly rows: readonly LatelyRow[]
}

/** Of all journeys together. */
const newest = 200_000

export async function journeyLately(client: Queryable, journey: string): Promise<Lately> {
  const { rows } = await client.query<LatelyRow & { since: Date }>(
    `WITH newest AS (
       SELECT customer_id, decided_at, kind, journey, step, outcome, rule FROM decision_records
        WHERE id > (SELECT max(id) FROM decision_records) - $2::bigint
     )
     SELECT step, kind, outcome, rule, count(*) AS times, count(DISTINCT customer_id) AS customers,
            (SELECT min(decided_at) FROM newest) AS since
       FROM newest WHERE journey = $1
      GROUP BY step, kind, outcome, rule ORDER BY times DESC, step, kind, rule`,
    [journey, newest],
  )
  return { since: rows[0]?.since ?? null, rows }
}
