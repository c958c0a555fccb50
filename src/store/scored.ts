/** When a customer's scores were last computed, or found impossible. */

import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'

/** Moves the moment forward, never back. */
export async function markScored(client: Queryable, customerId: string, nowMs: EpochMs): Promise<void> {
  await client.query('UPDATE customers SET scored_at = greatest(scored_at, $2) WHERE id = $1', [
    customerId,
    new Date(nowMs),
  ])
}
