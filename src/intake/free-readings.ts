/**
 * Which events of a page can be handled now: those of customers with whom nobody else is at work. The others are left, as
 * if they had come a moment later, instead of holding up the whole page.
 */

import { passLockedCustomers } from '../store/customers.ts'
import type { Queryable } from '../store/database.ts'
import { holdNewIdentities, type IdentifiedCustomer, type Identity, identityKey } from '../store/identities.ts'
import { findOwnersByOrder } from '../store/order-locks.ts'
import type { IdentityClaim } from './identity-plan.ts'
import type { Reading } from './read-event.ts'

/**
 * Holds what it returns until the transaction ends: the customers, and the names that are about to become somebody's.
 *
 * @param known who is known already, by `identityKey`.
 */
export async function holdFreeReadings(
  client: Queryable,
  readings: readonly Reading[],
  known: ReadonlyMap<string, IdentifiedCustomer>,
): Promise<readonly Reading[]> {
  const owners = await findOwnersByOrder(client, [...new Set(readings.flatMap(orderKeys))])
  const customers = new Set([...[...known.values()].map(({ id }) => id), ...owners.values()])
  const held = await passLockedCustomers(client, [...customers])
  const names = new Map(readings.flatMap(({ claim }) => identitiesOf(claim).map((one) => [identityKey(one), one])))
  const free = await holdNewIdentities(
    client,
    [...names.keys()].filter((name) => !known.has(name)),
  )

  const isBusyName = (name: string): boolean => {
    const owner = known.get(name)
    return owner === undefined ? !free.has(name) : !held.has(owner.id)
  }
  const isBusyOrder = (key: string): boolean => {
    const owner = owners.get(key)
    return owner !== undefined && !held.has(owner)
  }
  // Whoever is named by an event that is left must not be told of something later first.
  const left = new Set<string>()
  return readings.filter((reading) => {
    const own = identitiesOf(reading.claim).map(identityKey)
    const isFree = !own.some((name) => left.has(name) || isBusyName(name)) && !orderKeys(reading).some(isBusyOrder)
    if (!isFree) for (const name of own) left.add(name)
    return isFree
  })
}

export function identitiesOf({ user, anonymous, addresses, previous }: IdentityClaim): Identity[] {
  return [user, anonymous, ...addresses, ...previous].filter((identity) => identity !== undefined)
}

/** Of the orders that it speaks of: whose they are will be counted anew, so they are locked with the others. */
export function orderKeys({ order, orderChange }: Reading): string[] {
  return [order, orderChange].flatMap((told) => told?.orderKey ?? [])
}
