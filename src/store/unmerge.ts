/**
 * Undoing a merge: the one who left comes back with their own names, events, orders, words about messages, coupons,
 * journeys, messages and personal data.
 *
 * What came since: events and orders under one of their own ids go with them, and so does what their journeys have done;
 * what only an address told, and traits told since, stay with the one who stayed. The two are never joined again by an
 * event; an operator may.
 */

import { dayMs } from '../domain/time.ts'
import { recountCategories } from './customer-categories.ts'
import { type LockedCustomer, lockCustomers } from './customers.ts'
import type { Database, Queryable } from './database.ts'
import { errorCode } from './describe-error.ts'
import { markDirty } from './dirty-customers.ts'
import { findMerges, isBeingErased, type Split, undoableDays } from './merge-records.ts'
import { insertJoinedNews } from './news.ts'
import { recountOrders } from './orders.ts'
import { returnProfile } from './unmerge-profile.ts'
import { returnRows } from './unmerge-rows.ts'
import type { Vault } from './vault.ts'

export type Unmerged =
  | { readonly outcome: 'undone'; readonly customerId: string; readonly leftId: string; readonly mergedAt: Date }
  | { readonly outcome: 'refused'; readonly reason: string }

export interface UnmergeOptions {
  readonly nowMs: number
  /** Who asks for it. */
  readonly by: string
  /** Do it all, then take it back. */
  readonly dryRun?: boolean
}

const mostAttempts = 5

export async function unmergeCustomer(
  db: Pick<Database, 'transaction'>,
  vault: Vault,
  customerId: string,
  options: UnmergeOptions,
): Promise<Unmerged> {
  for (let attempt = 1; ; attempt++) {
    try {
      let result: Unmerged | undefined
      await db.transaction(async (client) => {
        result = await unmergeOnce(client, vault, customerId, options)
        if (options.dryRun === true) await client.query('ROLLBACK') // The COMMIT has nothing left to do.
      })
      if (result !== undefined) return result
    } catch (error) {
      const isConflict = errorCode(error)?.startsWith('40') ?? false
      if (!isConflict || attempt >= mostAttempts) throw error
    }
    if (attempt >= mostAttempts) throw new Error('The customers keep changing: try again later.')
  }
}

/** @returns undefined if the customers were changed by somebody else meanwhile. */
async function unmergeOnce(
  client: Queryable,
  vault: Vault,
  customerId: string,
  { nowMs, by }: UnmergeOptions,
): Promise<Unmerged | undefined> {
  const path = await findPath(client, customerId)
  if (path.length === 0) return { outcome: 'refused', reason: 'there is no such customer' }
  if (path.length === 1) return { outcome: 'refused', reason: 'this customer is nobody else today' }
  const locked = await lockCustomers(client, path, path)
  if (!path.every((id, at) => locked.get(id)?.mergedInto === (path[at + 1] ?? null))) return undefined

  if (await isBeingErased(client, path)) return { outcome: 'refused', reason: 'this customer is being erased' }
  const chain = await findMerges(client, path.slice(0, -1))
  const [first, ...rest] = chain
  if (first === undefined || rest.length !== path.length - 2) {
    return { outcome: 'refused', reason: 'this merge was made before merges were recorded' }
  }
  const isTooLate = first.purgedAt !== null || first.mergedAt.getTime() < nowMs - undoableDays * dayMs
  if (isTooLate) {
    const day = first.mergedAt.toISOString().slice(0, 10)
    return { outcome: 'refused', reason: `the merge was on ${day}; it can be undone for ${undoableDays} days` }
  }
  const stayingId = path.at(-1) ?? ''
  await bringBack(client, vault, { leavingId: customerId, stayingId, chain: [first, ...rest] }, locked, nowMs)
  await client.query(`UPDATE customer_merges SET undone_at = $2, undone_by = $3, moved = '{}' WHERE id = $1`, [
    first.id,
    new Date(nowMs),
    by,
  ])
  return { outcome: 'undone', customerId, leftId: stayingId, mergedAt: first.mergedAt }
}

/** A customer, whom they are part of, whom that one is part of, … */
async function findPath(client: Queryable, customerId: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `WITH RECURSIVE path AS (
       SELECT id, merged_into, 0 AS step FROM customers WHERE id = $1
       UNION ALL SELECT c.id, c.merged_into, step + 1 FROM path p JOIN customers c ON c.id = p.merged_into
     )
     SELECT id FROM path ORDER BY step`,
    [customerId],
  )
  return rows.map(({ id }) => id)
}

async function bringBack(
  client: Queryable,
  vault: Vault,
  split: Split,
  locked: ReadonlyMap<string, LockedCustomer>,
  nowMs: number,
): Promise<void> {
  const { leavingId, stayingId } = split
  const both = [leavingId, stayingId]
  await returnRows(client, split, nowMs)
  await client.query(
    `UPDATE customers SET merged_into = NULL, due_at = $2, scored_at = NULL, identity_epoch = identity_epoch + 1,
            updated_at = $2 WHERE id = $1`,
    [leavingId, new Date(nowMs)],
  )
  await client.query(
    `UPDATE customers SET scored_at = NULL, identity_epoch = identity_epoch + 1, updated_at = $2 WHERE id = $1`,
    [stayingId, new Date(nowMs)],
  )
  await returnProfile(client, vault, split, locked, nowMs)
  await recountOrders(client, both, nowMs)
  await recountCategories(client, both)
  // Whoever was to tell the workflow that it ends comes too late; the next look decides.
  await client.query(
    `UPDATE news SET consumed_at = $2 WHERE customer_id = $1 AND kind = 'merged' AND consumed_at IS NULL`,
    [leavingId, new Date(nowMs)],
  )
  await insertJoinedNews(client, both, nowMs)
  await markDirty(client, both, 'merge')
}
