/**
 * After a copy of the database was restored the ledger is older than the world: what it holds as planned may have left long
 * ago. While nothing is sent, a person may put such messages in doubt; then they are not sent, and each doubt ends as any other.
 */

import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'
import { openMessagesSql } from './open-messages.ts'

export interface OpenFilter {
  /** Planned before this moment of business time: what is newer cannot have left before. */
  readonly plannedBeforeMs: EpochMs
  readonly messageClass?: 'marketing' | 'transactional' | undefined
  readonly journey?: string | undefined
}

export const restoredReason = 'a copy was restored: it may have left before'

const chosen = `planned_at < $1 AND ($2::text IS NULL OR message_class = $2) AND ($3::text IS NULL OR journey = $3)`

function valuesOf({ plannedBeforeMs, messageClass, journey }: OpenFilter): unknown[] {
  return [new Date(plannedBeforeMs), messageClass ?? null, journey ?? null]
}

export async function countOpen(client: Queryable, filter: OpenFilter): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM ${openMessagesSql('planned_at, message_class, journey')} AS open WHERE ${chosen}`,
    valuesOf(filter),
  )
  return rows[0]?.count ?? 0
}

/** @returns how many are in doubt from now on. Call it only while sending is held: what leaves meanwhile would be sent twice. */
export async function doubtOpen(client: Queryable, filter: OpenFilter, nowMs: EpochMs): Promise<number> {
  const { rowCount } = await client.query(
    `UPDATE messages m SET status = 'in_doubt', reason = '${restoredReason}', settled_at = $4, lease_until = NULL, claimed_by = NULL
       FROM (SELECT id FROM ${openMessagesSql('id, planned_at, message_class, journey')} AS open WHERE ${chosen}) AS o
      WHERE m.id = o.id AND m.settled_at IS NULL`,
    [...valuesOf(filter), new Date(nowMs)],
  )
  return rowCount ?? 0
}
