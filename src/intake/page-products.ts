/** What a page of events changes about products. */

import { dayMs } from '../domain/time.ts'
import type { Queryable } from '../store/database.ts'
import { findProducts, type ProductRow, upsertProducts } from '../store/products.ts'
import type { ProductSighting } from './product-events.ts'
import type { Reading } from './read-event.ts'

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
export function seen(before: ProductRow | undefined, product: ProductSighting, atMs: number): ProductRow {
  const isLater = before === undefined || atMs >= before.updatedMs
  const pick = <T>(told: T | undefined, known: T | null | undefined): T | null =>
    (isLater ? (told ?? known) : (known ?? told)) ?? null
  return {
    productKey: product.productKey,
    name: pick(product.name, before?.name),
    ...latestCategory(before, product.category, Math.floor(atMs / dayMs)),
    brand: pick(product.brand, before?.brand),
    priceCents: pick(product.priceCents, before?.priceCents),
    currency: pick(product.currency, before?.currency),
    url: pick(product.url, before?.url),
    imageUrl: pick(product.imageUrl, before?.imageUrl),
    firstSeenMs: Math.min(atMs, before?.firstSeenMs ?? atMs),
    updatedMs: Math.max(atMs, before?.updatedMs ?? atMs),
  }
}

type Categorised = Pick<ProductRow, 'category' | 'categoryDay'>

/** The one told on the latest day; of two told on one day the one that sorts last. */
function latestCategory(before: Categorised | undefined, told: string | undefined, day: number): Categorised {
  const known = { category: before?.category ?? null, categoryDay: before?.categoryDay ?? null }
  if (told === undefined) return known
  if (known.category === null || known.categoryDay === null) return { category: told, categoryDay: day }
  const isLater = day === known.categoryDay ? isAfter(told, known.category) : day > known.categoryDay
  return isLater ? { category: told, categoryDay: day } : known
}

/** By code points, as PostgreSQL sorts in "C": JavaScript's own order differs beyond U+FFFF. */
function isAfter(one: string, other: string): boolean {
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) > 0
}

function isWorthWriting(row: ProductRow, known: ProductRow | undefined): boolean {
  return known === undefined || row.updatedMs - known.updatedMs > refreshMs || tellsMore(row, known)
}

/** Whether a row says anything else than what is known. */
export function tellsMore(row: ProductRow, known: ProductRow): boolean {
  const told = ({ name, category, categoryDay, brand, priceCents, currency, url, imageUrl }: ProductRow): string =>
    JSON.stringify([name, category, categoryDay, brand, priceCents, currency, url, imageUrl])
  return told(row) !== told(known)
}
