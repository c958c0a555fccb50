/** Orders, refunds and cancellations in the words of Segment's ecommerce specification. */

import { toCurrency, toMinorUnits } from './money.ts'
import type { Problems } from './problems.ts'
import { readKey, readProduct } from './product-events.ts'

type Properties = Readonly<Record<string, unknown>>

/** What an Order Completed or Order Updated says. Amounts in minor units. */
export interface OrderContent {
  readonly orderKey: string
  readonly revenueCents: number
  readonly discountCents: number
  readonly currency: string
  readonly coupon: string | null
  readonly lines: readonly OrderLine[]
}

export interface OrderLine {
  readonly productKey: string
  readonly quantity: number
  readonly priceCents: number
}

export interface OrderChange {
  readonly orderKey: string
  readonly kind: 'refund' | 'cancel'
  /** Of a refund; null: all of it. */
  readonly amountCents: number | null
}

/** Segment's default where an amount comes without a currency. */
const defaultCurrency = 'USD'

/** Names in comparable form. */
const contentEvents: ReadonlySet<string> = new Set(['order completed', 'order updated'])
const changeEvents: Readonly<Record<string, OrderChange['kind']>> = {
  'order refunded': 'refund',
  'order cancelled': 'cancel',
  'order canceled': 'cancel',
}

export function isOrderEvent(name: string): boolean {
  const comparable = name.toLowerCase()
  return contentEvents.has(comparable) || Object.hasOwn(changeEvents, comparable)
}

/** @returns undefined if the event says nothing of an order's content, or what it says cannot be used (then `problems` tell). */
export function readOrderContent(
  name: string,
  properties: Properties,
  messageId: string,
  problems: Problems,
): OrderContent | undefined {
  if (!contentEvents.has(name.toLowerCase())) return undefined
  const currency = readCurrency(properties, problems)
  const lines = readLines(properties, currency, problems)
  const discountCents = readAmount(properties, ['discount'], currency, problems) ?? 0
  const told = readAmount(properties, ['revenue', 'total', 'value', 'subtotal'], currency, problems)
  if (problems.blocking) return undefined
  const ofLines = lines.reduce((sum, line) => sum + line.quantity * line.priceCents, 0)
  const coupon = properties['coupon']
  return {
    // An order without an id is still an order; sent again under the same message id it is the same one.
    orderKey: readKey(properties['order_id']) ?? readKey(properties['checkout_id']) ?? `message:${messageId}`,
    revenueCents: told ?? Math.max(0, ofLines - discountCents),
    discountCents,
    currency,
    coupon: typeof coupon === 'string' && coupon.trim() !== '' ? coupon.trim().slice(0, 100) : null,
    lines,
  }
}

/** Refund or cancellation of an order. @see readOrderContent */
export function readOrderChange(name: string, properties: Properties, problems: Problems): OrderChange | undefined {
  const kind = changeEvents[name.toLowerCase()]
  if (kind === undefined) return undefined
  const orderKey = readKey(properties['order_id'])
  if (orderKey === undefined) {
    problems.block('properties.order_id: must be given')
    return undefined
  }
  if (kind === 'cancel') return { orderKey, kind, amountCents: null }
  const currency = readCurrency(properties, problems)
  const told = readAmount(properties, ['total', 'revenue', 'value', 'refund'], currency, problems)
  const ofLines = readLines(properties, currency, problems).reduce(
    (sum, line) => sum + line.quantity * line.priceCents,
    0,
  )
  if (problems.blocking) return undefined
  return { orderKey, kind, amountCents: told ?? (ofLines > 0 ? ofLines : null) }
}

function readCurrency(properties: Properties, problems: Problems): string {
  const given = properties['currency']
  if (given == null) return defaultCurrency
  const currency = toCurrency(given)
  if (currency === undefined) problems.block('properties.currency: must be an ISO 4217 code, such as EUR')
  return currency ?? defaultCurrency
}

/** The first of the fields that is there. */
function readAmount(
  properties: Properties,
  fields: readonly string[],
  currency: string,
  problems: Problems,
): number | undefined {
  const field = fields.find((name) => properties[name] != null)
  if (field === undefined) return undefined
  const cents = toMinorUnits(properties[field], currency)
  if (cents !== undefined && cents >= 0) return cents
  problems.block(`properties.${field}: must be an amount of zero or more`)
  return undefined
}

function readLines(properties: Properties, currency: string, problems: Problems): OrderLine[] {
  const { products } = properties
  if (products == null) return []
  if (!Array.isArray(products)) {
    problems.note('properties.products: must be a list')
    return []
  }
  return products.flatMap((entry: unknown, index) => readLine(entry, index, currency, problems) ?? [])
}

function readLine(entry: unknown, index: number, currency: string, problems: Problems): OrderLine | undefined {
  const product = readProduct(entry, currency)
  if (product === undefined) {
    problems.note(`properties.products[${index}]: must have a product_id or sku`)
    return undefined
  }
  const given = (entry as Properties)['quantity'] ?? 1
  const quantity = Math.round(Number(given))
  if (!(quantity >= 1 && quantity <= 1_000_000)) {
    problems.note(`properties.products[${index}].quantity: must be a number from 1 to 1000000`)
    return undefined
  }
  return { productKey: product.productKey, quantity, priceCents: product.priceCents ?? 0 }
}
