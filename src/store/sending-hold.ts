/**
 * A person stops sending as a whole: for the day on which a copy of the database was restored, a template went wrong, a
 * provider has trouble. Events are taken and decisions made as ever; what is planned waits in the ledger. Two rows of
 * `sending_pauses` may be in force, told apart by their key.
 */

import type { EpochMs } from '../domain/time.ts'
import { noteChange } from './audit.ts'
import type { Queryable } from './database.ts'
import { openMessagesSql } from './open-messages.ts'

/** `marketing`: receipts and other transactional messages still go. `everything`: nothing goes, webhook calls neither. */
export const holdExtents = ['marketing', 'everything'] as const
export type HoldExtent = (typeof holdExtents)[number]

export interface SendingHold {
  readonly extent: HoldExtent
  readonly reason: string
  readonly since: Date
}

export const maxReasonCharacters = 200

/** SQL: whether a person has stopped what is of that class, given as SQL. */
export function isHeld(messageClass: string): string {
  return `EXISTS (SELECT FROM sending_pauses WHERE lifted_at IS NULL AND scope = 'all'
             AND (key = 'everything' OR key = 'marketing' AND ${messageClass} = 'marketing'))`
}

/** @throws RangeError if the reason is empty or too long: whoever comes later wants to know. */
export function checkedReason(reason: string): string {
  const text = reason.trim()
  if (text !== '' && text.length <= maxReasonCharacters) return text
  throw new RangeError(`reason: must have 1 to ${maxReasonCharacters} characters, has ${text.length}`)
}

/** What is held now; of both the wider one. */
export async function findHold(client: Queryable): Promise<SendingHold | undefined> {
  const { rows } = await client.query<SendingHold>(
    `SELECT key AS extent, reason, since FROM sending_pauses
      WHERE lifted_at IS NULL AND scope = 'all' AND key = ANY ($1) ORDER BY key = 'everything' DESC LIMIT 1`,
    [holdExtents],
  )
  return rows[0]
}

/**
 * From the moment this is committed no message of that extent begins to leave. What is being transmitted ends as it would.
 *
 * @returns false if it was held already: then nothing changes, the first reason stays.
 */
export async function holdSending(
  client: Queryable,
  { extent, reason, by }: Pick<SendingHold, 'extent' | 'reason'> & { readonly by: string },
  nowMs: EpochMs,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `INSERT INTO sending_pauses (scope, key, reason, since) VALUES ('all', $1, $2, $3) ON CONFLICT DO NOTHING`,
    [extent, checkedReason(reason), new Date(nowMs)],
  )
  if (rowCount !== 1) return false
  await noteChange(client, { actor: by, action: 'pause', detail: { sending: extent } })
  return true
}

/**
 * Lets sending go on, whichever extent was held. What waited is looked at within a quarter of an hour, and leaves if it still may.
 *
 * @returns how many holds were lifted.
 */
export async function releaseSending(client: Queryable, by: string, nowMs: EpochMs): Promise<number> {
  const { rowCount } = await client.query(
    `UPDATE sending_pauses SET lifted_at = $2, lifted_by = $3 WHERE lifted_at IS NULL AND scope = 'all' AND key = ANY ($1)`,
    [holdExtents, new Date(nowMs), by],
  )
  if (rowCount !== null && rowCount > 0)
    await noteChange(client, { actor: by, action: 'resume', detail: { sending: 'all' } })
  return rowCount ?? 0
}

export interface WaitingMessages {
  readonly marketing: number
  readonly transactional: number
}

/** What has not left yet: what a release lets go, as soon as it is due. */
export async function countWaiting(client: Queryable): Promise<WaitingMessages> {
  const { rows } = await client.query<WaitingMessages>(
    `SELECT count(*) FILTER (WHERE message_class = 'marketing')::int AS marketing,
            count(*) FILTER (WHERE message_class <> 'marketing')::int AS transactional
       FROM ${openMessagesSql('message_class')} AS open`,
  )
  return rows[0] ?? { marketing: 0, transactional: 0 }
}
