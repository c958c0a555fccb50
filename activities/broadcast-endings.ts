/** How messages of a broadcast end, or come again: in the words of the ledger, and written down with patience. */

import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../src/clock.ts'
import type { DeliveryResult } from '../src/domain/delivery.ts'
import type { Channel } from '../src/domain/snapshot.ts'
import type { BulkSettlement } from '../src/store/broadcasts/bulk-ledger.ts'
import type { BulkMessage } from '../src/store/broadcasts/bulk-page.ts'

/** Why a message can never be composed, without personal data. */
export interface Broken {
  readonly broken: string
  readonly isAddress: boolean
}

/** A message that has certainly not left, and comes another time. */
export interface Later {
  readonly id: string
  readonly notBeforeMs: number
  readonly reason: string
}

export interface ChunkCounts {
  readonly sent: number
  readonly failed: number
  readonly inDoubt: number
  readonly retried: number
}

/** A message that was refused for the time being waits as long as it has waited before, within these bounds. */
export const shortestRetryMs = 30_000
const longestRetryMs = 15 * 60_000

export function retryOf({ id, plannedAtMs }: BulkMessage, reason: string, clock: Clock): Later {
  const nowMs = clock.nowMs()
  const waitMs = Math.min(longestRetryMs, Math.max(shortestRetryMs, nowMs - plannedAtMs))
  return { id, notBeforeMs: nowMs + waitMs, reason }
}

export function brokenMessage(
  message: BulkMessage,
  { broken, isAddress }: Broken,
  channel: Channel,
  clock: Clock,
): BulkSettlement {
  const result = { status: 'failed', reason: broken, ...(isAddress ? { suppress: 'invalid' as const } : {}) } as const
  return settlementOf(message, result, channel, clock)
}

export function settlementOf(
  { id, sealed }: BulkMessage,
  result: Exclude<DeliveryResult, { status: 'retry' }>,
  channel: Channel,
  clock: Clock,
): BulkSettlement {
  if (result.status === 'sent') {
    return { id, status: 'sent', providerMessageId: result.providerMessageId, segments: result.segments }
  }
  const { status, reason } = result
  const suppress = status === 'failed' ? result.suppress : undefined
  if (suppress === undefined) return { id, status, reason }
  const suppression = {
    channel,
    addressHash: sealed.addressHash,
    reason: suppress,
    detail: reason,
    atMs: clock.nowMs(),
  } as const
  return { id, status, reason, suppression }
}

const mostAttempts = 12
const betweenAttemptsMs = 1_000

/** A database that restarts is back within seconds, and what was sent would otherwise be in doubt. */
export async function patiently(write: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write()
    } catch (error) {
      if (attempt === mostAttempts) throw error
      await setTimeout(betweenAttemptsMs)
    }
  }
}
