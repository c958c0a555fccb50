/** Recipients with an address, personal traits under their own key, and a yes: a page of them in a few statements. */

import { randomUUID } from 'node:crypto'
import type { Database } from '../../src/store/database.ts'
import { sealAddress, sealPersonalTraits } from '../../src/store/personal-data.ts'
import type { Vault } from '../../src/store/vault.ts'
import { readerNumber } from './letter.ts'

const pageSize = 5_000

interface People {
  readonly count: number
  /** Before the address of each; such people say no to marketing. Default: they say yes, and have no prefix. */
  readonly watchedPrefix?: string
}

export async function addReaders(database: Database, vault: Vault, people: People, now: Date): Promise<void> {
  for (let first = 0; first < people.count; first += pageSize) {
    await addPage(database, vault, first, Math.min(people.count, first + pageSize), people, now)
  }
  await database.pool.query('VACUUM ANALYZE customers, contact_points, consents, customer_keys')
}

async function addPage(
  database: Database,
  vault: Vault,
  first: number,
  end: number,
  { watchedPrefix }: People,
  now: Date,
): Promise<void> {
  const rows = Array.from({ length: end - first }, (_, i) => {
    const id = randomUUID()
    const { email: address, firstName, ...traits } = readerNumber(first + i)
    const email = `${watchedPrefix ?? ''}${address}`
    const { key, wrapped } = vault.createCustomerKey(id)
    const pointId = randomUUID()
    return {
      id,
      wrapped,
      pointId,
      traits: JSON.stringify(traits),
      personal: sealPersonalTraits(vault, key, id, { firstName, email }),
      address: sealAddress(vault, key, pointId, email),
      hash: vault.lookupHash('email', email),
    }
  })
  const ids = rows.map(({ id }) => id)
  await database.transaction(async (client) => {
    await client.query(
      `INSERT INTO customers (id, stage, stage_since, first_seen_at, last_seen_at, created_at, updated_at, traits, personal)
       SELECT id, 'acquire', $4, $4, $4, $4, $4, traits, personal
         FROM unnest($1::uuid[], $2::jsonb[], $3::bytea[]) AS g (id, traits, personal)`,
      [ids, rows.map(({ traits }) => traits), rows.map(({ personal }) => personal), now],
    )
    await client.query('INSERT INTO customer_keys SELECT *, $3 FROM unnest($1::uuid[], $2::bytea[])', [
      ids,
      rows.map(({ wrapped }) => wrapped),
      now,
    ])
    await client.query(
      `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, created_at)
       SELECT point, id, 'email', address, hash, $5
         FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) AS p (point, id, address, hash)`,
      [rows.map(({ pointId }) => pointId), ids, rows.map(({ address }) => address), rows.map(({ hash }) => hash), now],
    )
    await client.query(
      `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
       SELECT id, 'email', '*', $3, $2, 'bench', 'form' FROM unnest($1::uuid[]) AS g (id)`,
      [ids, now, watchedPrefix === undefined ? 'granted' : 'withdrawn'],
    )
  })
}
