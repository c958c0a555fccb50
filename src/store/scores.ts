/** Scores, saved set-based; those that cross a threshold of the lifecycle are news in the same transaction. */

import type { ScoreKind } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

export interface NewScore {
  readonly customerId: string
  /** `churn`: 0 to 1. `clv`: minor units. */
  readonly value: number
  readonly tier: 'high' | 'middle' | 'low' | null
  /** Why, in plain words, the most important first. */
  readonly reasons: readonly string[]
}

export interface ScorePage {
  readonly kind: ScoreKind
  readonly modelId: string
  readonly nowMs: EpochMs
  readonly scores: readonly NewScore[]
  /**
   * When a churn risk is news: it rose to `enter` for a customer who was not at risk, or fell below `leave` for one who
   * was. A value is news when it becomes, or stops being, of the high tier. Left out: nothing is news, because somebody
   * will look at these customers anyway.
   */
  readonly announce?: { readonly enter: number; readonly leave: number }
}

const save = `
  WITH new AS (
    SELECT * FROM unnest($1::uuid[], $2::float8[], $3::text[], $4::jsonb[]) AS n (customer_id, value, tier, reasons)
  ), old AS (
    SELECT customer_id, tier FROM scores WHERE kind = $5 AND customer_id = ANY ($1::uuid[])
  ), saved AS (
    INSERT INTO scores (customer_id, kind, value, tier, reasons, model_id, scored_at)
    SELECT customer_id, $5, value, tier, reasons, $6, $7 FROM new
    ON CONFLICT (customer_id, kind) DO UPDATE
       SET value = excluded.value, tier = excluded.tier, reasons = excluded.reasons, model_id = excluded.model_id,
           scored_at = excluded.scored_at
  ), stamped AS (
    UPDATE customers SET scored_at = $7 WHERE id = ANY ($1::uuid[])
  ), dirtied AS (
    INSERT INTO dirty_customers (customer_id, cause) SELECT customer_id, 'score' FROM new
  ), crossing AS (
    SELECT n.customer_id,
           CASE WHEN $5 = 'churn' AND n.value >= $9 AND NOT c.at_risk THEN 'up'
                WHEN $5 = 'churn' AND n.value < $10 AND c.at_risk THEN 'down'
                WHEN $5 = 'clv' AND n.tier = 'high' AND o.tier IS DISTINCT FROM 'high' THEN 'up'
                WHEN $5 = 'clv' AND o.tier = 'high' AND n.tier IS DISTINCT FROM 'high' THEN 'down' END AS crossed
      -- A first score crosses nothing: there was nothing before it.
      FROM new n JOIN old o USING (customer_id) JOIN customers c ON c.id = n.customer_id
     WHERE $8
  ), announced AS (
    INSERT INTO news (customer_id, kind, detail, created_at)
    SELECT customer_id, 'score', jsonb_build_object('score', $5::text, 'crossed', crossed), $7
      FROM crossing WHERE crossed IS NOT NULL
    RETURNING customer_id
  )
  SELECT (SELECT count(*)::int FROM announced) AS crossings,
         coalesce((SELECT json_agg(customer_id) FROM new WHERE customer_id NOT IN (SELECT customer_id FROM old)), '[]')
           AS first_scored`

/**
 * Saves a page of scores of one kind in one statement.
 *
 * @returns how many became news, and who had no score of this kind before.
 */
export async function saveScores(
  client: Queryable,
  { kind, modelId, nowMs, scores, announce }: ScorePage,
): Promise<{ crossings: number; firstScored: readonly string[] }> {
  if (scores.length === 0) return { crossings: 0, firstScored: [] }
  const { rows } = await client.query<{ crossings: number; first_scored: string[] }>({
    name: 'save-scores',
    text: save,
    values: [
      scores.map((score) => score.customerId),
      scores.map((score) => score.value),
      scores.map((score) => score.tier),
      scores.map((score) => JSON.stringify(score.reasons)),
      kind,
      modelId,
      new Date(nowMs),
      announce !== undefined,
      announce?.enter ?? null,
      announce?.leave ?? null,
    ],
  })
  return { crossings: rows[0]?.crossings ?? 0, firstScored: rows[0]?.first_scored ?? [] }
}
