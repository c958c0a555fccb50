/**
 * The partitions of the events, one for each month in which events were received (UTC): `event_parts.events_2026_11`. Old
 * events go by dropping a partition, which costs nothing, however many there are.
 */

import type { Queryable } from './database.ts'
import { errorRoutine } from './describe-error.ts'

/** The first moment of a month, UTC. */
export function monthStartMs(ms: number, monthsLater = 0): number {
  const date = new Date(ms)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater)
}

/** Makes sure that events received in these months find their partition. Safe to call from many processes at once. */
export async function ensureEventParts(client: Queryable, fromMs: number, toMs: number = fromMs): Promise<void> {
  for (let month = monthStartMs(fromMs); month <= toMs; month = monthStartMs(month, 1)) {
    await client.query('SELECT event_parts.ensure_month($1)', [new Date(month).toISOString().slice(0, 10)])
  }
}

/** The error of an insert that finds no partition: nobody has made the one of that month yet. */
export function lacksEventPart(error: unknown): boolean {
  return errorRoutine(error) === 'ExecFindPartition'
}
