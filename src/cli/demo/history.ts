/** The past of the demo's shop, as events to import: who signed up, and what they bought. */

import type { HistoricalEvent } from '../../intake/import-history.ts'
import type { CdnowPurchase } from './cdnow.ts'
import { type LiveEvent, liveEvents } from './live-events.ts'

/** What a person says of themselves, and nobody else may know. */
const personalTraits = new Set(['email', 'phone', 'firstName', 'lastName'])

export function historyOf(purchases: readonly CdnowPurchase[]): HistoricalEvent[] {
  return liveEvents(purchases).map(toHistorical)
}

function toHistorical({ atMs, call }: LiveEvent): HistoricalEvent {
  const traits = Object.entries((call['traits'] ?? {}) as Record<string, unknown>)
  const isIdentify = call['type'] === 'identify'
  return {
    messageId: call.messageId,
    type: isIdentify ? 'identify' : 'track',
    name: isIdentify ? null : String(call['event']),
    userId: String(call['userId']),
    occurredAtMs: atMs,
    properties: isIdentify
      ? Object.fromEntries(traits.filter(([name]) => !personalTraits.has(name)))
      : (call['properties'] as Record<string, unknown>),
    ...(isIdentify ? { personalTraits: Object.fromEntries(traits.filter(([name]) => personalTraits.has(name))) } : {}),
  }
}
