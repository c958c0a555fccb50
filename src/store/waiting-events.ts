/** Events that intake has not tied to a customer, but which are a person's: by an id of theirs, or by what is sealed. */

import type { Queryable } from './database.ts'
import { openAddress } from './personal-data.ts'
import type { Vault } from './vault.ts'

/** What tells that an event is this person's. In memory only. */
export interface PersonSigns {
  /** The shop's ids and browsers. */
  readonly ids: readonly string[]
  /** Addresses in plain text, lower case. */
  readonly addresses: readonly string[]
}

const pageSize = 500

export async function signsOf(client: Queryable, vault: Vault, customerIds: readonly string[]): Promise<PersonSigns> {
  const { rows: identities } = await client.query<{ value: string }>(
    `SELECT value FROM identities WHERE customer_id = ANY ($1::uuid[]) AND kind IN ('user', 'anonymous')
     UNION SELECT external_id FROM customers WHERE id = ANY ($1::uuid[]) AND external_id IS NOT NULL`,
    [customerIds],
  )
  const { rows: points } = await client.query<{ id: string; owner: string; address: Buffer; key: Buffer }>(
    `SELECT p.id, p.customer_id AS owner, p.address, k.wrapped_key AS key
     FROM contact_points p JOIN customer_keys k USING (customer_id) WHERE p.customer_id = ANY ($1::uuid[])`,
    [customerIds],
  )
  return {
    ids: identities.map(({ value }) => value),
    addresses: points.map(({ id, owner, address, key }) =>
      openAddress(vault, vault.openCustomerKey(owner, key), id, address).toLowerCase(),
    ),
  }
}

/**
 * The ids of the events that no customer has yet and that are this person's: those that wait, and those that were set
 * aside. Their sealed parts are opened one by one, which is no more work than handling them would be.
 */
export async function findWaitingEvents(client: Queryable, vault: Vault, signs: PersonSigns): Promise<number[]> {
  const ids = new Set(signs.ids)
  const found: number[] = []
  for (let after = 0; ; ) {
    const { rows } = await client.query<WaitingRow>({
      name: 'find-waiting-events',
      text: `
        SELECT id, message_id, user_id, anonymous_id, sealed, properties ->> 'previousId' AS previous_id FROM events
        WHERE id > $1 AND customer_id IS NULL AND (handled_at IS NULL OR problem IS NOT NULL)
        ORDER BY id LIMIT $2`,
      values: [after, pageSize],
    })
    for (const row of rows) if (isTheirs(row, ids, signs.addresses, vault)) found.push(row.id)
    if (rows.length < pageSize) return found
    after = rows.at(-1)?.id ?? after
  }
}

interface WaitingRow {
  readonly id: number
  readonly message_id: string
  readonly user_id: string | null
  readonly anonymous_id: string | null
  readonly previous_id: string | null
  readonly sealed: Buffer | null
}

function isTheirs(row: WaitingRow, ids: ReadonlySet<string>, addresses: readonly string[], vault: Vault): boolean {
  if ([row.user_id, row.anonymous_id, row.previous_id].some((id) => id !== null && ids.has(id))) return true
  if (row.sealed === null || addresses.length === 0) return false
  try {
    const opened = vault.openFromIntake(row.sealed, row.message_id).toLowerCase()
    return addresses.some((address) => opened.includes(address))
  } catch {
    return false // Sealed with another key: nobody here can read it.
  }
}
