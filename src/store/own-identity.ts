/** A name under which intake finds a customer who has no id of the shop's, for events that we write ourselves. */

import type { Queryable } from './database.ts'

/** @returns the anonymous id of each. */
export async function ownIdentities(
  client: Queryable,
  customerIds: readonly string[],
  atMs: number,
): Promise<(customerId: string) => string> {
  if (customerIds.length > 0) {
    await client.query(
      `INSERT INTO identities (kind, value, customer_id, created_at)
       SELECT 'anonymous', 'customer:' || id, id, $2 FROM (SELECT DISTINCT unnest($1::uuid[]) AS id) AS given ORDER BY id
       ON CONFLICT DO NOTHING`,
      [customerIds, new Date(atMs)],
    )
  }
  return (customerId) => `customer:${customerId}`
}
