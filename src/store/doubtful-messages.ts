/**
 * Messages of which nobody knows whether they arrived, and a person's word that ends the doubt. What a provider's report
 * says later still counts: it knows better.
 */

import { dayMs, type EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'
import { requestedJourney } from './message-requests.ts'
import { insertContactNews } from './news.ts'

export const doubtWords = ['sent', 'failed', 'retry'] as const

/** `retry`: it did not arrive, and is to be sent after all. */
export type DoubtWord = (typeof doubtWords)[number]

/** Which ones: one by its id, or all that match. */
export interface DoubtfulFilter {
  readonly id?: string | undefined
  readonly journey?: string | undefined
  readonly channel?: string | undefined
}

export interface DoubtfulSum {
  readonly journey: string
  readonly step: string
  readonly channel: string
  readonly messageClass: string
  readonly reason: string | null
  readonly count: number
  /** The oldest of them. */
  readonly since: Date
}

const doubtful = `status = 'in_doubt' AND ($1::uuid IS NULL OR id = $1) AND ($2::text IS NULL OR journey = $2)
  AND ($3::text IS NULL OR channel = $3)`

function filterValues({ id, journey, channel }: DoubtfulFilter): unknown[] {
  return [id ?? null, journey ?? null, channel ?? null]
}

/** What is in doubt, by where it comes from and why; the most first. */
export async function sumDoubtful(client: Queryable, filter: DoubtfulFilter): Promise<DoubtfulSum[]> {
  const { rows } = await client.query<DoubtfulSum>(
    `SELECT journey, step, channel, message_class AS "messageClass", reason, count(*)::int AS count,
            min(coalesce(transmitting_at, settled_at)) AS since
       FROM messages WHERE ${doubtful} GROUP BY 1, 2, 3, 4, 5 ORDER BY count DESC, journey, step, channel, reason`,
    filterValues(filter),
  )
  return rows
}

export interface DoubtsEnded {
  readonly settled: number
  /** To be sent again, but not possible: stale, or what they were to say is gone. */
  readonly kept: number
}

/**
 * Ends doubts. Sent again is only what is not stale, and not what was asked for by the API: its values are gone, so it is
 * asked for anew. Call it in a transaction.
 */
export async function settleDoubts(
  client: Queryable,
  filter: DoubtfulFilter,
  word: DoubtWord,
  nowMs: EpochMs,
): Promise<DoubtsEnded> {
  const { rows } = await client.query<{ customerId: string | null; count: number }>(
    `WITH found AS MATERIALIZED (
       SELECT id, ($4 <> 'retry' OR (coalesce(expires_at > $5, true) AND journey <> '${requestedJourney}')) AS possible
         FROM messages WHERE ${doubtful} ORDER BY id FOR UPDATE
     ), changed AS (
       UPDATE messages m SET
         status = CASE $4 WHEN 'retry' THEN 'planned' ELSE $4 END,
         reason = CASE $4 WHEN 'sent' THEN NULL WHEN 'failed' THEN 'did not arrive, as a person says' ELSE 'a person asks to send it again' END,
         settled_at = CASE WHEN $4 <> 'retry' THEN coalesce(m.settled_at, $5::timestamptz) END,
         -- Whoever says that it did not arrive says so of all attempts.
         attempts = CASE WHEN $4 <> 'retry' THEN m.attempts ELSE 0 END,
         -- An attempt that comes back from the dead must not speak for the next one.
         claimed_by = CASE WHEN $4 <> 'retry' THEN m.claimed_by END, lease_until = NULL, not_before = NULL,
         -- A broadcast that is over looks at nothing any more: then it goes the way of a single message.
         broadcast_id = CASE WHEN $4 = 'retry' AND EXISTS (SELECT FROM broadcasts b WHERE b.id = m.broadcast_id AND b.status IN ('done', 'cancelled'))
                          THEN NULL ELSE m.broadcast_id END
        FROM found f WHERE m.id = f.id AND f.possible RETURNING m.customer_id
     )
     SELECT customer_id AS "customerId", count(*)::int AS count FROM changed GROUP BY 1
     UNION ALL SELECT NULL, count(*)::int FROM found WHERE NOT possible`,
    [...filterValues(filter), word, new Date(nowMs)],
  )
  const changed = rows.flatMap(({ customerId, count }) => (customerId === null ? [] : [{ customerId, count }]))
  if (word === 'retry') {
    await insertContactNews(
      client,
      changed.map(({ customerId }) => customerId),
      nowMs,
    )
  }
  const kept = rows.find(({ customerId }) => customerId === null)?.count ?? 0
  return { settled: changed.reduce((sum, { count }) => sum + count, 0), kept }
}

/** Sent by a provider that can be asked, and in doubt for long enough that its answer is final. */
export interface DoubtfulSms {
  readonly id: string
  readonly customerId: string
  readonly transmittingMs: EpochMs
  readonly isStale: boolean
  readonly contactPointId: string
  readonly address: Buffer
  readonly wrappedKey: Buffer
}

const askedReason = 'the provider was asked, and knows of several'

/** So long the provider may be asked: then it forgets. */
const askableMs = 7 * dayMs

export async function findDoubtfulSms(
  client: Queryable,
  { beforeMs, nowMs, limit }: { readonly beforeMs: EpochMs; readonly nowMs: EpochMs; readonly limit: number },
): Promise<DoubtfulSms[]> {
  const { rows } = await client.query<DoubtfulSms & { transmittingAt: Date }>(
    `SELECT m.id, m.customer_id AS "customerId", m.transmitting_at AS "transmittingAt",
            -- The values of a request to the API are gone: whoever asked is told that it has failed.
            m.journey = '${requestedJourney}' OR coalesce(m.expires_at <= $2, false) AS "isStale", p.id AS "contactPointId", p.address, k.wrapped_key AS "wrappedKey"
       FROM messages m
       JOIN contact_points p ON p.customer_id = m.customer_id AND p.channel = 'sms' AND p.current
        -- A number that came later is not the one that was written to.
        AND p.created_at <= m.transmitting_at
       JOIN customer_keys k ON k.customer_id = m.customer_id
      WHERE m.status = 'in_doubt' AND m.channel = 'sms' AND m.provider_message_id IS NULL
        AND m.transmitting_at > $3 AND m.transmitting_at < $1 AND m.reason IS DISTINCT FROM '${askedReason}'
      ORDER BY m.transmitting_at LIMIT $4`,
    [new Date(beforeMs), new Date(nowMs), new Date(nowMs - askableMs), limit],
  )
  return rows.map((row) => ({ ...row, transmittingMs: row.transmittingAt.getTime() }))
}

/** What the provider has of it: one message of that name and outcome, none, or more than one that it could be. */
export type ProviderWord =
  | {
      readonly found: 'one'
      readonly providerMessageId: string
      readonly hasFailed: boolean
      /** Of a text message: the parts that it was sent in. */
      readonly segments?: number | undefined
    }
  | { readonly found: 'none' | 'several' }

/** Names of the provider that no message of ours has. */
export async function unclaimedNames(client: Queryable, names: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT name FROM unnest($1::text[]) AS g (name)
      WHERE NOT EXISTS (SELECT FROM messages m WHERE m.provider_message_id = g.name)`,
    [names],
  )
  return rows.map(({ name }) => name)
}

/** What the provider has never had certainly did not arrive: it may be sent after all, unless it is stale. */
export async function settleByProvider(
  client: Queryable,
  { id, customerId, isStale }: DoubtfulSms,
  word: ProviderWord,
  nowMs: EpochMs,
): Promise<void> {
  const found = word.found === 'one' ? word : undefined
  const none = isStale ? 'failed' : 'planned'
  const status = found ? (found.hasFailed ? 'failed' : 'sent') : word.found === 'none' ? none : 'in_doubt'
  const reasons = { one: found?.hasFailed === true ? 'the provider could not deliver it' : null, several: askedReason }
  const reason = word.found === 'none' ? 'the provider was asked, and never had it' : reasons[word.found]
  const { rowCount } = await client.query(
    `UPDATE messages m SET status = $2, reason = $3, provider_message_id = coalesce($4, provider_message_id),
            settled_at = CASE WHEN $2 <> 'planned' THEN settled_at END, lease_until = NULL,
            attempts = CASE WHEN $2 <> 'planned' THEN attempts ELSE 0 END,
            claimed_by = CASE WHEN $2 <> 'planned' THEN claimed_by END, segments = coalesce($5, segments),
            -- A broadcast that is over looks at nothing any more: then it goes the way of a single message.
            broadcast_id = CASE WHEN $2 = 'planned' AND EXISTS (SELECT FROM broadcasts b WHERE b.id = m.broadcast_id AND b.status IN ('done', 'cancelled'))
                             THEN NULL ELSE m.broadcast_id END
      WHERE id = $1 AND status = 'in_doubt'`,
    [id, status, reason, found?.providerMessageId ?? null, found?.segments ?? null],
  )
  if (rowCount === 1 && status === 'planned') await insertContactNews(client, [customerId], nowMs)
}
