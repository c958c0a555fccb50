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
  /** Whoever was of the high tier stays it from this value on, though a first one needs more. */
  readonly holdHighFromCents?: number | null
}

// The tier of a risk is the side of the two thresholds on which it was last: it changes only where the far one is passed,
// so that a score that trembles about one of them is news once, whether or not somebody has looked meanwhile.
const save = `
  WITH given AS (
    SELECT * FROM unnest($1::uuid[], $2::float8[], $3::text[], $4::jsonb[]) AS n (customer_id, value, tier, reasons)
  ), old AS (
    SELECT s.customer_id, s.value, CASE WHEN $5 = 'churn' AND s.tier IS NULL AND c.at_risk THEN 'high' ELSE s.tier END AS tier
      FROM scores s JOIN customers c ON c.id = s.customer_id
     WHERE s.kind = $5 AND s.customer_id IN (SELECT customer_id FROM given)
  ), new AS (
    SELECT g.customer_id, g.value, g.reasons,
           CASE WHEN $5 = 'churn' AND $9::float8 IS NOT NULL THEN
                  CASE WHEN g.value >= $9 THEN 'high' WHEN g.value < $10 THEN 'low' ELSE coalesce(o.tier, 'low') END
                WHEN $5 = 'clv' AND o.tier = 'high' AND g.value >= $11 THEN 'high'
                ELSE g.tier END AS tier
      FROM given g LEFT JOIN old o USING (customer_id)
  ), saved AS (
    -- Nearly everybody has one already, and changing a row is far cheaper than trying to insert it first.
    UPDATE scores s
       SET value = n.value, tier = n.tier, reasons = n.reasons, model_id = $6, scored_at = $7
      FROM new n WHERE s.customer_id = n.customer_id AND s.kind = $5
  ), added AS (
    INSERT INTO scores (customer_id, kind, value, tier, reasons, model_id, scored_at)
    SELECT n.customer_id, $5, n.value, n.tier, n.reasons, $6, $7
      FROM new n LEFT JOIN old o USING (customer_id) WHERE o.customer_id IS NULL
    ON CONFLICT (customer_id, kind) DO UPDATE
       SET value = excluded.value, tier = excluded.tier, reasons = excluded.reasons, model_id = excluded.model_id,
           scored_at = excluded.scored_at
  ), stamped AS (
    -- Only who has bought since: of the others a review already knows that their scores are fresh.
    UPDATE customers SET scored_at = $7
     WHERE id IN (SELECT customer_id FROM given) AND (scored_at IS NULL OR scored_at <= last_order_at)
  ), dirtied AS (
    INSERT INTO dirty_customers (customer_id, cause)
    SELECT n.customer_id, 'score' FROM new n LEFT JOIN old o USING (customer_id)
     WHERE n.value IS DISTINCT FROM o.value OR n.tier IS DISTINCT FROM o.tier
  ), crossing AS (
    SELECT n.customer_id,
           CASE WHEN n.tier = 'high' AND o.tier IS DISTINCT FROM 'high' THEN 'up'
                WHEN o.tier = 'high' AND n.tier IS DISTINCT FROM 'high' THEN 'down' END AS crossed
      -- A first score crosses nothing: there was nothing before it.
      FROM new n JOIN old o USING (customer_id)
     WHERE $8 AND $5 IN ('churn', 'clv')
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
  { kind, modelId, nowMs, scores, announce, holdHighFromCents }: ScorePage,
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
      holdHighFromCents ?? null,
    ],
  })
  return { crossings: rows[0]?.crossings ?? 0, firstScored: rows[0]?.first_scored ?? [] }
}
