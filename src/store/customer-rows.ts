/** Customers one page after another, as they were at one moment, however many there are. */

import type { Database } from './database.ts'

export interface CustomerRowOut {
  readonly id: string
  readonly externalId: string | null
  readonly traits: Readonly<Record<string, unknown>>
  readonly personal: Buffer | null
  readonly wrappedKey: Buffer | null
  /** By column of the table. */
  readonly columns: Readonly<Record<string, string | number | null>>
}

/** What of the table may be asked for; names are only ever taken from this list. */
export const customerColumns = [
  'stage',
  'stage_since',
  'first_seen_at',
  'last_seen_at',
  'first_order_at',
  'last_order_at',
  'order_count',
  'revenue_cents',
  'refunded_cents',
  'discount_cents',
  'currency',
  'country',
  'time_zone',
  'locale',
  'email_domain',
] as const

const pageSize = 1_000

/** Whether there is a segment of this key that counts. */
export async function hasSegment(database: Database, key: string): Promise<boolean> {
  const { rowCount } = await database.pool.query(
    `SELECT FROM segments WHERE kind = 'segment' AND key = $1 AND status = 'live'`,
    [key],
  )
  return (rowCount ?? 0) > 0
}

/** @param segment undefined: everybody. */
export async function* customerPages(
  database: Database,
  segment: string | undefined,
): AsyncGenerator<readonly CustomerRowOut[], void, undefined> {
  const client = await database.pool.connect()
  let broken: Error | undefined
  try {
    await client.query('BEGIN READ ONLY')
    await client.query(
      `DECLARE export_customers NO SCROLL CURSOR FOR
       SELECT c.id, c.external_id AS "externalId", c.traits, c.personal, k.wrapped_key AS "wrappedKey",
              json_build_object(${customerColumns.map((name) => `'${name}', c.${name}`).join(', ')}) AS columns
       FROM customers c LEFT JOIN customer_keys k ON k.customer_id = c.id
       WHERE c.merged_into IS NULL AND c.erasing_at IS NULL
         AND ($1::text IS NULL OR c.id IN (
           SELECT m.customer_id FROM segment_members m JOIN segments s ON s.id = m.segment_id
           WHERE s.kind = 'segment' AND s.key = $1 AND s.status = 'live'))
       ORDER BY c.id`,
      [segment ?? null],
    )
    for (;;) {
      const { rows } = await client.query<CustomerRowOut>(`FETCH ${pageSize} FROM export_customers`)
      if (rows.length === 0) break
      yield rows
    }
  } finally {
    await client.query('ROLLBACK').catch((error: Error) => (broken = error))
    client.release(broken)
  }
}
