/** The decisions of one customer, or those that concern one message, with all that they were made with. */

import type { KeptDecision } from '../domain/explain.ts'
import type { Queryable } from './database.ts'

export interface DecisionMade extends KeptDecision {
  readonly at: Date
  /** Of the journey, or of the lifecycle. */
  readonly version: string | null
  readonly entryNumber: number | null
  /** Which the decision saw. */
  readonly scores: Readonly<Record<string, number>> | null
}

export interface MessageAsked {
  readonly id: string
  readonly customerId: string
  readonly journey: string
  readonly step: string
  readonly entryNumber: number
  readonly channel: string
  readonly status: string
  readonly reason: string | null
  /** The identity that it left under; null: the usual one, or it has not left. */
  readonly sender: string | null
  readonly plannedAt: Date
  readonly settledAt: Date | null
}

const decision = `
  decided_at AS at, kind, journey, version, step, entry_number AS "entryNumber", outcome, rule, detail, scores`

/** What was decided for a customer, the newest first. */
export async function decisionsOf(
  client: Queryable,
  customerId: string,
  { limit, journey }: { readonly limit: number; readonly journey?: string | undefined },
): Promise<readonly DecisionMade[]> {
  const { rows } = await client.query<DecisionMade>(
    `SELECT ${decision} FROM decision_records
      WHERE customer_id = $1 AND ($2::text IS NULL OR journey = $2)
      ORDER BY decided_at DESC, id DESC LIMIT $3`,
    [customerId, journey ?? null, limit],
  )
  return rows
}

export async function findAskedMessage(client: Queryable, messageId: string): Promise<MessageAsked | undefined> {
  const { rows } = await client.query<MessageAsked>(
    `SELECT id, customer_id AS "customerId", journey, step, entry_number AS "entryNumber", channel, status, reason,
            sender, planned_at AS "plannedAt", settled_at AS "settledAt"
       FROM messages WHERE id = $1`,
    [messageId],
  )
  return rows[0]
}

/** The way that led to a message: the entry into its journey and every step up to it, in order. */
export async function decisionsBehind(client: Queryable, message: MessageAsked): Promise<readonly DecisionMade[]> {
  const { rows } = await client.query<DecisionMade>(
    `SELECT ${decision} FROM decision_records
      WHERE customer_id = $1 AND journey = $2 AND entry_number = $3 AND decided_at <= $4
      ORDER BY decided_at, id LIMIT 500`,
    [message.customerId, message.journey, message.entryNumber, message.settledAt ?? message.plannedAt],
  )
  return rows
}
