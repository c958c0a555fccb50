/** In which currency a shop sells, for sums over many customers. */

import type { Queryable } from './database.ts'

const sampleSize = 1_000

/** That of most orders in a sample; null while there are none. ISO 4217. */
export async function shopCurrency(client: Queryable): Promise<string | null> {
  const { rows } = await client.query<{ currency: string | null }>(
    `SELECT mode() WITHIN GROUP (ORDER BY currency) AS currency FROM (SELECT currency FROM orders LIMIT $1) AS sample`,
    [sampleSize],
  )
  return rows[0]?.currency ?? null
}
