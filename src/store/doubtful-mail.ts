/** Email in doubt, and what the provider says of it when it is asked. */

import { dayMs, type EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

export interface DoubtfulMail {
  readonly id: string
  readonly transmittingMs: EpochMs
  /** The identity that it left under; null: the usual one. */
  readonly sender: string | null
}

const asked = 'the provider was asked, and does not know it'

/** So long the provider keeps what it knows. */
const askableMs = 3 * dayMs

/** Those of which it has not been asked yet, the oldest first. */
export async function findDoubtfulMail(
  client: Queryable,
  { beforeMs, nowMs, limit }: { readonly beforeMs: EpochMs; readonly nowMs: EpochMs; readonly limit: number },
): Promise<DoubtfulMail[]> {
  const { rows } = await client.query<{ id: string; transmittingAt: Date; sender: string | null }>(
    `SELECT id, transmitting_at AS "transmittingAt", sender FROM messages
      WHERE status = 'in_doubt' AND channel = 'email' AND transmitting_at > $2 AND transmitting_at < $1
        AND coalesce(reason, '') NOT LIKE '%' || $4
      ORDER BY transmitting_at LIMIT $3`,
    [new Date(beforeMs), new Date(nowMs - askableMs), limit, asked],
  )
  return rows.map(({ id, transmittingAt, sender }) => ({ id, transmittingMs: transmittingAt.getTime(), sender }))
}

/** A report may have ended the doubt already: then nothing is left to say. */
export async function settleDoubtfulMail(
  client: Queryable,
  id: string,
  word: 'taken' | 'refused' | 'unknown',
): Promise<void> {
  await client.query(
    `UPDATE messages
        SET status = CASE $2::text WHEN 'taken' THEN 'sent' WHEN 'refused' THEN 'failed' ELSE status END,
            reason = CASE $2 WHEN 'taken' THEN NULL WHEN 'refused' THEN 'the provider refused it'
                             ELSE concat_ws('; ', reason, $3::text) END
      WHERE id = $1 AND status = 'in_doubt'`,
    [id, word, asked],
  )
}
