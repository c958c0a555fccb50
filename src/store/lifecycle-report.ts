/** The funnel of the lifecycle and its cohorts, counted by the database: one statement each, however many customers. */

import type { Stage } from '../domain/snapshot.ts'
import type { Queryable } from './database.ts'

/** First to last. */
export const stagesInOrder: readonly Stage[] = ['acquire', 'activate', 'retain', 'revenue', 'refer']

export interface FunnelRow {
  readonly stage: Stage
  /** Customers who have ever been in this stage or a later one. */
  readonly reached: number
  /** Of those who reached the stage before, the share who reached this one too; null for the first, and of nobody. */
  readonly fromBefore: number | null
  /** Of all customers, the share who reached it; null of nobody. */
  readonly fromFirst: number | null
  /** Customers who stand here now. */
  readonly current: number
  /** The middle of the days from first sight to the first time in this stage or a later one; null where nobody moved here. */
  readonly medianDays: number | null
}

/** Those who were first seen in the same month. */
export interface StageCohort {
  /** `2026-03`, by UTC. */
  readonly month: string
  readonly size: number
  /** How many of them have ever been in each stage or a later one. */
  readonly reached: Readonly<Record<Stage, number>>
  readonly current: Readonly<Record<Stage, number>>
}

/**
 * SQL: everybody with the number of the stage now and of the furthest one so far. Who was in a stage was in those before it,
 * also if the history of an import put them there at once.
 */
const people = `
  rank AS (SELECT stage, n::int FROM unnest($1::text[]) WITH ORDINALITY AS r (stage, n)),
  moved AS (
    SELECT customer_id, max(greatest(t.n, coalesce(f.n, 0))) AS top
      FROM lifecycle_moves m JOIN rank t ON t.stage = m.to_stage LEFT JOIN rank f ON f.stage = m.from_stage
     GROUP BY customer_id),
  people AS (
    SELECT c.id, c.first_seen_at, here.n AS here, greatest(here.n, coalesce(moved.top, 0)) AS top
      FROM customers c JOIN rank here USING (stage) LEFT JOIN moved ON moved.customer_id = c.id
     WHERE c.merged_into IS NULL AND c.erasing_at IS NULL)`

export async function lifecycleFunnel(client: Queryable): Promise<readonly FunnelRow[]> {
  const { rows } = await client.query<Pick<FunnelRow, 'stage' | 'reached' | 'current' | 'medianDays'>>(
    `WITH ${people},
     firsts AS (
       SELECT r.n, p.id, min(extract(epoch FROM m.moved_at - p.first_seen_at)) / 86400 AS days
         FROM lifecycle_moves m JOIN rank t ON t.stage = m.to_stage JOIN rank r ON r.n <= t.n
         JOIN people p ON p.id = m.customer_id
        WHERE r.n > 1 GROUP BY r.n, p.id)
     SELECT r.stage, (SELECT count(*)::int FROM people WHERE top >= r.n) AS reached,
            (SELECT count(*)::int FROM people WHERE here = r.n) AS current,
            (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(days, 0)) FROM firsts WHERE firsts.n = r.n)
              AS "medianDays"
       FROM rank r ORDER BY r.n`,
    [stagesInOrder],
  )
  const first = rows[0]?.reached ?? 0
  return rows.map((row, i) => ({
    ...row,
    fromBefore: i === 0 ? null : share(row.reached, rows[i - 1]?.reached ?? 0),
    fromFirst: share(row.reached, first),
  }))
}

/** By the month of first sight, the oldest first. @param months the newest so many. */
export async function lifecycleCohorts(client: Queryable, months: number): Promise<readonly StageCohort[]> {
  const { rows } = await client.query<{ month: string; size: number; reached: number[]; current: number[] }>(
    `WITH ${people},
     counted AS (
       SELECT to_char(first_seen_at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, r.n, count(*)::int AS size,
              count(*) FILTER (WHERE top >= r.n)::int AS reached, count(*) FILTER (WHERE here = r.n)::int AS current
         FROM people CROSS JOIN rank r GROUP BY 1, r.n)
     SELECT month, max(size) AS size, array_agg(reached ORDER BY n) AS reached, array_agg(current ORDER BY n) AS current
       FROM counted GROUP BY month ORDER BY month DESC LIMIT $2`,
    [stagesInOrder, months],
  )
  return rows
    .map(({ month, size, reached, current }) => ({ month, size, reached: byStage(reached), current: byStage(current) }))
    .reverse()
}

function byStage(counts: readonly number[]): Readonly<Record<Stage, number>> {
  return Object.fromEntries(stagesInOrder.map((stage, i) => [stage, counts[i] ?? 0])) as Record<Stage, number>
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
