/** Calls to others' addresses that journeys asked for: taken in hand, tried again later and later, given up, sent again. */

import type { Queryable } from './database.ts'
import { isHeld } from './sending-hold.ts'
import { standsForSql } from './stands-for.ts'

export const webhookStatuses = ['planned', 'sent', 'refused', 'dead'] as const
export type WebhookStatus = (typeof webhookStatuses)[number]

export interface ClaimedCall {
  readonly id: string
  readonly url: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly customerId: string
  /** The shop's own name for the customer of today. */
  readonly externalId: string | null
  readonly attempts: number
}

/** Longer than any attempt; whoever dies in the middle is followed by somebody else. */
const leaseSeconds = 60
const firstWaitSeconds = 5
const longestWaitSeconds = 3_600

/** The waits add up to some nine hours. */
export const mostAttempts = 18

/**
 * Takes calls that are due in hand, in real time: their receivers live in it.
 *
 * @param resting hosts that are left alone for a while; what is meant for them waits, and nothing behind it.
 */
export async function claimCalls(
  client: Queryable,
  limit: number,
  resting: readonly string[] = [],
): Promise<ClaimedCall[]> {
  const { rows } = await client.query<ClaimedCall>({
    name: 'claim-webhook-calls',
    text: `
      WITH due AS MATERIALIZED (
        SELECT id FROM webhook_calls WHERE status = 'planned' AND due_at <= clock_timestamp() AND NOT ${isHeld("'call'")}
           AND lower(split_part(url, '/', 3)) <> ALL ($2::text[])
         ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
      ), taken AS (
        UPDATE webhook_calls w
           SET attempts = w.attempts + 1, due_at = clock_timestamp() + interval '${leaseSeconds} s'
          FROM due WHERE w.id = due.id RETURNING w.*
      )
      SELECT t.id, t.url, t.payload, t.attempts, s.id AS "customerId", coalesce(s.external_id, c.external_id) AS "externalId"
        FROM taken t JOIN customers c ON c.id = t.customer_id JOIN customers s ON s.id = ${standsForSql('c')}`,
    values: [limit, resting],
  })
  return rows
}

/** Writes down how an attempt ended. Somebody who comes back from the dead, after another has begun, changes nothing. */
export async function settleCall(
  client: Queryable,
  { id, attempts }: Pick<ClaimedCall, 'id' | 'attempts'>,
  result: { readonly status: 'sent' | 'refused' | 'retry'; readonly problem?: string },
  nowMs: number,
): Promise<void> {
  const isDead = result.status === 'retry' && attempts >= mostAttempts
  const status = result.status === 'retry' ? (isDead ? 'dead' : 'planned') : result.status
  // Spread, so that many calls to one address do not come back at the same moment.
  const waitSeconds = Math.min(longestWaitSeconds, firstWaitSeconds * 2 ** (attempts - 1)) * (0.75 + Math.random() / 2)
  await client.query({
    name: 'settle-webhook-call',
    text: `
      UPDATE webhook_calls
         SET status = $3, problem = $4, settled_at = CASE WHEN $3 = 'planned' THEN NULL ELSE $5::timestamptz END,
             due_at = clock_timestamp() + make_interval(secs => $6)
       WHERE id = $1 AND attempts = $2 AND status = 'planned'`,
    values: [id, attempts, status, result.problem ?? null, new Date(nowMs), waitSeconds],
  })
}

export interface WebhookRow {
  readonly id: string
  readonly customerId: string
  readonly journey: string
  readonly step: string
  readonly url: string
  readonly status: WebhookStatus
  readonly attempts: number
  readonly problem: string | null
  readonly plannedAt: Date
  readonly dueAt: Date
  readonly settledAt: Date | null
}

export async function listCalls(
  client: Queryable,
  status: WebhookStatus | undefined,
  limit: number,
): Promise<WebhookRow[]> {
  const { rows } = await client.query<WebhookRow>(
    `SELECT id, customer_id AS "customerId", journey, step, url, status, attempts, problem, planned_at AS "plannedAt",
            due_at AS "dueAt", settled_at AS "settledAt"
       FROM webhook_calls WHERE $1::text IS NULL OR status = $1 ORDER BY planned_at DESC, id LIMIT $2`,
    [status ?? null, limit],
  )
  return rows
}

/** Calls that were given up are tried anew, as if for the first time. @param id of one; undefined: all of them. */
export async function resendCalls(client: Queryable, id: string | undefined): Promise<number> {
  const { rowCount } = await client.query(
    `UPDATE webhook_calls SET status = 'planned', attempts = 0, settled_at = NULL, due_at = clock_timestamp()
      WHERE status IN ('dead', 'refused') AND ($1::uuid IS NULL OR id = $1)`,
    [id ?? null],
  )
  return rowCount ?? 0
}
