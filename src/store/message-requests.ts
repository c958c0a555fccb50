/**
 * Messages that a shop's system asks for, one at a time: receipts, tickets, new passwords. A request under a key that was
 * used before is the same request, or a mistake; it is never a second message.
 */

import { createHash } from 'node:crypto'
import { v7 } from 'uuid'
import type { Channel } from '../domain/snapshot.ts'
import type { Queryable } from './database.ts'
import { insertNews } from './news.ts'
import type { Vault } from './vault.ts'

/** In the ledger, the journey of messages that were asked for by the API. No marketer can call one so. */
export const requestedJourney = 'system:api'

/** Under this name the values of a request wait in the ledger, sealed; they are gone once it is settled. */
export const sealedDataField = '$sealed'

export interface MessageRequest {
  readonly key: string
  readonly customerId: string
  readonly channel: Channel
  readonly template: string
  readonly topic: string
  /** What the template may use; it may be personal. */
  readonly data: Readonly<Record<string, unknown>>
  readonly validForMs: number
}

export type Requested =
  | { readonly outcome: 'planned' | 'known'; readonly messageId: string }
  /** The key was used for another request. */
  | { readonly outcome: 'conflict' }
  /** Nobody has that id any more. */
  | { readonly outcome: 'gone' }

/** Plans it, or says what was planned before. Call it in a transaction. @param body what was asked for, in one form. */
export async function requestMessage(
  client: Queryable,
  vault: Vault,
  request: MessageRequest,
  body: string,
  nowMs: number,
): Promise<Requested> {
  const bodyHash = createHash('sha256').update(body).digest()
  const messageId = v7()
  // Whoever comes second with the same key waits here for the first.
  const { rowCount } = await client.query(
    `INSERT INTO message_requests (key, body_hash, message_id, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
    [request.key, bodyHash, messageId, new Date(nowMs)],
  )
  if (rowCount === 0) return findEarlier(client, request.key, bodyHash)
  const { rowCount: isThere } = await client.query(
    'SELECT FROM customers WHERE id = $1 AND merged_into IS NULL AND erasing_at IS NULL FOR UPDATE',
    [request.customerId],
  )
  if (isThere === 0) {
    await client.query('DELETE FROM message_requests WHERE key = $1', [request.key])
    return { outcome: 'gone' }
  }
  await plan(client, vault, request, messageId, nowMs)
  await insertNews(client, [{ customerId: request.customerId, kind: 'contact', atMs: nowMs }])
  return { outcome: 'planned', messageId }
}

async function findEarlier(client: Queryable, key: string, bodyHash: Buffer): Promise<Requested> {
  const { rows } = await client.query<{ bodyHash: Buffer; messageId: string }>(
    `SELECT body_hash AS "bodyHash", message_id AS "messageId" FROM message_requests WHERE key = $1`,
    [key],
  )
  const [earlier] = rows
  if (earlier === undefined || !earlier.bodyHash.equals(bodyHash)) return { outcome: 'conflict' }
  return { outcome: 'known', messageId: earlier.messageId }
}

async function plan(
  client: Queryable,
  vault: Vault,
  { customerId, channel, template, topic, data, validForMs }: MessageRequest,
  messageId: string,
  nowMs: number,
): Promise<void> {
  const sealed = vault.sealForIntake(JSON.stringify(data), messageId).toString('base64')
  await client.query(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                           template, status, data, planned_at, expires_at)
     SELECT $1, $2, '${requestedJourney}', 'api', $3,
            coalesce((SELECT max(entry_number) FROM messages WHERE customer_id = $2 AND journey = '${requestedJourney}'), 0) + 1,
            0, $4, 'transactional', $5, $3, 'planned', $6, $7, $8`,
    [
      messageId,
      customerId,
      template,
      channel,
      topic,
      JSON.stringify(Object.keys(data).length === 0 ? {} : { [sealedDataField]: sealed }),
      new Date(nowMs),
      new Date(nowMs + validForMs),
    ],
  )
}

/** The values of a request, opened; those of other messages as they are. */
export function openRequestedData(
  vault: Vault,
  messageId: string,
  data: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const sealed = data[sealedDataField]
  if (typeof sealed !== 'string') return data
  return JSON.parse(vault.openFromIntake(Buffer.from(sealed, 'base64'), messageId)) as Record<string, unknown>
}

export interface MessageFate {
  readonly id: string
  readonly status: string
  readonly reason: string | null
  readonly channel: Channel
  readonly template: string
  readonly plannedAt: Date
  readonly settledAt: Date | null
  readonly deliveredAt: Date | null
}

export async function findRequested(client: Queryable, messageId: string): Promise<MessageFate | undefined> {
  const { rows } = await client.query<MessageFate>(
    `SELECT id, status, reason, channel, template, planned_at AS "plannedAt", settled_at AS "settledAt",
            delivered_at AS "deliveredAt"
       FROM messages WHERE id = $1 AND journey = '${requestedJourney}'`,
    [messageId],
  )
  return rows[0]
}
