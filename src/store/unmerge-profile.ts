/**
 * Undoing a merge, as far as the person is concerned: the one who comes back gets key, profile and addresses back as they
 * were; the one who stayed keeps nothing that only the other one had told.
 */

import type { Channel } from '../domain/snapshot.ts'
import { setCurrentAddresses } from './contact-points.ts'
import { type LockedCustomer, updateCustomers } from './customers.ts'
import type { Queryable } from './database.ts'
import { Keyring } from './keyring.ts'
import { changedAddresses } from './merge-addresses.ts'
import type { Split } from './merge-records.ts'
import { sealPersonalTraits } from './personal-data.ts'
import { openProfile, type Profile, splitProfile } from './profiles.ts'
import type { Vault } from './vault.ts'

/** @param locked both customers, with their personal part. */
export async function returnProfile(
  client: Queryable,
  vault: Vault,
  { leavingId, stayingId, chain }: Split,
  locked: ReadonlyMap<string, LockedCustomer>,
  nowMs: number,
): Promise<void> {
  const kept = await loadKept(client, chain)
  const own = kept.find(({ mergeId, customerId }) => mergeId === chain[0].id && customerId === leavingId)
  const staying = locked.get(stayingId)
  if (own === undefined || staying === undefined)
    throw new Error(`merge ${chain[0].id}: what was kept of it is missing`)

  const others = kept.filter((row) => row !== own)
  const keyring = new Keyring(vault, keysOf(kept).set(stayingId, staying))
  const open = ({ customerId: id, personal, profile }: KeptProfile): Profile =>
    openProfile({ ...profile, id, personal }, vault, keyring)
  const joint = openProfile(staying, vault, keyring)
  const rest = splitProfile(joint, open(own), others.map(open))

  await rewriteKept(client, vault, keyring, chain, open(own), others.map(open), hashesOf(own))
  await restoreProfile(client, chain[0].id, leavingId, nowMs)
  const key = keyring.existing(stayingId)
  const personal = key === undefined ? null : sealPersonalTraits(vault, key, stayingId, rest.personal)
  const row = { ...rest, id: stayingId, externalId: null, personal, firstSeenMs: nowMs, lastSeenMs: 0 }
  await updateCustomers(client, [row], nowMs)
  await recountSightings(client, stayingId, others)

  await setCurrentAddresses(client, changedAddresses(stayingId, joint, rest, vault, keyring), nowMs)
  const hashesOfOthers = new Set(others.flatMap(hashesOf))
  await client.query(
    `DELETE FROM contact_points WHERE customer_id = $1 AND NOT current AND encode(address_hash, 'hex') = ANY ($2)`,
    [stayingId, hashesOf(own).filter((hash) => !hashesOfOthers.has(hash))],
  )
}

/**
 * Who stayed first and left later took all of it along: what is kept of them must not bring it back one day.
 *
 * @param own what the one who comes back had told, and under which addresses.
 */
async function rewriteKept(
  client: Queryable,
  vault: Vault,
  keyring: Keyring,
  [, ...later]: Split['chain'],
  own: Profile,
  others: readonly Profile[],
  ownHashes: readonly string[],
): Promise<void> {
  for (const { id: mergeId, leavingId } of later) {
    const { rows } = await client.query<KeptProfile>(
      `SELECT merge_id AS "mergeId", customer_id AS "customerId", personal, profile, contact_points AS "contactPoints"
       FROM merged_profiles WHERE merge_id = $1 AND customer_id = $2`,
      [mergeId, leavingId],
    )
    const [row] = rows
    const key = keyring.existing(leavingId)
    if (row === undefined) continue
    const { firstSeenAt, lastSeenAt } = row.profile
    const before = openProfile({ ...row.profile, id: leavingId, personal: row.personal }, vault, keyring)
    const { personal, ...rest } = splitProfile(before, own, others)
    const current = currentHashes(vault, personal)
    const points = row.contactPoints.filter(({ hash }) => !ownHashes.includes(hash) || current.has(hash))
    await client.query(
      `UPDATE merged_profiles SET profile = $3, personal = $4, contact_points = $5
       WHERE merge_id = $1 AND customer_id = $2`,
      [
        mergeId,
        leavingId,
        JSON.stringify({ ...rest, firstSeenAt, lastSeenAt }),
        key === undefined ? null : sealPersonalTraits(vault, key, leavingId, personal),
        JSON.stringify(points.map((point) => ({ ...point, current: current.has(point.hash) }))),
      ],
    )
  }
}

function currentHashes(vault: Vault, { email, phone }: Profile['personal']): Set<string> {
  return new Set([
    ...(typeof email === 'string' ? [vault.lookupHash('email', email).toString('hex')] : []),
    ...(typeof phone === 'string' ? [vault.lookupHash('phone', phone).toString('hex')] : []),
  ])
}

interface KeptProfile {
  readonly mergeId: string
  readonly customerId: string
  readonly wrappedKey: Buffer | null
  readonly personal: Buffer | null
  readonly profile: Omit<Profile, 'personal'> & { readonly firstSeenAt: string; readonly lastSeenAt: string }
  readonly contactPoints: readonly { readonly channel: Channel; readonly hash: string }[]
}

