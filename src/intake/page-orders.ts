/** What a page of events changes about orders, and what customers' rows say of them in sum. */

import { recountCategories } from '../store/customer-categories.ts'
import type { Queryable } from '../store/database.ts'
import { lockOrders, reserveOrderKeys } from '../store/order-locks.ts'
import {
  applyOrderChanges,
  insertOrderChanges,
  type OrderChangeRow,
  type OrderRow,
  recountOrders,
  redeemCoupons,
  upsertOrders,
} from '../store/orders.ts'
import { OutOfDateError, type PagePeople, type PlacedReading } from './page-identities.ts'
import type { Reading } from './read-event.ts'

/** @returns whose orders were counted anew. */
export async function writeOrders(
  client: Queryable,
  { placed, plan, locked }: PagePeople,
  nowMs: number,
): Promise<readonly string[]> {
  const rows = newestContents(placed)
  const changes = placed.flatMap(({ reading }) => orderChange(reading))
  const merged = [...plan.merges].flat()
  if (rows.length === 0 && changes.length === 0 && merged.length === 0) return []

  const keys = [...new Set([...rows, ...changes].map(({ orderKey }) => orderKey))]
  const formerOwners = await lockOrders(client, keys)
  for (const id of formerOwners.values()) if (!locked.has(id)) throw new OutOfDateError('An order changed hands.')
  const { ids, existing } = await upsertOrders(client, rows)
  if (existing.some((key) => !formerOwners.has(key))) throw new OutOfDateError('An order was added by somebody else.')
  const written = new Set(rows.map(({ orderKey }) => orderKey))
  const isLocked = (key: string): boolean => formerOwners.has(key) || written.has(key)
  const unseen = new Set(changes.map(({ orderKey }) => orderKey).filter((key) => !isLocked(key)))
  if (!(await reserveOrderKeys(client, [...unseen]))) throw new OutOfDateError('An order was added by somebody else.')
  await insertOrderChanges(client, changes)
  const owners = await applyOrderChanges(client, keys)
  await redeemCoupons(
    client,
    rows.flatMap((row) => redemption(row, ids.get(row.orderKey))),
  )
  const counted = [...new Set([...rows.map((row) => row.customerId), ...formerOwners.values(), ...owners, ...merged])]
  await recountOrders(client, counted, nowMs)
  await recountCategories(client, counted)
  return counted
}

/** One row per order: the newest content of the page, the earliest moment. */
function newestContents(placed: readonly PlacedReading[]): OrderRow[] {
  const byKey = new Map<string, OrderRow>()
  for (const { reading, customerId } of placed) {
    const { order, atMs, messageId } = reading
    if (order === undefined) continue
    const row = { ...order, customerId, orderedMs: atMs, contentMs: atMs, contentBy: messageId }
    const other = byKey.get(order.orderKey)
    const newest = other === undefined || isNewer(row, other) ? row : other
    byKey.set(order.orderKey, { ...newest, orderedMs: Math.min(atMs, other?.orderedMs ?? atMs) })
  }
  return [...byKey.values()]
}

function isNewer(one: OrderRow, other: OrderRow): boolean {
  return one.contentMs === other.contentMs ? one.contentBy > other.contentBy : one.contentMs > other.contentMs
}

function orderChange({ orderChange, messageId, atMs }: Reading): OrderChangeRow[] {
  return orderChange === undefined ? [] : [{ ...orderChange, messageId, atMs }]
}

function redemption({ coupon, contentMs }: OrderRow, orderId: string | undefined) {
  return coupon === null || orderId === undefined ? [] : [{ code: coupon, orderId, atMs: contentMs }]
}
