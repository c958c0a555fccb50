/** Under which names the shop knows a customer: its own ids, browsers' anonymous ids, addresses as keyed hashes. */

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
}

export interface NewIdentity extends Identity {
  readonly customerId: string
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
      SELECT i.kind, i.value, c.id, c.external_id AS "externalId"
      FROM unnest($1::text[], $2::text[]) AS given (kind, value)
      JOIN identities i ON i.kind = given.kind AND i.value = given.value
      JOIN customers c ON c.id = i.customer_id`,
    values: [identities.map(({ kind }) => kind), identities.map(({ value }) => value)],
  })
  return new Map(rows.map((row) => [identityKey(row), { id: row.id, externalId: row.externalId }]))
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
      INSERT INTO identities (kind, value, customer_id, created_at)
      SELECT kind, value, customer_id, $4
      FROM unnest($1::text[], $2::text[], $3::uuid[]) AS given (kind, value, customer_id)
      ON CONFLICT DO NOTHING`,
    values: [
      sorted.map(({ kind }) => kind),
      sorted.map(({ value }) => value),
      sorted.map(({ customerId }) => customerId),
      new Date(nowMs),
    ],
  })
  return rowCount ?? 0
}