/**
 * The one who comes back as they were; and everybody who is still together, each as they were before anything of the one
 * who comes back was among it: who stayed, at every step, and who joined any of them otherwise.
 */
async function loadKept(client: Queryable, chain: Split['chain']): Promise<KeptProfile[]> {
  const { rows } = await client.query<KeptProfile>(
    `SELECT p.merge_id AS "mergeId", p.customer_id AS "customerId", p.wrapped_key AS "wrappedKey", p.personal, p.profile,
            p.contact_points AS "contactPoints"
     FROM customer_merges m JOIN merged_profiles p ON p.merge_id = m.id
     WHERE m.undone_at IS NULL AND m.staying_id = ANY ($2::uuid[])
       AND (m.id = $3 OR (p.customer_id = m.staying_id AND m.id = ANY ($1::uuid[]))
                      OR (p.customer_id = m.leaving_id AND NOT m.id = ANY ($1::uuid[])))`,
    [chain.map(({ id }) => id), chain.map(({ stayingId }) => stayingId), chain[0].id],
  )
  return [...rows, ...(await loadKeys(client, chain))]
}

/** Who stayed first and left later has their key in the record of that; the profile there is everybody's already. */
async function loadKeys(client: Queryable, [, ...later]: Split['chain']): Promise<KeptProfile[]> {
  if (later.length === 0) return []
  const { rows } = await client.query<{ customerId: string; wrappedKey: Buffer | null }>(
    `SELECT p.customer_id AS "customerId", p.wrapped_key AS "wrappedKey"
     FROM customer_merges m JOIN merged_profiles p ON p.merge_id = m.id AND p.customer_id = m.leaving_id
     WHERE m.id = ANY ($1::uuid[])`,
    [later.map(({ id }) => id)],
  )
  const nothing = { traits: {}, traitTimes: {}, timeZone: null, locale: null, country: null, emailDomain: null }
  return rows.map((row) => ({
    ...row,
    mergeId: '',
    personal: null,
    profile: { ...nothing, firstSeenAt: '', lastSeenAt: '' },
    contactPoints: [],
  }))
}

function keysOf(kept: readonly KeptProfile[]): Map<string, { wrappedKey: Buffer | null }> {
  return new Map(kept.filter(({ wrappedKey }) => wrappedKey !== null).map((row) => [row.customerId, row]))
}

function hashesOf({ contactPoints }: KeptProfile): string[] {
  return contactPoints.map(({ hash }) => hash)
}

/** Everything was sealed under their own key and for the same rows: it goes back as it is. */
async function restoreProfile(client: Queryable, mergeId: string, customerId: string, nowMs: number): Promise<void> {
  const values = [mergeId, customerId]
  const kept = 'merged_profiles k WHERE k.merge_id = $1 AND k.customer_id = $2'
  await client.query(
    `INSERT INTO customer_keys (customer_id, wrapped_key, created_at)
     SELECT customer_id, wrapped_key, $3 FROM ${kept} AND wrapped_key IS NOT NULL`,
    [...values, new Date(nowMs)],
  )
  await client.query(
    `UPDATE customers c
     SET personal = k.personal, traits = k.profile -> 'traits', trait_times = k.profile -> 'traitTimes',
         time_zone = k.profile ->> 'timeZone', locale = k.profile ->> 'locale', country = k.profile ->> 'country',
         email_domain = k.profile ->> 'emailDomain'
     FROM ${kept} AND c.id = k.customer_id`,
    values,
  )
  await client.query(
    `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, current, created_at)
     SELECT p.id, k.customer_id, p.channel, decode(p.address, 'hex'), decode(p.hash, 'hex'), p.current, p."createdAt"
     FROM merged_profiles k, jsonb_to_recordset(k.contact_points) AS p (
            id uuid, channel text, address text, hash text, current boolean, "createdAt" timestamptz)
     WHERE k.merge_id = $1 AND k.customer_id = $2`,
    values,
  )
  await client.query('DELETE FROM merged_profiles WHERE merge_id = $1', [mergeId])
}

/** First and last sight only ever move apart; here they may move together again. */
async function recountSightings(client: Queryable, customerId: string, others: readonly KeptProfile[]): Promise<void> {
  const moments = others.flatMap(({ profile }) => [profile.firstSeenAt, profile.lastSeenAt]).filter((at) => at !== '')
  await client.query(
    `UPDATE customers c SET first_seen_at = seen.first, last_seen_at = seen.last
     FROM (SELECT min(at) AS first, max(at) AS last
           FROM (SELECT unnest($2::timestamptz[]) AS at
                 UNION ALL (SELECT min(occurred_at) FROM events WHERE customer_id = $1)
                 UNION ALL (SELECT max(occurred_at) FROM events WHERE customer_id = $1)) AS moment) AS seen
     WHERE c.id = $1 AND seen.first IS NOT NULL`,
    [customerId, moments],
  )
}
