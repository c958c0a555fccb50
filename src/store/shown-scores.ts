/** A customer's scores as templates show them: `scores.churn.value`, `scores.clv.tier`, `scores.churn.reasons`. */

import type { ScoreKind } from '../domain/snapshot.ts'
import type { Queryable } from './database.ts'

interface ShownScore {
  readonly value: number
  readonly tier: 'high' | 'middle' | 'low' | null
  /** In plain words, the most important first. */
  readonly reasons: readonly string[]
  readonly scored_at: string
}

/** Only those that there are. */
type ShownScores = { readonly [Kind in ScoreKind]?: ShownScore }

export async function shownScores(db: Queryable, customerId: string): Promise<ShownScores> {
  const { rows } = await db.query<{ scores: ShownScores }>({
    name: 'shown-scores',
    text: `SELECT coalesce(json_object_agg(kind, json_build_object('value', value, 'tier', tier, 'reasons', reasons,
                                                                  'scored_at', scored_at)), '{}') AS scores
             FROM scores WHERE customer_id = $1`,
    values: [customerId],
  })
  return rows[0]?.scores ?? {}
}
