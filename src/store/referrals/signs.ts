/** What speaks against a referral: the two use one device or share an address, or somebody brings suspiciously many. */

import { type KnownAddresses, sharesAddress } from '../../domain/referral-fraud.ts'
import type { Queryable } from '../database.ts'
import { openAddress, openPersonalTraits } from '../personal-data.ts'
import type { Vault } from '../vault.ts'
import type { Referral } from './referral-rows.ts'

export type FraudSign = 'same-device' | 'same-address' | 'velocity'

/** The first sign that is found. */
export async function findFraudSign(
  client: Queryable,
  vault: Vault,
  referral: Referral,
  velocity: { readonly most: number; readonly withinMs: number },
): Promise<FraudSign | undefined> {
  if (await usesOneDevice(client, referral)) return 'same-device'
  if (await livesAtOneAddress(client, vault, referral)) return 'same-address'
  return (await bringsTooMany(client, referral, velocity)) ? 'velocity' : undefined
}

const mostEvents = 2_000

/** A browser, or an app on a telephone, is known by its anonymous id. Those that we give ourselves are no device. */
async function usesOneDevice(client: Queryable, { referrerId, friendId }: Referral): Promise<boolean> {
  const devicesOf = (parameter: string): string => `
    SELECT anonymous_id AS device FROM (
      SELECT anonymous_id FROM events WHERE customer_id = ${parameter}
       ORDER BY occurred_at DESC LIMIT ${mostEvents}) AS recent
    UNION SELECT value FROM identities WHERE customer_id = ${parameter} AND kind = 'anonymous'`
  const { rows } = await client.query({
    name: 'referral-devices',
    text: `SELECT FROM (${devicesOf('$1::uuid')}) AS one JOIN (${devicesOf('$2::uuid')}) AS other USING (device)
            WHERE device IS NOT NULL AND device NOT LIKE 'customer:%' LIMIT 1`,
    values: [referrerId, friendId],
  })
  return rows.length > 0
}

async function livesAtOneAddress(client: Queryable, vault: Vault, referral: Referral): Promise<boolean> {
  const [one, other] = await Promise.all([
    knownAddresses(client, vault, referral.referrerId),
    knownAddresses(client, vault, referral.friendId),
  ])
  return sharesAddress(one, other)
}

interface SealedRow {
  readonly wrapped: Buffer | null
  readonly personal: Buffer | null
  readonly points: readonly { readonly id: string; readonly channel: string; readonly address: string }[] | null
}

async function knownAddresses(client: Queryable, vault: Vault, customerId: string): Promise<KnownAddresses> {
  const { rows } = await client.query<SealedRow>({
    name: 'referral-addresses',
    text: `
      SELECT k.wrapped_key AS wrapped, c.personal,
             (SELECT json_agg(json_build_object('id', p.id, 'channel', p.channel, 'address', encode(p.address, 'base64')))
                FROM contact_points p WHERE p.customer_id = c.id) AS points
        FROM customers c LEFT JOIN customer_keys k ON k.customer_id = c.id WHERE c.id = $1`,
    values: [customerId],
  })
  const [row] = rows
  if (row === undefined || row.wrapped === null) return { emails: [], phones: [], personal: {} }
  const key = vault.openCustomerKey(customerId, row.wrapped)
  const addressesOf = (channel: string): string[] =>
    (row.points ?? [])
      .filter((point) => point.channel === channel)
      .map((point) => openAddress(vault, key, point.id, Buffer.from(point.address, 'base64')))
  return {
    emails: addressesOf('email'),
    phones: addressesOf('sms'),
    personal: row.personal === null ? {} : openPersonalTraits(vault, key, customerId, row.personal),
  }
}

async function bringsTooMany(
  client: Queryable,
  { referrerId, attributedAt }: Referral,
  { most, withinMs }: { readonly most: number; readonly withinMs: number },
): Promise<boolean> {
  const { rows } = await client.query<{ count: number }>({
    name: 'referral-velocity',
    text: `SELECT count(*) FROM referrals
            WHERE referrer_id = $1 AND attributed_at > $2 AND attributed_at <= $3 AND status <> 'rejected'`,
    values: [referrerId, new Date(attributedAt.getTime() - withinMs), attributedAt],
  })
  return (rows[0]?.count ?? 0) > most
}
