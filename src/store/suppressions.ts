/** Addresses that nothing may be sent to, whoever they belong to. */

import type { Channel } from '../domain/snapshot.ts'
import type { Queryable } from './database.ts'

/**
 * `stop`: the person said so. `invalid`: nobody can be reached there. `complaint`, `bounce`: as reported. `manual`: put
 * on the list by hand or by import. `erased`: its owner asked to be forgotten; a receipt for a new order may still come.
 */
export type SuppressionReason = 'stop' | 'invalid' | 'complaint' | 'bounce' | 'manual' | 'erased'

export interface NewSuppression {
  readonly channel: Channel
  /** As made by `vault.lookupHash`. */
  readonly addressHash: Buffer
  readonly reason: SuppressionReason
  /** The provider's words or code. No address. */
  readonly detail: string | null
  readonly atMs: number
}

/** Whoever has one of the addresses may belong to other segments now. @returns, as SQL, a row per address. */
const tellOfChanged = `, dirtied AS (
       INSERT INTO dirty_customers (customer_id, cause)
       SELECT p.customer_id, 'consent' FROM changed JOIN contact_points p USING (channel, address_hash)
     )
     SELECT FROM changed`

/**
 * From now on nothing goes to this address. A word of the person (`stop`) replaces a technical reason and is never
 * replaced by one: only the person can take it back.
 *
 * @returns whether this was new.
 */
export async function suppress(
  client: Queryable,
  { channel, addressHash, reason, detail, atMs }: NewSuppression,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `WITH changed AS (
       INSERT INTO suppressions AS s (channel, address_hash, reason, detail, since) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (channel, address_hash) DO UPDATE
         SET reason = excluded.reason, detail = excluded.detail, since = excluded.since
         WHERE excluded.reason = 'stop' AND s.reason <> 'stop'
       RETURNING channel, address_hash
     ) ${tellOfChanged}`,
    [channel, addressHash, reason, detail, new Date(atMs)],
  )
  return rowCount === 1
}

/** The addresses of somebody who was erased. What is on the list for another reason stays there for it. */
export async function suppressForever(
  client: Queryable,
  addresses: readonly { readonly channel: Channel; readonly addressHash: Buffer }[],
  nowMs: number,
): Promise<void> {
  await client.query(
    `INSERT INTO suppressions (channel, address_hash, reason, since)
     SELECT channel, hash, 'erased', $3 FROM unnest($1::text[], $2::bytea[]) AS given (channel, hash)
     ON CONFLICT DO NOTHING`,
    [addresses.map(({ channel }) => channel), addresses.map(({ addressHash }) => addressHash), new Date(nowMs)],
  )
}

/** Takes back what the person said (`stop`), and nothing else. @returns whether there was something to take back. */
export async function liftStop(client: Queryable, channel: Channel, addressHash: Buffer): Promise<boolean> {
  const { rowCount } = await client.query(
    `WITH changed AS (
       DELETE FROM suppressions WHERE channel = $1 AND address_hash = $2 AND reason = 'stop'
       RETURNING channel, address_hash
     ) ${tellOfChanged}`,
    [channel, addressHash],
  )
  return rowCount === 1
}
