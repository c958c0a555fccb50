/**
 * The past of a shop: what happened before it used this product. Handled like any event, but nothing of it is news, so no
 * workflow starts; everybody is then put into the stage that their history has earned.
 */

import { needsConfirmation } from '../domain/consent-rule.ts'
import { needsOfLifecycle } from '../domain/definition-needs.ts'
import type { Definitions } from '../domain/definitions.ts'
import { stageOf } from '../domain/lifecycle.ts'
import type { Database } from '../store/database.ts'
import { ensureEventParts } from '../store/event-parts.ts'
import type { EventType, NewEvent } from '../store/events.ts'
import { placeCustomers } from '../store/stages.ts'
import type { Vault } from '../store/vault.ts'
import { handlePage } from './handle-page.ts'
import { insertAndClaim } from './insert-and-claim.ts'
import { pastNeeds } from './past-needs.ts'
import { patiently } from './patiently.ts'

export interface HistoricalEvent {
  /** Importing the same one again changes nothing. */
  readonly messageId: string
  readonly type: EventType
  readonly name: string | null
  readonly userId: string
  readonly occurredAtMs: number
  /** Impersonal properties; of an identify the impersonal traits. */
  readonly properties: Readonly<Record<string, unknown>>
  /** Personal traits, kept only under the customer's own key. */
  readonly personalTraits?: Readonly<Record<string, unknown>>
}

export interface HistoryNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly definitions: Definitions
  readonly nowMs: number
  /** Called after every page with how many events are done. */
  readonly onProgress?: (done: number) => void
}

const pageSize = 500

/** Imports events in the order given, page by page; each page is one transaction. Safe to run again after a crash. */
export async function importHistory(
  events: readonly HistoricalEvent[],
  { database, vault, definitions, nowMs, onProgress }: HistoryNeeds,
): Promise<{ imported: number; customers: number }> {
  const needs = pastNeeds({
    database,
    vault,
    nowMs,
    identity: definitions.identity,
    needsConfirmation: needsConfirmation.bind(undefined, definitions.policy),
  })
  await ensureEventParts(database.pool, nowMs)
  let imported = 0
  for (let from = 0; from < events.length; from += pageSize) {
    const page = events.slice(from, from + pageSize).map((event) => toNewEvent(event, vault, nowMs))
    imported += (await patiently(() => handlePage(needs, (client) => insertAndClaim(client, page)))).handled
    onProgress?.(Math.min(events.length, from + pageSize))
  }
  const { lifecycle } = definitions
  const customers = await placeCustomers(database, {
    nowMs,
    rules: lifecycle.version,
    cause: 'import',
    stageOf: (view) => stageOf(view, lifecycle, nowMs),
    needs: needsOfLifecycle(lifecycle),
  })
  return { imported, customers }
}

function toNewEvent({ personalTraits, ...event }: HistoricalEvent, vault: Vault, nowMs: number): NewEvent {
  const sealed = personalTraits && vault.sealForIntake(JSON.stringify({ traits: personalTraits }), event.messageId)
  return {
    messageId: event.messageId,
    type: event.type,
    name: event.name,
    userId: event.userId,
    anonymousId: null,
    occurredAtMs: event.occurredAtMs,
    receivedAtMs: nowMs,
    properties: JSON.stringify(event.properties),
    context: null,
    sealed: sealed ?? null,
  }
}
