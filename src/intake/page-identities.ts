/** Who did the events of a page: finds, adds and locks the customers. */

import { v7 } from 'uuid'
import type { IdentityPolicy } from '../domain/definitions.ts'
import { type LockedCustomer, lockCustomers } from '../store/customers.ts'
import type { Queryable } from '../store/database.ts'
import {
  findIdentities,
  type IdentifiedCustomer,
  type Identity,
  identityKey,
  insertIdentities,
  readSigns,
  shareIdentities,
} from '../store/identities.ts'
import { findUndoneMerges } from '../store/merge-records.ts'
import { findOwnersByOrder } from '../store/order-locks.ts'
import { holdFreeReadings, identitiesOf, orderKeys } from './free-readings.ts'
import { type IdentityClaim, type IdentityPlan, planIdentities } from './identity-plan.ts'
import { pairKey } from './person.ts'
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

/**
 * @param passesOver leaves events of customers with whom somebody else is at work: they are not placed.
 * @throws OutOfDateError if somebody else was faster.
 */
export async function resolvePage(
  client: Queryable,
  all: readonly Reading[],
  policy: IdentityPolicy,
  nowMs: number,
  passesOver = false,
): Promise<PagePeople> {
  const known = await findIdentities(client, distinctIdentities(all.map(({ claim }) => claim)))
  const readings = passesOver ? await holdFreeReadings(client, all, known) : all
  const claims = readings.map((reading) => reading.claim)
  const plan = await planWithoutUndone(client, claims, known, policy, nowMs)
  const added = await insertIdentities(client, plan.newIdentities, nowMs)
  if (added < plan.newIdentities.length) throw new OutOfDateError('An identity was added by somebody else.')

  const placed = readings.map((reading, index) => ({
    reading: plan.refused.has(index) ? withProblem(reading) : reading,
    customerId: plan.customerIds[index] ?? '',
  }))
  const owners = await findOwnersByOrder(client, readings.flatMap(orderKeys))
  const locked = await lockAll(client, placed, plan, [...owners.values()])
  checkUnchanged(known, locked, plan)
  await checkSigns(client, known, plan)
  const shared = await shareIdentities(client, plan.shared)
  if (shared < plan.shared.length) throw new OutOfDateError('An identity was moved by somebody else.')
  return { placed, plan, locked }
}

/** What an operator has taken apart stays apart. Asked only where something is to be joined: that is rare. */
async function planWithoutUndone(
  client: Queryable,
  claims: readonly IdentityClaim[],
  known: ReadonlyMap<string, IdentifiedCustomer>,
  policy: IdentityPolicy,
  nowMs: number,
): Promise<IdentityPlan> {
  const newId = (): string => v7({ msecs: nowMs })
  const plan = planIdentities(claims, known, newId, { policy, apart: new Set() })
  if (plan.merges.size === 0) return plan
  const ids = [...new Set([...known.values()].map(({ id }) => id))]
  const undone = await findUndoneMerges(client, ids)
  if (undone.length === 0) return plan
  const apart = new Set(undone.map(({ leavingId, stayingId }) => pairKey(leavingId, stayingId)))
  return planIdentities(claims, known, newId, { policy, apart })
}

function withProblem(reading: Reading): Reading {
  const problem =
    'previousId: names another customer with a userId of their own; "perennial customer merge" joins the two if they are one'
  return { ...reading, problem: reading.problem === null ? problem : `${reading.problem}; ${problem}` }
}

function distinctIdentities(claims: readonly IdentityClaim[]): Identity[] {
  const byKey = new Map<string, Identity>()
  for (const identity of claims.flatMap(identitiesOf)) byKey.set(identityKey(identity), identity)
  return [...byKey.values()]
}

function lockAll(
  client: Queryable,
  placed: readonly PlacedReading[],
  plan: IdentityPlan,
  owners: readonly string[],
): Promise<Map<string, LockedCustomer>> {
  const merging = [...plan.merges].flat()
  const sharing = plan.shared.flatMap(({ ownerId, newOwnerId }) => [ownerId, newOwnerId])
  const ids = new Set([...placed.map(({ customerId }) => customerId), ...merging, ...sharing, ...owners])
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
  const asRead = new Map([...known.values()].map((customer) => [customer.id, customer]))
  const needed = new Set([
    ...plan.customerIds,
    ...[...plan.merges].flat(),
    ...plan.shared.flatMap(({ ownerId, newOwnerId }) => [ownerId, newOwnerId]),
  ])
  for (const id of needed) {
    if (plan.created.has(id)) continue
    const [customer, read] = [locked.get(id), asRead.get(id)]
    const isAsRead = customer?.externalId === read?.externalId && customer?.epoch === read?.epoch
    if (customer === undefined || customer.mergedInto !== null || !isAsRead) {
      throw new OutOfDateError('A customer was changed by somebody else.')
    }
  }
}

/**
 * Whoever is joined, named or given an address is told from others by their signs. Since they were read, another page may
 * have given them one more, such as an address of their own: then this page would join two who are told apart.
 */
async function checkSigns(
  client: Queryable,
  known: ReadonlyMap<string, IdentifiedCustomer>,
  { merges, named, newIdentities, created }: IdentityPlan,
): Promise<void> {
  const changing = [...[...merges].flat(), ...named.keys(), ...newIdentities.map(({ customerId }) => customerId)]
  const ids = [...new Set(changing)].filter((id) => !created.has(id))
  if (ids.length === 0) return
  const asRead = new Map([...known.values()].map(({ id, signs }) => [id, signs]))
  for (const [id, signs] of await readSigns(client, ids, newIdentities)) {
    const read = new Set(asRead.get(id))
    if (signs.some((sign) => !read.has(sign))) throw new OutOfDateError('A customer was told apart by somebody else.')
  }
}
