/** Finding the person whom somebody means, with every customer that turned out to be them. */

import { normaliseEmail, normalisePhone } from './addresses.ts'
import { isUuid } from './customer-list.ts'
import type { Queryable } from './database.ts'
import type { Vault } from './vault.ts'

/** Whom a text names: their ids, of which a person may have several where two customers were merged. */
export type FoundPerson =
  | { readonly found: 'one'; readonly customerId: string }
  | { readonly found: 'none' }
  /** Several people share the address. */
  | { readonly found: 'several'; readonly customerIds: readonly string[] }

/** @param text an id, the shop's id, a whole e-mail address or phone number. */
export async function findPerson(client: Queryable, vault: Vault, text: string): Promise<FoundPerson> {
  const named = text.trim()
  if (isUuid(named)) return one(await existing(client, named))
  const { rows: byName } = await client.query<{ customer_id: string }>(
    `SELECT customer_id FROM identities WHERE kind = 'user' AND value = $1`,
    [named],
  )
  if (byName[0] !== undefined) return one(byName[0].customer_id)
  const hashes = addressHashes(named, vault)
  if (hashes.length === 0) return one(undefined)
  const { rows } = await client.query<{ customer_id: string }>(
    `SELECT customer_id FROM contact_points WHERE address_hash = ANY ($1::bytea[])
     UNION SELECT customer_id FROM identities WHERE kind IN ('email', 'phone') AND value = ANY ($2) ORDER BY 1`,
    [hashes, hashes.map((hash) => hash.toString('hex'))],
  )
  if (rows.length > 1) return { found: 'several', customerIds: rows.map((row) => row.customer_id) }
  return one(rows[0]?.customer_id)
}

/** All customers who are one person, the one that stays first. Empty: nobody has that id. */
export async function customersOfPerson(client: Queryable, customerId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `WITH RECURSIVE up AS (
       SELECT id, merged_into FROM customers WHERE id = $1
       UNION SELECT c.id, c.merged_into FROM up JOIN customers c ON c.id = up.merged_into
     ), whole AS (
       SELECT id, 0 AS depth FROM up WHERE merged_into IS NULL
       UNION SELECT c.id, w.depth + 1 FROM whole w JOIN customers c ON c.merged_into = w.id
     )
     SELECT id FROM whole ORDER BY depth, id`,
    [customerId],
  )
  return rows.map(({ id }) => id)
}

function one(customerId: string | undefined): FoundPerson {
  return customerId === undefined ? { found: 'none' } : { found: 'one', customerId }
}

async function existing(client: Queryable, id: string): Promise<string | undefined> {
  const { rowCount } = await client.query('SELECT FROM customers WHERE id = $1', [id])
  return rowCount === 1 ? id : undefined
}

function addressHashes(text: string, vault: Vault): Buffer[] {
  const email = text.includes('@') ? normaliseEmail(text) : undefined
  const phone = text.startsWith('+') ? normalisePhone(text) : undefined
  return [
    ...(email === undefined ? [] : [vault.lookupHash('email', email)]),
    ...(phone === undefined ? [] : [vault.lookupHash('phone', phone.e164)]),
  ]
}
