/** What events tell of products on the way: Product Viewed, Product Added, the lines of an order. */

import { toCurrency, toMinorUnits } from './money.ts'

type Properties = Readonly<Record<string, unknown>>

/** What one event says of one product. Undefined: it says nothing about that. */
export interface ProductSighting {
  readonly productKey: string
  readonly name: string | undefined
  readonly category: string | undefined
  readonly brand: string | undefined
  readonly priceCents: number | undefined
  readonly currency: string | undefined
  readonly url: string | undefined
  readonly imageUrl: string | undefined
}

const maxTextLength = 1_000

/** All products that an event speaks of: itself (`product_id`), and each of its `products`. */
export function readProducts(name: string, properties: Properties): ProductSighting[] {
  if (!/product|order|cart|checkout|wishlist/i.test(name)) return []
  const currency = toCurrency(properties['currency'])
  const listed: readonly unknown[] = Array.isArray(properties['products']) ? properties['products'] : []
  return [properties, ...listed].flatMap((entry) => readProduct(entry, currency) ?? [])
}

/** One product; undefined if it has no id. */
export function readProduct(entry: unknown, currency: string | undefined): ProductSighting | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined
  const given = entry as Properties
  const productKey = readKey(given['product_id']) ?? readKey(given['sku'])
  if (productKey === undefined) return undefined
  const ownCurrency = toCurrency(given['currency']) ?? currency
  const priceCents = toMinorUnits(given['price'], ownCurrency ?? 'USD')
  const hasPrice = priceCents !== undefined && priceCents >= 0
  return {
    productKey,
    name: text(given['name']),
    category: text(given['category']),
    brand: text(given['brand']),
    priceCents: hasPrice ? priceCents : undefined,
    currency: hasPrice ? ownCurrency : undefined,
    url: webAddress(given['url']),
    imageUrl: webAddress(given['image_url']),
  }
}

/** Ids come as texts and as numbers. */
export function readKey(value: unknown): string | undefined {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : ''
  return text === '' || text.length > 256 ? undefined : text
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, maxTextLength) : undefined
}

/** These end up in messages: only what a browser opens as a page or picture. */
function webAddress(value: unknown): string | undefined {
  const address = text(value)
  return address !== undefined && /^https?:\/\//i.test(address) && URL.canParse(address) ? address : undefined
}
