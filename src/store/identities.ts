/** Under which names the shop knows a customer: its own ids, browsers' anonymous ids, addresses as keyed hashes. */

import { textArray } from './binary-arrays.ts'
import type { Queryable } from './database.ts'

/** `user`: the shop's id. `anonymous`: a browser or app before sign-in. `email`, `phone`: keyed hash in hex. */
export type IdentityKind = 'user' | 'anonymous' | 'email' | 'phone'

export interface Identity {
  readonly kind: IdentityKind
  readonly value: string
}

/** Whom an identity names. */
export interface IdentifiedCustomer {
  readonly id: string
  /** The shop's id for them; null for somebody who never signed in. */
  readonly externalId: string | null
  /** Counts how often a name was taken from them. */
  readonly epoch: number
  /** Of which kinds they have identities that are theirs alone. */
  readonly signs: readonly IdentityKind[]
  /** This identity is used by several people. */
  readonly shared: boolean
}

export interface NewIdentity extends Identity {
  readonly customerId: string
  readonly shared: boolean
}

/** One text for each identity, to use as the key of a map. */
export function identityKey({ kind, value }: Identity): string {
  return `${kind}:${value}`
}

/** Those of the identities that are known, by `identityKey`. */
export async function findIdentities(
  client: Queryable,
  identities: readonly Identity[],
): Promise<Map<string, IdentifiedCustomer>> {
  const { rows } = await client.query<Identity & IdentifiedCustomer>({
    name: 'find-identities',
    text: `
      SELECT i.kind, i.value, i.shared, c.id, c.external_id AS "externalId", c.identity_epoch AS epoch,
             ARRAY(SELECT DISTINCT own.kind FROM identities own
                   WHERE own.customer_id = c.id AND NOT own.shared) AS signs
      FROM unnest($1::text[], $2::text[]) AS given (kind, value)
      JOIN identities i ON i.kind = given.kind AND i.value = given.value
      JOIN customers c ON c.id = i.customer_id`,
    values: [textArray(identities.map(({ kind }) => kind)), textArray(identities.map(({ value }) => value))],
  })
  return new Map(rows.map(({ kind, value, ...customer }) => [identityKey({ kind, value }), customer]))
}

/** Of which kinds customers have identities that are theirs alone; `added` are left out. */
export async function readSigns(
  client: Queryable,
  customerIds: readonly string[],
  added: readonly Identity[],
): Promise<Map<string, readonly IdentityKind[]>> {
  const { rows } = await client.query<{ id: string; signs: IdentityKind[] }>({
    name: 'read-signs',
    text: `
      SELECT given.id, ARRAY(SELECT DISTINCT own.kind FROM identities own
                             WHERE own.customer_id = given.id AND NOT own.shared
                               AND (own.kind, own.value) NOT IN (SELECT * FROM unnest($2::text[], $3::text[]))) AS signs
      FROM unnest($1::uuid[]) AS given (id)`,
    values: [customerIds, added.map(({ kind }) => kind), added.map(({ value }) => value)],
  })
  return new Map(rows.map(({ id, signs }) => [id, signs]))
}

/** The first of two keys, which keeps our advisory locks apart from everybody else's. */
const newIdentityLockClass = 7_236_025

/**
 * Reserves names that nobody has yet for this transaction, as far as others reserve them too, and waits for nobody.
 *
 * @param names as `identityKey` makes them.
 * @returns those that it has.
 */
export async function holdNewIdentities(client: Queryable, names: readonly string[]): Promise<ReadonlySet<string>> {
  if (names.length === 0) return new Set()
  const { rows } = await client.query<{ name: string }>({
    name: 'hold-new-identities',
    text: `SELECT name FROM unnest($1::text[]) AS given (name)
           WHERE pg_try_advisory_xact_lock(${newIdentityLockClass}, hashtext(name))`,
    values: [textArray(names)],
  })
  return new Set(rows.map(({ name }) => name))
}

/**
 * Adds identities that were not known a moment ago. Waits for whoever is adding the same ones right now; always in the
 * same order, so that nobody waits in a circle.
 *
 * @returns how many were added. Fewer than given: somebody else was first, so what was read before is out of date.
 */
export async function insertIdentities(
  client: Queryable,
  identities: readonly NewIdentity[],
  nowMs: number,
): Promise<number> {
  if (identities.length === 0) return 0
  const sorted = [...identities].sort((a, b) => (identityKey(a) < identityKey(b) ? -1 : 1))
  const { rowCount } = await client.query({
    name: 'insert-identities',
    text: `
      INSERT INTO identities (kind, value, customer_id, shared, created_at)
      SELECT kind, value, customer_id, shared, $5
      FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bool[]) AS given (kind, value, customer_id, shared)
      ON CONFLICT DO NOTHING`,
    values: [
      sorted.map(({ kind }) => kind),
      sorted.map(({ value }) => value),
      sorted.map(({ customerId }) => customerId),
      sorted.map(({ shared }) => shared),
      new Date(nowMs),
    ],
  })
  return rowCount ?? 0
}

/** An identity that turned out to be shared, and whose it is from now on. */
export interface SharedIdentity extends Identity {
  readonly ownerId: string
  readonly newOwnerId: string
}

/**
 * Marks identities as shared. Their owners must be locked.
 *
 * @returns how many there were with these owners. Fewer than given: what was read before is out of date.
 */
export async function shareIdentities(client: Queryable, shared: readonly SharedIdentity[]): Promise<number> {
  if (shared.length === 0) return 0
  const { rows } = await client.query<{ owner: string }>({
    name: 'share-identities',
    text: `
      UPDATE identities i SET shared = true, customer_id = given.new_owner
      FROM unnest($1::text[], $2::text[], $3::uuid[], $4::uuid[]) AS given (kind, value, owner, new_owner)
      WHERE i.kind = given.kind AND i.value = given.value AND i.customer_id = given.owner
      RETURNING given.owner`,
    values: [
      shared.map(({ kind }) => kind),
      shared.map(({ value }) => value),
      shared.map(({ ownerId }) => ownerId),
      shared.map(({ newOwnerId }) => newOwnerId),
    ],
  })
  await client.query('UPDATE customers SET identity_epoch = identity_epoch + 1 WHERE id = ANY ($1::uuid[])', [
    [...new Set(rows.map(({ owner }) => owner))],
  ])
  return rows.length
}
