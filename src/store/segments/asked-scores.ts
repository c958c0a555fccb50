/** Whether any segment or computed trait, in use or about to be, asks about scores of a kind. */

import type { ScoreKind } from '../../domain/snapshot.ts'
import type { Queryable } from '../database.ts'
import { shareEvaluation } from './segment-locks.ts'

/**
 * Call it inside the transaction that saves such scores: what it says then holds until the end of that transaction. A
 * segment whose building begins later sees the scores themselves.
 */
export async function isScoreAsked(client: Queryable, kind: ScoreKind): Promise<boolean> {
  await shareEvaluation(client)
  const { rows } = await client.query<{ asked: boolean }>({
    name: 'is-score-asked',
    text: `SELECT EXISTS (
             SELECT FROM segments s JOIN campaigns c USING (kind, key, version)
              WHERE s.status <> 'ended' AND strpos(c.document::text, 'score.' || $1) > 0) AS asked`,
    values: [kind],
  })
  return rows[0]?.asked !== false
}
