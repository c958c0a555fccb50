/** The customers of files of orders: who they are, and, once all orders are there, what their rows say of them. */

import { v7 } from 'uuid'
import { type CustomerRow, createCustomers, lockCustomers, noteSightings } from '../../store/customers.ts'
import type { Queryable } from '../../store/database.ts'
import { markDirty } from '../../store/dirty-customers.ts'
import { insertIdentities } from '../../store/identities.ts'
import { findShopCustomers, lockUnmerged } from '../../store/imported-customers.ts'
import { recountOrders } from '../../store/orders.ts'
import { OutOfDateError } from '../page-identities.ts'

interface PendingCustomer {
  firstMs: number
  lastMs: number
  readonly country: string | undefined
}

/** By the shop's ids. */
export interface ResolvedCustomers {
  readonly ids: ReadonlyMap<string, string>
  /** Those who were not known before. */
  readonly made: ReadonlyMap<string, string>
}

export class OrderCustomers {
  readonly #customers = new Map<string, PendingCustomer>()

  see(customerKey: string, atMs: number, country: string | undefined): void {
    const known = this.#customers.get(customerKey)
    if (known === undefined) this.#customers.set(customerKey, { firstMs: atMs, lastMs: atMs, country })
    else {
      if (atMs < known.firstMs) known.firstMs = atMs
      if (atMs > known.lastMs) known.lastMs = atMs
    }
  }

  has(customerKey: string): boolean {
    return this.#customers.has(customerKey)
  }

  keys(): Iterable<string> {
    return this.#customers.keys()
  }

  /** Locks them; those who are not known are made. */
  async resolve(client: Queryable, nowMs: number): Promise<ResolvedCustomers> {
    const keys = [...this.#customers.keys()]
    const known = await findShopCustomers(client, keys)
    const made = new Map(keys.filter((key) => !known.has(key)).map((key) => [key, v7({ msecs: nowMs })]))
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
      [...made].map(([key, id]) => this.#newCustomer(key, id)),
      nowMs,
    )
    return { ids: new Map(keys.map((key) => [key, made.get(key) ?? known.get(key) ?? ''])), made }
  }

  /** Notes when those who are known took something back; their orders are counted once all are there. */
  async noteRefunds(client: Queryable, { ids, made }: ResolvedCustomers, keys: ReadonlySet<string>): Promise<void> {
    const known = [...keys].filter((key) => !made.has(key))
    await noteSightings(
      client,
      known.map((key) => ({ id: ids.get(key) ?? '', ...this.#sighting(key) })),
    )
  }

  #sighting(key: string): { firstSeenMs: number; lastSeenMs: number } {
    const { firstMs = 0, lastMs = 0 } = this.#customers.get(key) ?? {}
    return { firstSeenMs: firstMs, lastSeenMs: lastMs }
  }

  #newCustomer(key: string, id: string): CustomerRow {
    const country = this.#customers.get(key)?.country
    const since = new Date(this.#sighting(key).firstSeenMs).toISOString()
    return {
      id,
      externalId: key,
      traits: country === undefined ? {} : { country },
      traitTimes: country === undefined ? {} : { country: since },
      personal: null,
      timeZone: null,
      locale: null,
      country: country !== undefined && /^[A-Z]{2}$/.test(country) ? country : null,
      emailDomain: null,
      ...this.#sighting(key),
    }
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
