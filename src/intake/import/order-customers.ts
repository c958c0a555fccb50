/** The customers of a chunk of orders: who they are, and what their rows say afterwards. */

import { v7 } from 'uuid'
import { type CustomerRow, createCustomers, noteSightings } from '../../store/customers.ts'
import type { Queryable } from '../../store/database.ts'
import { insertIdentities } from '../../store/identities.ts'
import { addToOrderSums, findShopCustomers, lockUnmerged, type NewOrdersSum } from '../../store/imported-customers.ts'
import type { ImportedOrder } from '../../store/imported-orders.ts'
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

  /**
   * Brings their rows up to date.
   *
   * @param added orders that were not known before.
   * @param changed whose other orders may have changed too, whether they are of the chunk or not; they must be locked.
   */
  async update(
    client: Queryable,
    { ids, made }: ResolvedCustomers,
    added: readonly ImportedOrder[],
    changed: ReadonlySet<string>,
    nowMs: number,
  ): Promise<void> {
    const { sums, mixed } = sumUp(added)
    const addable = sums.filter(({ customerId }) => !changed.has(customerId) && !mixed.has(customerId))
    const done = await addToOrderSums(client, addable, nowMs)
    const rest = sums.map(({ customerId }) => customerId).filter((id) => !done.has(id))
    await recountOrders(client, [...new Set([...changed, ...rest])], nowMs)
    await noteSightings(
      client,
      [...ids].filter(([key]) => !made.has(key)).map(([key, id]) => ({ id, ...this.#sighting(key) })),
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

/** @returns also who has orders in more than one currency. */
function sumUp(orders: readonly ImportedOrder[]): { sums: NewOrdersSum[]; mixed: Set<string> } {
  const sums = new Map<string, NewOrdersSum>()
  const mixed = new Set<string>()
  for (const { customerId, currency, orderedMs, revenueCents, discountCents } of orders) {
    let sum = sums.get(customerId)
    if (sum === undefined) {
      sum = {
        customerId,
        currency,
        orders: 0,
        firstMs: orderedMs,
        lastMs: orderedMs,
        revenueCents: 0,
        discountCents: 0,
        discountedRevenueCents: 0,
      }
      sums.set(customerId, sum)
    }
    if (sum.currency !== currency) mixed.add(customerId)
    sum.orders++
    sum.firstMs = Math.min(sum.firstMs, orderedMs)
    sum.lastMs = Math.max(sum.lastMs, orderedMs)
    sum.revenueCents += revenueCents
    sum.discountCents += discountCents
    if (discountCents > 0) sum.discountedRevenueCents += revenueCents
  }
  return { sums: [...sums.values()], mixed }
}
