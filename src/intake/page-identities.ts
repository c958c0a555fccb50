/** Who did the events of a page: finds, adds and locks the customers. */

import { v7 } from 'uuid'
import { type LockedCustomer, lockCustomers } from '../store/customers.ts'
import type { Queryable } from '../store/database.ts'
import {
  findIdentities,
  type IdentifiedCustomer,
  type Identity,
  identityKey,
  insertIdentities,
} from '../store/identities.ts'
import { findOrderOwners } from '../store/order-locks.ts'
import { type IdentityClaim, type IdentityPlan, planIdentities } from './identity-plan.ts'
import type { Reading } from './read-event.ts'

/** Another process changed what this page has read. Nothing is wrong: read it again. */
export class OutOfDateError extends Error {
  override readonly name = 'OutOfDateError'
}

export interface PlacedReading {
  readonly reading: Reading
  readonly customerId: string
}

export interface PagePeople {
  readonly placed: readonly PlacedReading[]
  readonly plan: IdentityPlan
  /** All customers of the page who existed before, locked. */
  readonly locked: ReadonlyMap<string, LockedCustomer>
}

/** @throws OutOfDateError if somebody else was faster. */
export async function resolvePage(client: Queryable, readings: readonly Reading[], nowMs: number): Promise<PagePeople> {
  const claims = readings.map((reading) => reading.claim)
  const known = await findIdentities(client, distinctIdentities(claims))
  const plan = planIdentities(claims, known, () => v7({ msecs: nowMs }))
  const added = await insertIdentities(client, plan.newIdentities, nowMs)
  if (added < plan.newIdentities.length) throw new OutOfDateError('An identity was added by somebody else.')

  const placed = readings.map((reading, index) => ({ reading, customerId: plan.customerIds[index] ?? '' }))
  const owners = await findOrderOwners(client, readings.flatMap(orderKeys))
  const locked = await lockAll(client, placed, plan, owners)
  checkUnchanged(known, locked, plan)
  return { placed, plan, locked }
}

/** Of the orders that it speaks of: whose they are will be counted anew, so they are locked with the others. */
function orderKeys({ order, orderChange }: Reading): string[] {
  return [order, orderChange].flatMap((told) => told?.orderKey ?? [])
}

function distinctIdentities(claims: readonly IdentityClaim[]): Identity[] {
  const byKey = new Map<string, Identity>()
  for (const { user, anonymous, addresses, previous } of claims) {
    for (const identity of [user, anonymous, ...addresses, ...previous]) {
      if (identity !== undefined) byKey.set(identityKey(identity), identity)
    }
  }
  return [...byKey.values()]
}

function lockAll(
  client: Queryable,
  placed: readonly PlacedReading[],
  plan: IdentityPlan,
  owners: readonly string[],
): Promise<Map<string, LockedCustomer>> {
  const merging = [...plan.merges].flat()
  const ids = new Set([...placed.map(({ customerId }) => customerId), ...merging, ...owners])
  const withPersonal = new Set(merging)
  for (const { reading, customerId } of placed) if (tellsTraits(reading)) withPersonal.add(customerId)
  const exists = (id: string): boolean => !plan.created.has(id)
  return lockCustomers(client, [...ids].filter(exists), [...withPersonal].filter(exists))
}

/** Also of impersonal traits: under the same name something personal may be sealed, which they replace. */
function tellsTraits({ traits, personal, email, phone, consentTraits }: Reading): boolean {
  const named = Object.keys(traits).length + Object.keys(personal).length + consentTraits.length
  return email !== undefined || phone !== undefined || named > 0
}

/** Between reading the identities and locking the customers, another page may have named, merged or erased one. */
function checkUnchanged(
  known: ReadonlyMap<string, IdentifiedCustomer>,
  locked: ReadonlyMap<string, LockedCustomer>,
  plan: IdentityPlan,
): void {
  const asRead = new Map([...known.values()].map((customer) => [customer.id, customer.externalId]))
  const needed = new Set([...plan.customerIds.filter((id) => !plan.created.has(id)), ...[...plan.merges].flat()])
  for (const id of needed) {
    if (plan.created.has(id)) continue
    const customer = locked.get(id)
    if (customer === undefined || customer.mergedInto !== null || customer.externalId !== asRead.get(id)) {
      throw new OutOfDateError('A customer was changed by somebody else.')
    }
  }
}
