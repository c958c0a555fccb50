/** Which months of `events` need not be read at all. */

import { dayMs, type EpochMs } from '../../domain/time.ts'
import type { SqlParams } from './sql-params.ts'

/**
 * For events that happened from a moment on, joined to a WHERE: nothing is received before it happened, so parts of earlier
 * months hold none of them. A day is left for clocks that differ.
 *
 * @param fromMs -Infinity: from the beginning.
 */
export function receivedSince(fromMs: EpochMs, params: SqlParams): string {
  if (fromMs === -Infinity) return ''
  return ` AND e.received_at >= ${params.moment(Math.min(fromMs, params.nowMs) - dayMs)}`
}
