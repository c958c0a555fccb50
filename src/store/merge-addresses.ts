/** Addresses of customers who become one: sealed anew for the one who stays, who keeps them as former ones. */

import { v7 } from 'uuid'
import type { Channel } from '../domain/snapshot.ts'
import type { CurrentAddress } from './contact-points.ts'
import type { Queryable } from './database.ts'
import type { Keyring } from './keyring.ts'
import { openAddress, sealAddress } from './personal-data.ts'
import type { Profile } from './profiles.ts'
import type { Vault } from './vault.ts'

interface StoredAddress {
  readonly id: string
  readonly customerId: string
  readonly channel: Channel
  readonly address: Buffer
  readonly hash: Buffer
  readonly createdAt: Date
}

/**
 * Gives the addresses of those who leave to those who stay, as former ones; whichever is current follows the profile.
 *
 * @param keyring has the keys of all of them.
 */
export async function handOverAddresses(
  client: Queryable,
  vault: Vault,
  keyring: Keyring,
  merges: readonly { readonly from: string; readonly into: string }[],
): Promise<void> {
  if (merges.length === 0) return
  const into = new Map(merges.map((merge) => [merge.from, merge.into]))
  const { rows } = await client.query<StoredAddress>(
    `SELECT id, customer_id AS "customerId", channel, address, address_hash AS hash, created_at AS "createdAt"
     FROM contact_points WHERE customer_id = ANY ($1::uuid[]) ORDER BY id`,
    [[...into.keys()]],
  )
  const handedOver = rows.flatMap((row) => {
    const [staying, key] = [into.get(row.customerId), keyring.existing(row.customerId)]
    if (staying === undefined || key === undefined) return []
    const id = v7()
    const address = openAddress(vault, key, row.id, row.address)
    return [{ ...row, id, customerId: staying, address: sealAddress(vault, keyring.own(staying), id, address) }]
  })
  await client.query(
    `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, current, created_at)
     SELECT id, customer_id, channel, address, hash, false, created_at
     FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[], $6::timestamptz[])
       AS given (id, customer_id, channel, address, hash, created_at)
     ON CONFLICT DO NOTHING`,
    [
      handedOver.map(({ id }) => id),
      handedOver.map(({ customerId }) => customerId),
      handedOver.map(({ channel }) => channel),
      handedOver.map(({ address }) => address),
      handedOver.map(({ hash }) => hash),
      handedOver.map(({ createdAt }) => createdAt),
    ],
  )
}

const addressTraits = [
  { trait: 'email', channel: 'email', kind: 'email' },
  { trait: 'phone', channel: 'sms', kind: 'phone' },
] as const

/** The personal traits hold the newest address of each kind; the current contact point follows them. */
export function changedAddresses(
  customerId: string,
  before: Profile,
  after: Profile,
  vault: Vault,
  keyring: Keyring,
): CurrentAddress[] {
  return addressTraits.flatMap(({ trait, channel, kind }): CurrentAddress[] => {
    const address = after.personal[trait]
    if (address === before.personal[trait]) return []
    if (typeof address !== 'string') return [{ id: '', customerId, channel, address: null }]
    const id = v7()
    const sealed = sealAddress(vault, keyring.own(customerId), id, address)
    return [{ id, customerId, channel, address: { sealed, hash: vault.lookupHash(kind, address) } }]
  })
}
