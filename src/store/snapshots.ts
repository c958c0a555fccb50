/**
 * Snapshots: everything a decision may depend on, of one customer or of a page of them, under a lock on the customers.
 *
 * Two statements, not one: after waiting for a row lock, a statement still sees the other tables as they were when it
 * began; only the next one sees what the former holder of the lock wrote.
 */

import type { Needs } from '../domain/conditions/needs.ts'
import type { MessageStatus } from '../domain/delivery.ts'
import type { EpochMs } from '../domain/time.ts'
import type { Queryable } from './database.ts'
import { loadMoreFacts } from './segment-facts.ts'
import { type CustomerRow, type FactsRow, loadFacts, lockCustomers } from './snapshot-rows.ts'
import { type LoadedSnapshot, toSnapshot } from './to-snapshot.ts'

export interface SnapshotOptions {
  readonly nowMs: EpochMs
  /** At most this many unread news a customer, oldest first. Default: 500. */
  readonly newsPage?: number
  /**
   * Which messages count as recent. `planned`: also those that are about to go out, for who plans more. `left`: only
   * those that have left, or may have, for who asks whether one of the others may leave. Default: `planned`.
   */
  readonly recent?: keyof typeof recentStatuses
  /** What conditions will ask for beyond that. Default: nothing. */
  readonly needs?: Needs | undefined
}

const defaultNewsPage = 500
const recentDays = 30

const left: readonly MessageStatus[] = ['transmitting', 'sent', 'in_doubt']
const recentStatuses = { planned: ['planned', 'claimed', ...left] satisfies MessageStatus[], left } as const

/**
 * Locks the customers and loads what is known of them, by ascending id. Who is unknown, erased or merged into another
 * one is left out. Call it inside a transaction: the locks last until its end.
 */
export async function lockAndLoadSnapshots(
  client: Queryable,
  customerIds: readonly string[],
  { nowMs, newsPage = defaultNewsPage, recent = 'planned', needs }: SnapshotOptions,
): Promise<LoadedSnapshot[]> {
  // Sent together: where the connection pipelines, both statements cost one round trip. They still run in this order.
  const [customers, facts] = await Promise.all([
    client.query<CustomerRow>({ name: 'snapshot-lock', text: lockCustomers, values: [customerIds] }),
    client.query<FactsRow>({
      name: 'snapshot-facts',
      text: loadFacts,
      values: [customerIds, new Date(nowMs), `${recentDays} days`, newsPage + 1, recentStatuses[recent]],
    }),
  ])
  const factsById = new Map(facts.rows.map((row) => [row.id, row]))
  const loaded = customers.rows.flatMap((row) => {
    const known = factsById.get(row.id)
    return known ? [toSnapshot(row, known, newsPage)] : []
  })
  return needs === undefined ? loaded : addMoreFacts(client, loaded, needs, nowMs)
}

async function addMoreFacts(
  client: Queryable,
  loaded: readonly LoadedSnapshot[],
  needs: Needs,
  nowMs: EpochMs,
): Promise<LoadedSnapshot[]> {
  const ids = loaded.map(({ snapshot }) => snapshot.customer.id)
  const facts = await loadMoreFacts(client, ids, needs, nowMs)
  return loaded.map((each) => {
    const more = facts.get(each.snapshot.customer.id)
    return more === undefined ? each : { ...each, snapshot: { ...each.snapshot, more } }
  })
}

/** One customer's snapshot, locked; undefined if unknown, erased or merged into another customer. */
export async function lockAndLoadSnapshot(
  client: Queryable,
  customerId: string,
  options: SnapshotOptions,
): Promise<LoadedSnapshot | undefined> {
  return (await lockAndLoadSnapshots(client, [customerId], options))[0]
}
