/** People with a phone for tests of text messages. */

import { randomUUID } from 'node:crypto'
import { sealAddress, sealPersonalTraits } from '../../../src/store/personal-data.ts'
import { addCrowd } from '../../workflows/support/crowds.ts'
import type { World } from '../../workflows/support/world.ts'

type Needs = Pick<World, 'database' | 'vault' | 'clock'>

export interface PhoneOwner {
  readonly id: string
  readonly phone: string
}

let numbers = 2_020_000_000

/** Customers with an email address, a phone, a yes to everything on both, and a first name. */
export async function addPhoneCrowd(needs: Needs, count: number): Promise<PhoneOwner[]> {
  const { database, vault, clock } = needs
  const ids = await addCrowd(needs, count)
  const now = new Date(clock.nowMs())
  const { rows: keys } = await database.pool.query<{ id: string; wrapped: Buffer }>(
    'SELECT customer_id AS id, wrapped_key AS wrapped FROM customer_keys WHERE customer_id = ANY ($1::uuid[])',
    [ids],
  )
  const rows = keys.map(({ id, wrapped }) => {
    const key = vault.openCustomerKey(id, wrapped)
    const pointId = randomUUID()
    const phone = `+1${++numbers}`
    const personal = sealPersonalTraits(vault, key, id, { firstName: 'Ada' })
    return { id, phone, pointId, personal, sealed: sealAddress(vault, key, pointId, phone) }
  })
  await database.pool.query(
    `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, created_at)
     SELECT point, id, 'sms', address, hash, $5
       FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bytea[]) AS p (point, id, address, hash)`,
    [
      rows.map(({ pointId }) => pointId),
      rows.map(({ id }) => id),
      rows.map(({ sealed }) => sealed),
      rows.map(({ phone }) => vault.lookupHash('phone', phone)),
      now,
    ],
  )
  await database.pool.query(
    `UPDATE customers c SET personal = g.personal FROM unnest($1::uuid[], $2::bytea[]) AS g (id, personal) WHERE c.id = g.id`,
    [rows.map(({ id }) => id), rows.map(({ personal }) => personal)],
  )
  await database.pool.query(
    `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
     SELECT id, 'sms', '*', 'granted', $2, 'test', 'form' FROM unnest($1::uuid[]) AS given (id)`,
    [ids, now],
  )
  return rows.map(({ id, phone }) => ({ id, phone })).sort((a, b) => (a.id < b.id ? -1 : 1))
}
