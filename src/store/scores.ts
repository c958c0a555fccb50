/** Scores, saved set-based; those that cross a threshold of the lifecycle are news in the same transaction. */

import type { ScoreKind } from '../domain/snapshot.ts'
import type { EpochMs } from '../domain/time.ts'
import { float8Array, jsonbArray, textArray, uuidArray } from './binary-arrays.ts'
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
  /** Whoever was of the high tier stays it from this value on, though a first one needs more. */
  readonly holdHighFromCents?: number | null
  /** No segment asks about these scores (`isScoreAsked`), so nobody's segments may have to change. Default: one may. */
  readonly unasked?: boolean
}

// The tier of a risk is the side of the two thresholds on which it was last: it changes only where the far one is passed,
// so that a score that trembles about one of them is news once, whether or not somebody has looked meanwhile.
// Everybody's old score is looked up once; what follows is worked out of that. Where to look is said by the ids ($1): of their
// stretch, everybody's scores between them would be read for a few who are far apart, and PostgreSQL may guess that there is
// nobody.
const save = `
  WITH new AS MATERIALIZED (
    SELECT g.customer_id, g.value, g.reasons, o.customer_id IS NULL AS is_first, o.value AS old_value, was.tier AS old_tier,
           CASE WHEN $5 = 'churn' AND $9::float8 IS NOT NULL THEN
                  CASE WHEN g.value >= $9 THEN 'high' WHEN g.value < $10 THEN 'low' ELSE coalesce(was.tier, 'low') END
                WHEN $5 = 'clv' AND was.tier = 'high' AND g.value >= $11 THEN 'high'
                ELSE g.tier END AS tier
      FROM unnest($1::uuid[], $2::float8[], $3::text[], $4::jsonb[]) AS g (customer_id, value, tier, reasons)
      LEFT JOIN scores o ON o.customer_id = g.customer_id AND o.kind = $5 AND o.customer_id = ANY ($1::uuid[])
     CROSS JOIN LATERAL (
       SELECT CASE WHEN o.tier IS NULL AND o.customer_id IS NOT NULL AND $5 = 'churn'
                   THEN (SELECT 'high' FROM customers c WHERE c.id = o.customer_id AND c.at_risk)
                   ELSE o.tier END AS tier) AS was
  ), saved AS (
    -- Nearly everybody has one already, and changing a row is far cheaper than trying to insert it first.
    UPDATE scores s
       SET value = n.value, tier = n.tier, reasons = n.reasons, model_id = $6, scored_at = $7
      FROM new n WHERE s.customer_id = n.customer_id AND s.kind = $5 AND s.customer_id = ANY ($1::uuid[])
  ), added AS (
    INSERT INTO scores (customer_id, kind, value, tier, reasons, model_id, scored_at)
    SELECT customer_id, $5, value, tier, reasons, $6, $7 FROM new WHERE is_first
    ON CONFLICT (customer_id, kind) DO UPDATE
       SET value = excluded.value, tier = excluded.tier, reasons = excluded.reasons, model_id = excluded.model_id,
           scored_at = excluded.scored_at
  ), stamped AS (
    -- Only who has bought since: of the others a review already knows that their scores are fresh.
    UPDATE customers c SET scored_at = $7
      FROM new n
     WHERE c.id = n.customer_id AND c.id = ANY ($1::uuid[])
       AND (c.scored_at IS NULL OR c.scored_at <= c.last_order_at)
  ), dirtied AS (
    INSERT INTO dirty_customers (customer_id, cause)
    SELECT customer_id, 'score' FROM new
     WHERE $12 AND (is_first OR value <> old_value OR tier IS DISTINCT FROM old_tier)
  ), crossing AS (
    SELECT customer_id,
           CASE WHEN tier = 'high' AND old_tier IS DISTINCT FROM 'high' THEN 'up'
                WHEN old_tier = 'high' AND tier IS DISTINCT FROM 'high' THEN 'down' END AS crossed
      -- A first score crosses nothing: there was nothing before it.
      FROM new WHERE $8 AND $5 IN ('churn', 'clv') AND NOT is_first
  ), announced AS (
    INSERT INTO news (customer_id, kind, detail, created_at)
    SELECT customer_id, 'score', jsonb_build_object('score', $5::text, 'crossed', crossed), $7
      FROM crossing WHERE crossed IS NOT NULL
    RETURNING customer_id
  )
  SELECT (SELECT count(*)::int FROM announced) AS crossings,
         coalesce((SELECT json_agg(customer_id) FROM new WHERE is_first), '[]') AS first_scored`

/**
 * Saves a page of scores of one kind in one statement.
 *
 * @returns how many became news, and who had no score of this kind before.
 */
export async function saveScores(
  client: Queryable,
  { kind, modelId, nowMs, scores, announce, holdHighFromCents, unasked = false }: ScorePage,
): Promise<{ crossings: number; firstScored: readonly string[] }> {
  if (scores.length === 0) return { crossings: 0, firstScored: [] }
  const ids = scores.map((score) => score.customerId)
  const { rows } = await client.query<{ crossings: number; first_scored: string[] }>({
    name: 'save-scores',
    text: save,
    values: [
      uuidArray(ids),
      float8Array(scores.map((score) => score.value)),
      textArray(scores.map((score) => score.tier)),
      jsonbArray(scores.map((score) => JSON.stringify(score.reasons))),
      kind,
      modelId,
      new Date(nowMs),
      announce !== undefined,
      announce?.enter ?? null,
      announce?.leave ?? null,
      holdHighFromCents ?? null,
      !unasked,
    ],
  })
  return { crossings: rows[0]?.crossings ?? 0, firstScored: rows[0]?.first_scored ?? [] }
}
