/** The suppression list as people work on it: looked through, added to by thousands, taken from one by one. */

import type { Channel } from '../domain/snapshot.ts'
import type { Queryable } from './database.ts'
import { markDirty } from './dirty-customers.ts'
import { insertContactNews } from './news.ts'
import type { SuppressionReason } from './suppressions.ts'

export interface ListedSuppression {
  readonly channel: Channel
  /** The beginning of the keyed hash of the address: enough to tell two apart, of no use without the key. */
  readonly hash: string
  readonly reason: SuppressionReason
  readonly detail: string | null
  readonly since: Date
}

export interface SuppressionQuery {
  readonly channel?: string | undefined
  readonly reason?: string | undefined
  readonly addressHash?: Buffer | undefined
  readonly limit: number
}

/** The newest first. */
export async function listSuppressions(
  client: Queryable,
  { channel, reason, addressHash, limit }: SuppressionQuery,
): Promise<{ total: number; suppressions: readonly ListedSuppression[] }> {
  const values = [channel ?? null, reason ?? null, addressHash ?? null]
  const where = `($1::text IS NULL OR channel = $1) AND ($2::text IS NULL OR reason = $2)
    AND ($3::bytea IS NULL OR address_hash = $3)`
  const [counted, listed] = await Promise.all([
    client.query<{ total: number }>(`SELECT count(*) AS total FROM suppressions WHERE ${where}`, values),
    client.query<ListedSuppression>(
      `SELECT channel, left(encode(address_hash, 'hex'), 12) AS hash, reason, detail, since
       FROM suppressions WHERE ${where} ORDER BY since DESC, address_hash LIMIT $4`,
      [...values, limit],
    ),
  ])
  return { total: counted.rows[0]?.total ?? 0, suppressions: listed.rows }
}

export interface AddressToSuppress {
  readonly channel: Channel
  readonly addressHash: Buffer
  readonly reason: SuppressionReason
  readonly detail: string | null
}

/**
 * Adds many at once. What is on the list already stays as it is, except that the person's own word replaces a technical
 * reason. Call it in a transaction. @returns how many were new or changed.
 */
export async function suppressMany(
  client: Queryable,
  addresses: readonly AddressToSuppress[],
  atMs: number,
): Promise<number> {
  const { rows } = await client.query<{ channel: Channel; address_hash: Buffer }>(
    `INSERT INTO suppressions AS s (channel, address_hash, reason, detail, since)
     SELECT DISTINCT ON (channel, hash) channel, hash, reason, detail, $5::timestamptz
     FROM unnest($1::text[], $2::bytea[], $3::text[], $4::text[]) AS given (channel, hash, reason, detail)
     ORDER BY channel, hash, (reason = 'stop') DESC
     ON CONFLICT (channel, address_hash) DO UPDATE
       SET reason = excluded.reason, detail = excluded.detail, since = excluded.since
       WHERE excluded.reason = 'stop' AND s.reason <> 'stop'
     RETURNING channel, address_hash`,
    [
      addresses.map(({ channel }) => channel),
      addresses.map(({ addressHash }) => addressHash),
      addresses.map(({ reason }) => reason),
      addresses.map(({ detail }) => detail),
      new Date(atMs),
    ],
  )
  await tellOwners(client, rows, atMs)
  return rows.length
}

/** Takes one off the list. @returns the reason for which it stays: only its owner takes back a `stop`. */
export async function unsuppress(
  client: Queryable,
  channel: Channel,
  addressHash: Buffer,
  atMs: number,
): Promise<'removed' | 'unknown' | 'stop'> {
  const { rows } = await client.query<{ reason: SuppressionReason }>(
    'SELECT reason FROM suppressions WHERE channel = $1 AND address_hash = $2 FOR UPDATE',
    [channel, addressHash],
  )
  if (rows[0] === undefined) return 'unknown'
  if (rows[0].reason === 'stop') return 'stop'
  await client.query('DELETE FROM suppressions WHERE channel = $1 AND address_hash = $2', [channel, addressHash])
  await tellOwners(client, [{ channel, address_hash: addressHash }], atMs)
  return 'removed'
}

async function tellOwners(
  client: Queryable,
  addresses: readonly { readonly channel: Channel; readonly address_hash: Buffer }[],
  atMs: number,
): Promise<void> {
  if (addresses.length === 0) return
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM customers WHERE id IN (
       SELECT p.customer_id FROM contact_points p
       JOIN unnest($1::text[], $2::bytea[]) AS given (channel, hash) ON p.channel = given.channel AND p.address_hash = given.hash
       WHERE p.current) ORDER BY id FOR UPDATE`,
    [addresses.map(({ channel }) => channel), addresses.map(({ address_hash: hash }) => hash)],
  )
  const ids = rows.map(({ id }) => id)
  await insertContactNews(client, ids, atMs)
  await markDirty(client, ids, 'consent')
}
