/** Merging two customers because somebody who knows says that they are one. Also those whom the shop knows as two. */

import { v7 } from 'uuid'
import { setCurrentAddresses } from './contact-points.ts'
import { recountCategories } from './customer-categories.ts'
import { insertCustomerKeys, type LockedCustomer, lockCustomers, updateCustomers } from './customers.ts'
import type { Database, Queryable } from './database.ts'
import { Keyring } from './keyring.ts'
import { changedAddresses, handOverAddresses } from './merge-addresses.ts'
import { findMerges, isBeingErased, movedCounts } from './merge-records.ts'
import { forgetPersonal, moveBelongings } from './merges.ts'
import { insertJoinedNews, insertNews } from './news.ts'
import { recountOrders } from './orders.ts'
import { sealPersonalTraits } from './personal-data.ts'
import { mergeProfiles, openProfile } from './profiles.ts'
import type { Vault } from './vault.ts'

export type Merged =
  | {
      readonly outcome: 'merged'
      readonly customerId: string
      readonly into: string
      /** How many rows, by table. */
      readonly moved: Readonly<Record<string, number>>
    }
  | { readonly outcome: 'refused'; readonly reason: string }

export interface OperatorMerge {
  readonly from: string
  readonly into: string
  readonly nowMs: number
  /** Who asks for it. */
  readonly by: string
  /** Do it all, then take it back. */
  readonly dryRun?: boolean
}

export async function mergeCustomers(
  db: Pick<Database, 'transaction'>,
  vault: Vault,
  options: OperatorMerge,
): Promise<Merged> {
  return db.transaction(async (client) => {
    const result = await mergeOnce(client, vault, options)
    if (options.dryRun === true) await client.query('ROLLBACK') // The COMMIT that follows has nothing left to do.
    return result
  })
}

async function mergeOnce(client: Queryable, vault: Vault, { from, into, nowMs, by }: OperatorMerge): Promise<Merged> {
  const locked = await lockCustomers(client, [from, into], [from, into])
  const [leaving, staying] = [locked.get(from), locked.get(into)]
  const reason = refusalOf(from, leaving, staying)
  if (reason !== undefined || leaving === undefined || staying === undefined) {
    return { outcome: 'refused', reason: reason ?? 'there is no such customer' }
  }
  if (await isBeingErased(client, [from, into])) return { outcome: 'refused', reason: 'one of the two is being erased' }
  const merges = [{ id: v7({ msecs: nowMs }), from, into, atMs: nowMs, eventId: null, operator: by }]
  await moveBelongings(client, merges, nowMs)
  const moved = movedCounts((await findMerges(client, [from]))[0]?.moved ?? {})
  await joinProfiles(client, vault, leaving, staying, nowMs)
  await recountOrders(client, [from, into], nowMs)
  await recountCategories(client, [from, into])
  await insertNews(client, [{ customerId: from, kind: 'merged', detail: { into }, atMs: nowMs }])
  await insertJoinedNews(client, [into], nowMs)
  return { outcome: 'merged', customerId: from, into, moved }
}

function refusalOf(
  from: string,
  leaving: LockedCustomer | undefined,
  staying: LockedCustomer | undefined,
): string | undefined {
  if (leaving?.id === staying?.id && leaving !== undefined) return 'a customer cannot be merged into themselves'
  if (leaving === undefined) return `there is no customer ${from}`
  if (staying === undefined) return 'there is no customer to merge into'
  for (const { id, mergedInto } of [leaving, staying]) {
    if (mergedInto !== null) return `customer ${id} is part of customer ${mergedInto} already`
  }
  if (leaving.externalId !== null && staying.externalId === null) {
    return 'only the one who would leave has an id of the shop: merge the other way round'
  }
  return undefined
}

async function joinProfiles(
  client: Queryable,
  vault: Vault,
  leaving: LockedCustomer,
  staying: LockedCustomer,
  nowMs: number,
): Promise<void> {
  const { id } = staying
  const keyring = new Keyring(vault, new Map([leaving, staying].map((customer) => [customer.id, customer])))
  const before = openProfile(staying, vault, keyring)
  const joint = mergeProfiles(before, openProfile(leaving, vault, keyring))
  const addresses = changedAddresses(id, before, joint, vault, keyring)
  const isToSeal = Object.keys(joint.personal).length > 0
  const personal = isToSeal ? sealPersonalTraits(vault, keyring.own(id), id, joint.personal) : null
  // First and last sight have been joined already: these move nothing.
  await updateCustomers(
    client,
    [{ ...joint, id, externalId: null, personal, firstSeenMs: nowMs, lastSeenMs: 0 }],
    nowMs,
  )
  await handOverAddresses(client, vault, keyring, [{ from: leaving.id, into: id }])
  await insertCustomerKeys(client, keyring.added, nowMs)
  await setCurrentAddresses(client, addresses, nowMs)
  await forgetPersonal(client, [leaving.id])
}
