/**
 * Holds the master key against the database that it belongs to, before anything is sealed or looked up with it; and replaces it.
 *
 * Replaced is what wraps the customers' keys and seals what waits for intake. Keyed hashes and signatures stay those of the
 * first key: nobody can hash anew what the suppression list holds, and links in inboxes are to live on. So the keys before
 * are kept, sealed under the new one.
 */

import type { Database, Queryable } from './database.ts'
import { type MasterKeys, Vault } from './vault.ts'

interface Mark {
  readonly mark: string
  readonly former: Buffer | null
}

const markSql = 'SELECT master_key_mark AS mark, former_keys AS former FROM installation'

/**
 * The vault of this database. Makes sure that the master key is the one that the database has now; the first to ask begins
 * it. Several processes and machines may ask at once: one mark wins, and all others are held against it.
 *
 * @throws RangeError if it is another key.
 */
export async function openVault(client: Queryable, { current }: MasterKeys): Promise<Vault> {
  const vault = new Vault(current)
  const known = await findMark(client)
  if (known === undefined) {
    await checkOldestKey(client, vault)
    await client.query('INSERT INTO installation (id, master_key_mark) VALUES (1, $1) ON CONFLICT DO NOTHING', [
      vault.mark(),
    ])
  }
  const { mark, former } = known ?? (await findMark(client)) ?? refuse()
  if (mark !== vault.mark()) refuse()
  return former === null ? vault : new Vault(current, vault.openFormer(former))
}

/** As `openVault`, but changes nothing. @returns undefined where the database has not been begun. */
export async function findVault(client: Queryable, { current }: MasterKeys): Promise<Vault | undefined> {
  const known = await findMark(client)
  if (known === undefined) return undefined
  const vault = new Vault(current)
  if (known.mark !== vault.mark()) refuse()
  return known.former === null ? vault : new Vault(current, vault.openFormer(known.former))
}

/**
 * Puts the new master key in force, if the database still has the former one. From then on both open, and customers' keys are
 * wrapped anew a page at a time (`rewrapPage`). Whoever runs with the old key alone would not open what is sealed from now
 * on, so nobody may.
 *
 * @returns whether it was replaced now.
 * @throws RangeError if processes of the product are connected.
 */
export async function replaceMasterKey(database: Database, { current, former }: MasterKeys): Promise<boolean> {
  if (former === undefined || former.equals(current)) return false
  return database.transaction(async (client) => {
    const { rows } = await client.query<Mark>(`${markSql} FOR UPDATE`)
    const [known] = rows
    const before = new Vault(former)
    const after = new Vault(current)
    // Another key than both: that is told by `openVault`.
    if (known === undefined || known.mark !== before.mark()) return false
    await refuseWhileOthersRun(client)
    const keys = [...(known.former === null ? [] : before.openFormer(known.former)), former]
    await client.query(
      `UPDATE installation SET master_key_mark = $1, former_keys = $2, rewrap_after = '00000000-0000-0000-0000-000000000000'`,
      [after.mark(), after.sealFormer(keys)],
    )
    return true
  })
}

async function refuseWhileOthersRun(client: Queryable): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT DISTINCT application_name AS name FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'perennial %' ORDER BY 1`,
  )
  if (rows.length === 0) return
  const names = rows.map(({ name }) => name.replace('perennial ', '')).join(', ')
  throw new RangeError(
    `The master key is replaced while nothing else runs: stop the processes that are connected (${names})`,
  )
}

async function findMark(client: Queryable): Promise<Mark | undefined> {
  const { rows } = await client.query<Mark>(markSql)
  return rows[0]
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
