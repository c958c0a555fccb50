/** How far features and scores have moved since a model was made, day by day. */

import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

/** One row for each column a day; measuring again on that day replaces them. */
export async function saveDrift(
  db: Queryable,
  modelId: string,
  nowMs: EpochMs,
  drift: readonly { readonly what: string; readonly psi: number }[],
): Promise<void> {
  await db.query(
    `INSERT INTO model_drift (model_id, day, what, psi)
     SELECT $1, ($2::timestamptz AT TIME ZONE 'UTC')::date, what, psi FROM unnest($3::text[], $4::float8[]) AS d (what, psi)
     ON CONFLICT (model_id, day, what) DO UPDATE SET psi = excluded.psi`,
    [modelId, new Date(nowMs), drift.map(({ what }) => what), drift.map(({ psi }) => psi)],
  )
}
