/** Customers' scores as templates show them: `scores.churn.value`, `scores.clv.tier`, `scores.churn.reasons`. */

import type { ScoreKind } from '../domain/snapshot.ts'
import { uuidArray } from './binary-arrays.ts'
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
  return (await shownScoresOf(db, [customerId])).get(customerId) ?? {}
}

/** The same for many, by id; without those who have none. */
export async function shownScoresOf(db: Queryable, customerIds: readonly string[]): Promise<Map<string, ShownScores>> {
  const { rows } = await db.query<{ id: string; scores: ShownScores }>({
    name: 'shown-scores',
    text: `SELECT customer_id AS id, json_object_agg(kind, json_build_object('value', value, 'tier', tier, 'reasons', reasons,
                                                                            'scored_at', scored_at)) AS scores
             FROM scores WHERE customer_id = ANY ($1::uuid[]) GROUP BY customer_id`,
    values: [uuidArray(customerIds)],
  })
  return new Map(rows.map(({ id, scores }) => [id, scores]))
}
