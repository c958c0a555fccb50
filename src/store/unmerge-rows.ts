/**
 * Undoing a merge, as far as rows are concerned: what had moved goes back, and what came since through a name of the one
 * who comes back goes with it.
 */

import { eventKey } from '../domain/event-key.ts'
import { dayMs } from '../domain/time.ts'
import { mergeSource } from './consents.ts'
import type { Queryable } from './database.ts'
import { type EventDay, splitEventDays } from './event-days.ts'
import { returnJourneys } from './merge-journeys.ts'
import { movedKeys as keys, type Split } from './merge-records.ts'
import { plainTables } from './merges.ts'

export async function returnRows(client: Queryable, split: Split, nowMs: number): Promise<void> {
  const { leavingId, stayingId, chain } = split
  const [{ moved }] = chain
  for (const [table, key] of Object.entries(plainTables)) {
    await client.query(`UPDATE ${table} t SET customer_id = $1 WHERE customer_id = $2 AND (${key})::text = ANY ($3)`, [
      leavingId,
      stayingId,
      keys(moved, table),
    ])
  }
  await returnLaterEvents(client, split)
  await returnConsents(client, split)
  await returnJourneys(client, split, nowMs)
  await client.query(
    `UPDATE news n SET customer_id = $1, nudged_at = NULL WHERE customer_id = $2 AND consumed_at IS NULL
       AND (n.id::text = ANY ($3) OR EXISTS (SELECT FROM events e WHERE e.id = n.event_id AND e.customer_id = $1))`,
    [leavingId, stayingId, keys(moved, 'news')],
  )
}

/** What was done since under one of their names alone; and the orders of it. What only an address told stays. */
async function returnLaterEvents(client: Queryable, { leavingId, stayingId, chain }: Split): Promise<void> {
  const names = (kind: string): string[] =>
    keys(chain[0].moved, 'identities').flatMap((key) => (key.startsWith(`${kind}:`) ? key.slice(kind.length + 1) : []))
  const { rows } = await client.query<{ type: string; name: string | null; atMs: number; messageId: string }>(
    `UPDATE events SET customer_id = $1 WHERE customer_id = $2
       AND (user_id = ANY ($3) OR (anonymous_id = ANY ($4) AND (user_id IS NULL OR user_id = ANY ($3))))
     RETURNING type, name, (extract(epoch FROM occurred_at) * 1000)::float8 AS "atMs", message_id AS "messageId"`,
    [leavingId, stayingId, names('user'), names('anonymous')],
  )
  await client.query('UPDATE orders SET customer_id = $1 WHERE customer_id = $2 AND content_by = ANY ($3)', [
    leavingId,
    stayingId,
    rows.map(({ messageId }) => messageId),
  ])
  await splitEventDays(
    client,
    leavingId,
    chain.map(({ stayingId }) => stayingId),
    countByDay(leavingId, rows),
  )
}

function countByDay(
  customerId: string,
  events: readonly { readonly type: string; readonly name: string | null; readonly atMs: number }[],
): EventDay[] {
  const days = new Map<string, EventDay>()
  for (const { type, name, atMs } of events) {
    const key = eventKey(type, name)
    if (key === undefined) continue
    const day = Math.floor(atMs / dayMs)
    const known = days.get(`${day} ${key}`)
    days.set(`${day} ${key}`, {
      customerId,
      name: key,
      day,
      count: (known?.count ?? 0) + 1,
      firstMs: Math.min(atMs, known?.firstMs ?? atMs),
      lastMs: Math.max(atMs, known?.lastMs ?? atMs),
    })
  }
  return [...days.values()]
}

/**
 * Everybody gets their own words back. A no that was said while the two were one holds for both, whoever meant it; a yes
 * stays with the one who stayed.
 */
async function returnConsents(client: Queryable, { leavingId, stayingId, chain }: Split): Promise<void> {
  const [{ moved, mergedAt }] = chain
  await client.query('DELETE FROM consents WHERE id::text = ANY ($1)', [keys(moved, 'upheld')])
  await client.query('UPDATE consents SET customer_id = $1 WHERE customer_id = $2 AND id::text = ANY ($3)', [
    leavingId,
    stayingId,
    keys(moved, 'consents'),
  ])
  await client.query(
    `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method, words, words_hash)
     SELECT $1, channel, topic, status, given_at, source, method, words, words_hash FROM consents
     WHERE customer_id = $2 AND status = 'withdrawn' AND given_at >= $3 AND source <> $4`,
    [leavingId, stayingId, mergedAt, mergeSource],
  )
}
