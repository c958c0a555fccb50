/**
 * Whose segments may have to change. A row is written in the transaction of what touched the customer, so whoever brings
 * segments up to date sees it exactly when the change is there. The same customer may wait here more than once.
 */

import { uuidArray } from './binary-arrays.ts'
import type { Queryable } from './database.ts'

/**
 * What touched them: something came in, a review moved them, they were scored, they said yes or no to messages. What is
 * marked as `import` is a past that was told only now: what follows from it is no news.
 */
export type DirtyCause = 'intake' | 'review' | 'score' | 'consent' | 'merge' | 'import'

/** Call it inside the transaction of the change. Somebody named twice is marked once. */
export async function markDirty(client: Queryable, customerIds: Iterable<string>, cause: DirtyCause): Promise<void> {
  const ids = [...new Set(customerIds)]
  if (ids.length === 0) return
  await client.query({
    name: 'mark-dirty',
    text: 'INSERT INTO dirty_customers (customer_id, cause) SELECT unnest($1::uuid[]), $2',
    values: [uuidArray(ids), cause],
  })
}
