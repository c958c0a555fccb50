/** What a page of events changes about orders and products. */

import { dayMs } from '../domain/time.ts'
import type { Queryable } from '../store/database.ts'
import {
  applyOrderChanges,
  insertOrderChanges,
  type OrderRow,
  recountOrders,
  redeemCoupons,
  upsertOrders,
} from '../store/orders.ts'
import { findProducts, type ProductRow, upsertProducts } from '../store/products.ts'
import type { PagePeople, PlacedReading } from './page-identities.ts'
import type { ProductSighting } from './product-events.ts'
import type { Reading } from './read-event.ts'

/** @returns whose orders were counted anew. */
export async function writeOrders(
  client: Queryable,
  { placed, plan }: PagePeople,
  nowMs: number,
): Promise<readonly string[]> {
  const rows = newestContents(placed)
  const changes = placed.flatMap(({ reading }) => orderChange(reading))
  const merged = [...plan.merges].flat()
  if (rows.length === 0 && changes.length === 0 && merged.length === 0) return []

  const { ids, formerOwners } = await upsertOrders(client, rows)
  await insertOrderChanges(client, changes)
  const owners = await applyOrderChanges(client, [
    ...new Set([...rows.map((row) => row.orderKey), ...changes.map((change) => change.orderKey)]),
  ])
  await redeemCoupons(
    client,
    rows.flatMap((row) => redemption(row, ids.get(row.orderKey))),
  )
  const counted = [...new Set([...rows.map((row) => row.customerId), ...formerOwners, ...owners, ...merged])]
  await recountOrders(client, counted, nowMs)
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

function orderChange({ orderChange, messageId, atMs }: Reading) {
  return orderChange === undefined ? [] : [{ ...orderChange, messageId, atMs }]
}

function redemption({ coupon, contentMs }: OrderRow, orderId: string | undefined) {
  return coupon === null || orderId === undefined ? [] : [{ code: coupon, orderId, atMs: contentMs }]
}

/** Seeing a product again with nothing new to tell is not worth a write, except to stay roughly up to date. */
const refreshMs = dayMs

export async function writeProducts(client: Queryable, readings: readonly Reading[]): Promise<void> {
  const sightings = readings.flatMap(({ products, atMs }) => products.map((product) => ({ product, atMs })))
  if (sightings.length === 0) return
  const known = await findProducts(client, [...new Set(sightings.map(({ product }) => product.productKey))])
  const folded = new Map(known)
  for (const { product, atMs } of sightings) {
    folded.set(product.productKey, seen(folded.get(product.productKey), product, atMs))
  }
  await upsertProducts(
    client,
    [...folded.values()].filter((row) => isWorthWriting(row, known.get(row.productKey))),
  )
}

/** A later word replaces what it speaks of; an earlier one only fills in what nobody has told. */
function seen(before: ProductRow | undefined, product: ProductSighting, atMs: number): ProductRow {
  const isLater = before === undefined || atMs >= before.updatedMs
  const pick = <T>(told: T | undefined, known: T | null | undefined): T | null =>
    (isLater ? (told ?? known) : (known ?? told)) ?? null
  return {
    productKey: product.productKey,
    name: pick(product.name, before?.name),
    category: pick(product.category, before?.category),
    brand: pick(product.brand, before?.brand),
    priceCents: pick(product.priceCents, before?.priceCents),
    currency: pick(product.currency, before?.currency),
    url: pick(product.url, before?.url),
    imageUrl: pick(product.imageUrl, before?.imageUrl),
    firstSeenMs: Math.min(atMs, before?.firstSeenMs ?? atMs),
    updatedMs: Math.max(atMs, before?.updatedMs ?? atMs),
  }
}

function isWorthWriting(row: ProductRow, known: ProductRow | undefined): boolean {
  if (known === undefined || row.updatedMs - known.updatedMs > refreshMs) return true
  const told = ({ name, category, brand, priceCents, currency, url, imageUrl }: ProductRow): string =>
    JSON.stringify([name, category, brand, priceCents, currency, url, imageUrl])
  return told(row) !== told(known)
}
