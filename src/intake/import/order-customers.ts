/** The customers of files of orders: who they are, and, once all orders are there, what their rows say of them. */

import { v7 } from 'uuid'
import { type CustomerRow, createCustomers, lockCustomers, noteSightings } from '../../store/customers.ts'
import type { Queryable } from '../../store/database.ts'
import { markDirty } from '../../store/dirty-customers.ts'
import { insertIdentities } from '../../store/identities.ts'
import { findShopCustomers, lockUnmerged } from '../../store/imported-customers.ts'
import { recountOrders } from '../../store/orders.ts'
import { OutOfDateError } from '../page-identities.ts'
import type { ReadCustomer } from './order-stretch.ts'

/** By the shop's ids. */
export interface ResolvedCustomers {
  readonly ids: ReadonlyMap<string, string>
  /** Those who were not known before. */
  readonly made: ReadonlyMap<string, string>
}

/** Locks them; those who are not known are made. */
export async function resolveCustomers(
  client: Queryable,
  customers: readonly ReadCustomer[],
  nowMs: number,
): Promise<ResolvedCustomers> {
  const known = await findShopCustomers(
    client,
    customers.map(({ key }) => key),
  )
  const strangers = customers.filter(({ key }) => !known.has(key))
  const made = new Map(strangers.map(({ key }) => [key, v7({ msecs: nowMs })]))
  const added = await insertIdentities(
    client,
    [...made].map(([value, customerId]) => ({ kind: 'user', value, customerId, shared: false })),
    nowMs,
  )
  if (added < made.size) throw new OutOfDateError('An identity was added by somebody else.')
  const existing = [...new Set(known.values())]
  if ((await lockUnmerged(client, existing)) < existing.length) {
    throw new OutOfDateError('A customer was changed by somebody else.')
  }
  await createCustomers(
    client,
    strangers.map((customer) => newCustomer(customer, made.get(customer.key) ?? '')),
    nowMs,
  )
  return { ids: new Map(customers.map(({ key }) => [key, made.get(key) ?? known.get(key) ?? ''])), made }
}

/** Notes when those who are known took something back; their orders are counted once all are there. */
export async function noteRefunds(
  client: Queryable,
  { ids, made }: ResolvedCustomers,
  customers: readonly ReadCustomer[],
): Promise<void> {
  const known = customers.filter(({ key }) => !made.has(key))
  await noteSightings(
    client,
    known.map(({ key, firstMs, lastMs }) => ({ id: ids.get(key) ?? '', firstSeenMs: firstMs, lastSeenMs: lastMs })),
  )
}

function newCustomer({ key, firstMs, lastMs, country }: ReadCustomer, id: string): CustomerRow {
  return {
    id,
    externalId: key,
    traits: country === undefined ? {} : { country },
    traitTimes: country === undefined ? {} : { country: new Date(firstMs).toISOString() },
    personal: null,
    timeZone: null,
    locale: null,
    country: country !== undefined && /^[A-Z]{2}$/.test(country) ? country : null,
    emailDomain: null,
    firstSeenMs: firstMs,
    lastSeenMs: lastMs,
  }
}

/**
 * Brings customers' rows up to date, once for the whole file: chunk by chunk, somebody who buys all year would be written
 * as often as there are chunks.
 */
export async function countImportedOrders(
  client: Queryable,
  customerIds: readonly string[],
  nowMs: number,
): Promise<void> {
  await lockCustomers(client, customerIds, [])
  await recountOrders(client, customerIds, nowMs, 'in-orders')
  await markDirty(client, customerIds, 'import')
}
