/** After the master key was replaced: customers' keys are wrapped by the new one, a page at a time, by whoever comes first. */

import { byteaArray, uuidArray } from './binary-arrays.ts'
import type { Database, Queryable } from './database.ts'
import type { Vault } from './vault.ts'

const keysAtOnce = 1_000

interface WrappedRow {
  readonly id: string
  readonly merge: string | null
  readonly wrapped: Buffer
}

/** How far it is: undefined if there is nothing to do. */
export async function rewrapStanding(client: Queryable): Promise<{ readonly left: number } | undefined> {
  const { rows } = await client.query<{ left: number }>(
    `SELECT (SELECT count(*)::int FROM customer_keys WHERE customer_id > i.rewrap_after) AS left
       FROM installation i WHERE i.rewrap_after IS NOT NULL`,
  )
  return rows[0]
}

/**
 * One page. Its place is kept in the same transaction, so it goes on where it was after a crash.
 *
 * @returns whether there is more.
 */
export function rewrapPage(database: Database, vault: Vault, atOnce = keysAtOnce): Promise<boolean> {
  return database.transaction(async (client) => {
    const { rows: standing } = await client.query<{ after: string }>(
      'SELECT rewrap_after AS after FROM installation WHERE rewrap_after IS NOT NULL FOR UPDATE SKIP LOCKED',
    )
    const [place] = standing
    if (place === undefined) return false
    const { rows: page } = await client.query<WrappedRow>(
      `SELECT customer_id AS id, NULL AS merge, wrapped_key AS wrapped FROM customer_keys
        WHERE customer_id > $1 ORDER BY customer_id LIMIT $2 FOR UPDATE`,
      [place.after, atOnce],
    )
    // Keys that merges took along are few, and gone after 30 days: they come with the last page.
    const isLast = page.length < atOnce
    const taken = isLast ? await takenByMerges(client) : []
    await save(client, vault, [...page, ...taken])
    await client.query('UPDATE installation SET rewrap_after = $1', [isLast ? null : page.at(-1)?.id])
    return !isLast
  })
}

async function takenByMerges(client: Queryable): Promise<WrappedRow[]> {
  const { rows } = await client.query<WrappedRow>(
    `SELECT customer_id AS id, merge_id AS merge, wrapped_key AS wrapped FROM merged_profiles
      WHERE wrapped_key IS NOT NULL FOR UPDATE`,
  )
  return rows
}

async function save(client: Queryable, vault: Vault, rows: readonly WrappedRow[]): Promise<void> {
  const changed = rows.flatMap(({ id, merge, wrapped }) => {
    const rewrapped = vault.rewrapCustomerKey(id, wrapped)
    return rewrapped === undefined ? [] : [{ id, merge, rewrapped }]
  })
  const [ofCustomers, ofMerges] = [
    changed.filter(({ merge }) => merge === null),
    changed.filter(({ merge }) => merge !== null),
  ]
  const values = (some: typeof changed): Buffer[] => [
    uuidArray(some.map(({ id }) => id)),
    byteaArray(some.map(({ rewrapped }) => rewrapped)),
  ]
  await client.query(
    `UPDATE customer_keys k SET wrapped_key = g.wrapped FROM unnest($1::uuid[], $2::bytea[]) AS g (id, wrapped)
      WHERE k.customer_id = g.id`,
    values(ofCustomers),
  )
  if (ofMerges.length === 0) return
  await client.query(
    `UPDATE merged_profiles p SET wrapped_key = g.wrapped
       FROM unnest($1::uuid[], $2::bytea[], $3::uuid[]) AS g (id, wrapped, merge)
      WHERE p.customer_id = g.id AND p.merge_id = g.merge`,
    [...values(ofMerges), uuidArray(ofMerges.map(({ merge }) => merge ?? ''))],
  )
}
