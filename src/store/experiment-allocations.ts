/** What experiments have learned of their variants: what came of them, and the shares that follow. */

import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

/** A variant's customers whose days to react are over, and who of them bought within these days. */
export interface VariantOutcome {
  readonly experiment: string
  readonly variant: string
  readonly customers: number
  readonly buyers: number
}

/** Everybody counts for the variant that chance gave them, whatever they got of it. */
export async function variantOutcomes(
  db: Queryable,
  experiments: readonly string[],
  { sinceMs, nowMs, withinDays }: { readonly sinceMs: EpochMs; readonly nowMs: EpochMs; readonly withinDays: number },
): Promise<VariantOutcome[]> {
  const { rows } = await db.query<VariantOutcome>(
    `SELECT a.experiment, a.variant, count(*)::int AS customers,
            count(*) FILTER (WHERE EXISTS (
              SELECT FROM orders o WHERE o.customer_id = a.customer_id AND o.cancelled_at IS NULL
                 AND o.ordered_at >= a.assigned_at AND o.ordered_at < a.assigned_at + make_interval(days => $4)))::int AS buyers
       FROM experiment_assignments a
      WHERE a.experiment = ANY ($1) AND a.assigned_at >= $2
        AND a.assigned_at < $3::timestamptz - make_interval(days => $4)
      GROUP BY 1, 2`,
    [experiments, new Date(sinceMs), new Date(nowMs), withinDays],
  )
  return rows
}

export type Shares = Readonly<Record<string, number>>

/** @returns by experiment: the share of each variant that is not held out. */
export async function readAllocations(db: Queryable): Promise<{ allocations: ReadonlyMap<string, Shares> }> {
  const { rows } = await db.query<{ experiment: string; shares: Shares }>(
    'SELECT experiment, shares FROM experiment_allocations',
  )
  return { allocations: new Map(rows.map(({ experiment, shares }) => [experiment, shares])) }
}

/** When shares were last learned; null if never. */
export async function learnedAtMs(db: Queryable): Promise<EpochMs | null> {
  const { rows } = await db.query<{ at: Date | null }>('SELECT max(learned_at) AS at FROM experiment_allocations')
  return rows[0]?.at?.getTime() ?? null
}

/** Of experiments that are no longer live nothing is kept. */
export async function saveAllocations(
  db: Queryable,
  shares: ReadonlyMap<string, Shares>,
  nowMs: EpochMs,
): Promise<void> {
  await db.query(
    `WITH given AS (
       SELECT * FROM unnest($1::text[], $2::jsonb[]) AS g (experiment, shares)
     ), gone AS (
       DELETE FROM experiment_allocations WHERE experiment NOT IN (SELECT experiment FROM given)
     )
     INSERT INTO experiment_allocations (experiment, shares, learned_at) SELECT experiment, shares, $3 FROM given
     ON CONFLICT (experiment) DO UPDATE SET shares = excluded.shares, learned_at = excluded.learned_at`,
    [[...shares.keys()], [...shares.values()].map((one) => JSON.stringify(one)), new Date(nowMs)],
  )
}
