/** How old scores are. Reads them all: to be asked now and then, not at every turn. */

import { hourMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'
import type { Counted } from './metrics.ts'

export interface ScoreAge {
  readonly kind: string
  readonly scores: number
  /** Of how many the schedule of every day should have made another one since. */
  readonly late: number
  readonly oldestMs: number
  readonly newestMs: number
}

/** A schedule of every day, with half a day for whoever was down in the night. */
const lateAfterMs = 36 * hourMs

export async function readScoreAges(client: Queryable, nowMs: number): Promise<ScoreAge[]> {
  const { rows } = await client.query<{ kind: string; scores: number; late: number; oldest: Date; newest: Date }>(
    `SELECT kind, count(*)::int AS scores, (count(*) FILTER (WHERE scored_at < $1))::int AS late,
            min(scored_at) AS oldest, max(scored_at) AS newest
       FROM scores GROUP BY kind ORDER BY kind`,
    [new Date(nowMs - lateAfterMs)],
  )
  const since = (moment: Date): number => Math.max(0, nowMs - moment.getTime())
  return rows.map(({ kind, scores, late, oldest, newest }) => ({
    kind,
    scores,
    late,
    oldestMs: since(oldest),
    newestMs: since(newest),
  }))
}

/**
 * Of which kinds nobody has made scores anew when it was time: of most customers, because a few cannot be scored any more
 * and keep what they have.
 */
export function neglected(ages: readonly ScoreAge[], kinds: readonly string[]): ScoreAge[] {
  return ages.filter(({ kind, scores, late }) => kinds.includes(kind) && late > scores / 2)
}

export const scoreAgeHelps: Readonly<Record<string, string>> = {
  perennial_scores_oldest_seconds: 'How old the oldest score of a kind is',
  perennial_scores_newest_seconds: 'How old the newest score of a kind is',
  perennial_scores_late: 'Scores of a kind that are older than a day and a half',
}

export function scoreAgeMetrics(ages: readonly ScoreAge[]): Counted[] {
  return ages.flatMap(({ kind, late, oldestMs, newestMs }) => {
    const labels = { kind }
    return [
      { metric: 'perennial_scores_oldest_seconds', labels, value: oldestMs / 1_000 },
      { metric: 'perennial_scores_newest_seconds', labels, value: newestMs / 1_000 },
      { metric: 'perennial_scores_late', labels, value: late },
    ]
  })
}
