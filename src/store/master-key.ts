/** Holds the master key against the database that it belongs to, before anything is sealed or looked up with it. */

import type { Queryable } from './database.ts'
import type { Vault } from './vault.ts'

const text = 'the master key of this database'

/**
 * Makes sure that the master key is the one with which this database was begun; the first to ask begins it.
 * Several processes and machines may ask at once: one mark wins, and all others are held against it.
 *
 * @throws RangeError if it is another key.
 */
export async function checkMasterKey(client: Queryable, vault: Vault): Promise<void> {
  await checkOldestKey(client, vault)
  await client.query('INSERT INTO installation (id, master_key_mark) VALUES (1, $1) ON CONFLICT DO NOTHING', [
    vault.sign('master-key', text),
  ])
  const { rows } = await client.query<{ mark: string }>('SELECT master_key_mark AS mark FROM installation')
  if (!rows.every(({ mark }) => vault.verify('master-key', text, mark))) refuse()
}

/** A database may hold customers from before it was marked. */
async function checkOldestKey(client: Queryable, vault: Vault): Promise<void> {
  const { rows } = await client.query<{ customer_id: string; wrapped_key: Buffer }>(
    'SELECT customer_id, wrapped_key FROM customer_keys LIMIT 1',
  )
  try {
    for (const row of rows) vault.openCustomerKey(row.customer_id, row.wrapped_key)
  } catch {
    refuse()
  }
}

function refuse(): never {
  throw new RangeError(
    'PERENNIAL_MASTER_KEY: is not the key with which this database was written; every machine needs the same one',
  )
}
