/** Addresses of customers. At most one per channel is current: the one that messages go to. */

import type { Channel } from '../domain/snapshot.ts'
import type { Queryable } from './database.ts'

export interface CurrentAddress {
  /** Of the contact point; used if the customer has none with this address yet. */
  readonly id: string
  readonly customerId: string
  readonly channel: Channel
  /** Null: from now on there is no current one. */
  readonly address: {
    /** Sealed for the contact point with that id. */
    readonly sealed: Buffer
    readonly hash: Buffer
  } | null
}

/** Makes addresses current, and whatever was current on their channel not. At most one per customer and channel. */
export async function setCurrentAddresses(
  client: Queryable,
  rows: readonly CurrentAddress[],
  nowMs: number,
): Promise<void> {
  if (rows.length === 0) return
  // First the old ones: while both are current the unique index would object.
  await client.query({
    name: 'demote-contact-points',
    text: `
      UPDATE contact_points p SET current = false
      FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS given (customer_id, channel, hash)
      WHERE p.customer_id = given.customer_id AND p.channel = given.channel AND p.current
        AND p.address_hash IS DISTINCT FROM given.hash`,
    values: [
      rows.map((row) => row.customerId),
      rows.map((row) => row.channel),
      rows.map((row) => row.address?.hash ?? null),
    ],
  })
  const present = rows.flatMap((row) => (row.address === null ? [] : [{ row, address: row.address }]))
  if (present.length === 0) return
  await client.query({
    name: 'set-contact-points',
    text: `
      INSERT INTO contact_points (id, customer_id, channel, address, address_hash, current, created_at)
      SELECT id, customer_id, channel, address, hash, true, $6
      FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[])
        AS given (id, customer_id, channel, address, hash)
      ON CONFLICT (customer_id, channel, address_hash) DO UPDATE SET current = true`,
    values: [
      present.map(({ row }) => row.id),
      present.map(({ row }) => row.customerId),
      present.map(({ row }) => row.channel),
      present.map(({ address }) => address.sealed),
      present.map(({ address }) => address.hash),
      new Date(nowMs),
    ],
  })
}

/** The customers whose current address this is. */
export async function customersAtAddress(client: Queryable, channel: Channel, hash: Buffer): Promise<string[]> {
  const { rows } = await client.query<{ customer_id: string }>(
    'SELECT customer_id FROM contact_points WHERE channel = $1 AND address_hash = $2 AND current ORDER BY customer_id',
    [channel, hash],
  )
  return rows.map((row) => row.customer_id)
}
