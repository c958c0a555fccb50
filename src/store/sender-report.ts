/** What left under each sending identity on this day, and what the plans of warming up have counted of it. */

import type { MessageClass } from '../domain/snapshot.ts'
import { dayMs, type EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

export interface SenderCounts {
  /** Null: the usual one. */
  readonly sender: string | null
  readonly messageClass: MessageClass
  readonly sent: number
  readonly failed: number
  readonly inDoubt: number
}

/** By the day of UTC, as the plans count. */
export async function countSendersToday(client: Queryable, nowMs: EpochMs): Promise<readonly SenderCounts[]> {
  const { rows } = await client.query<SenderCounts>(
    `SELECT sender, message_class AS "messageClass", count(*) FILTER (WHERE status = 'sent')::int AS sent,
            count(*) FILTER (WHERE status = 'failed')::int AS failed,
            count(*) FILTER (WHERE status = 'in_doubt')::int AS "inDoubt"
       FROM messages WHERE channel = 'email' AND transmitting_at >= $1 GROUP BY 1, 2`,
    [new Date(Math.floor(nowMs / dayMs) * dayMs)],
  )
  return rows
}

/** What is counted of plans on this day, by identity. */
export async function usedToday(client: Queryable, nowMs: EpochMs): Promise<ReadonlyMap<string, number>> {
  const { rows } = await client.query<{ sender: string; used: number }>(
    'SELECT sender, used FROM sender_days WHERE day = $1',
    [new Date(nowMs).toISOString().slice(0, 10)],
  )
  return new Map(rows.map(({ sender, used }) => [sender, used]))
}
