/** Messages of the ledger as lists show them, newest first. */

import type { Queryable } from './database.ts'
import { keptCounts } from './kept-counts.ts'

export const messageStatuses = ['planned', 'claimed', 'transmitting', 'sent', 'failed', 'refused', 'in_doubt'] as const

export interface ListedMessage {
  readonly id: string
  readonly customerId: string
  readonly journey: string
  readonly version: string
  readonly step: string
  readonly entryNumber: number
  readonly channel: string
  readonly messageClass: string
  readonly topic: string
  readonly template: string
  readonly status: string
  readonly reason: string | null
  readonly attempts: number
  /** The identity that it left under; null: the usual one, or it has not left. */
  readonly sender: string | null
  readonly plannedAt: Date
  readonly settledAt: Date | null
  readonly deliveredAt: Date | null
}

export interface MessageQuery {
  readonly status?: string | undefined
  readonly journey?: string | undefined
  readonly channel?: string | undefined
  readonly customerId?: string | undefined
  readonly limit: number
  /** The last message of the page before. */
  readonly after?: { readonly plannedMs: number; readonly id: string } | undefined
}

export interface MessagePage {
  readonly total: number
  readonly messages: readonly ListedMessage[]
  readonly hasMore: boolean
}

const filters = `($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR journey = $2)
  AND ($3::text IS NULL OR channel = $3) AND ($4::uuid IS NULL OR customer_id = $4)`

/** Of everybody's: no message is read for it. */
const totalSql = `
  SELECT coalesce(sum(change), 0)::bigint AS total FROM ${keptCounts('messages')} AS kept
   WHERE ($1::text IS NULL OR labels ->> 'status' = $1) AND ($2::text IS NULL OR labels ->> 'journey' = $2)
     AND ($3::text IS NULL OR labels ->> 'channel' = $3)`

export async function listMessages(client: Queryable, query: MessageQuery): Promise<MessagePage> {
  const values = [query.status ?? null, query.journey ?? null, query.channel ?? null, query.customerId ?? null]
  const { after, limit } = query
  const [{ rows: counted }, { rows }] = await Promise.all([
    client.query<{ total: number }>(
      query.customerId === undefined ? totalSql : `SELECT count(*) AS total FROM messages WHERE ${filters}`,
      query.customerId === undefined ? values.slice(0, 3) : values,
    ),
    client.query<ListedMessage>(
      `SELECT id, customer_id AS "customerId", journey, version, step, entry_number AS "entryNumber", channel,
              message_class AS "messageClass", topic, template, status, reason, attempts, sender, planned_at AS "plannedAt",
              settled_at AS "settledAt", delivered_at AS "deliveredAt"
       FROM messages
       WHERE ${filters} AND ($5::timestamptz IS NULL OR (planned_at, id) < ($5, $6::uuid))
       ORDER BY planned_at DESC, id DESC LIMIT $7`,
      [...values, after === undefined ? null : new Date(after.plannedMs), after?.id ?? null, limit + 1],
    ),
  ])
  return { total: counted[0]?.total ?? 0, messages: rows.slice(0, limit), hasMore: rows.length > limit }
}
