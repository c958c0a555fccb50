/** Orders: a line for each, or for each of its products. */

import { mayHoldAddress } from '../../domain/split-personal.ts'
import { toCurrency } from '../money.ts'
import type { Chunk, ChunkMaker, LineReading, ReadingContext } from './chunk.ts'
import type { ColumnPlan, KindFields } from './columns.ts'
import type { FileRecord } from './line-blocks.ts'
import { OrderChunk } from './order-chunk.ts'
import type { OrderStretch } from './order-stretch.ts'
import { decimalRule, MomentReader, minorUnits, readDecimal, readText, readWhole } from './values.ts'

const names = [
  'order_id',
  'customer_id',
  'ordered_at',
  'product_id',
  'quantity',
  'price',
  'currency',
  'revenue',
  'discount',
  'refunded',
  'coupon',
  'product_name',
  'category',
  'brand',
] as const
type Field = (typeof names)[number]

const aliases: Readonly<Partial<Record<Field, readonly string[]>>> = {
  order_id: ['order', 'ordernumber', 'orderkey', 'invoice'],
  customer_id: ['customer', 'userid', 'user'],
  ordered_at: ['date', 'orderdate', 'createdat', 'timestamp'],
  product_id: ['sku', 'product', 'lineitemsku'],
  quantity: ['lineitemquantity'],
  price: ['unitprice', 'lineitemprice'],
  revenue: ['total', 'amount'],
  discount: ['discountamount'],
  refunded: ['refundedamount'],
  coupon: ['discountcode', 'couponcode'],
  product_name: ['lineitemname'],
}

const fields: KindFields = {
  fields: names.map((name) => ({ name, aliases: aliases[name] ?? [] })),
  required: [['order_id'], ['customer_id'], ['ordered_at'], ['price', 'revenue']],
  extras: 'ignored',
}

const mostKeyLength = 256
const mostQuantity = 1_000_000

export const orderRules = {
  key: 'must be given, with at most 256 characters',
  customer: 'must be an id of the shop with at most 256 characters, and hold no e-mail address',
  quantity: 'must be a whole number from 1 to a million',
  amount: `${decimalRule}, not below zero`,
  currency: 'must be an ISO 4217 code, such as EUR',
  null: 'must not contain a null character (U+0000)',
} as const

export const ordersReading: LineReading<OrderStretch> = {
  name: 'orders',
  fields,
  chunkLines: 20_000,
  open: (plan, context) => new OrderChunks(plan, context),
}

class OrderChunks implements ChunkMaker<OrderStretch> {
  readonly plan: ColumnPlan
  readonly context: ReadingContext
  readonly moments: MomentReader
  lastOrder: string | undefined

  constructor(plan: ColumnPlan, context: ReadingContext) {
    this.plan = plan
    this.context = context
    this.moments = new MomentReader(context.options.dates, context.options.timeZone)
  }

  next(): Chunk<OrderStretch> {
    return new ShopOrderChunk(this)
  }

  mayCut(record: FileRecord): boolean {
    return readText(this.plan.values(record)[0]) !== this.lastOrder
  }
}

class ShopOrderChunk extends OrderChunk {
  readonly #chunks: OrderChunks

  constructor(chunks: OrderChunks) {
    super()
    this.#chunks = chunks
  }

  override take(record: FileRecord): void {
    const { plan, moments, context } = this.#chunks
    const values = plan.values(record)
    const told = (field: Field): string => readText(values[names.indexOf(field)]) ?? ''
    const reject = (column: string, rule: string): void => this.reading.reject(record, column, rule)
    const orderKey = told('order_id')
    const customerKey = told('customer_id')
    if (orderKey === '' || orderKey.length > mostKeyLength || mayHoldAddress(orderKey)) {
      return reject('order_id', orderRules.key)
    }
    if (customerKey === '' || customerKey.length > mostKeyLength || mayHoldAddress(customerKey)) {
      return reject('customer_id', orderRules.customer)
    }
    if (names.some((name) => told(name).includes('\0'))) return reject('', orderRules.null)
    this.#chunks.lastOrder = orderKey
    const atMs = moments.read(told('ordered_at'))
    if (atMs === undefined || atMs > context.nowMs + (context.nowMs === 0 ? Number.MAX_SAFE_INTEGER / 2 : 0)) {
      return reject('ordered_at', `${moments.rule}, not in the future`)
    }
    const currency = told('currency') === '' ? context.options.currency : toCurrency(told('currency'))
    if (currency === undefined) return reject('currency', orderRules.currency)
    const quantity = told('quantity') === '' ? 1 : readWhole(told('quantity'))
    if (quantity === undefined || quantity < 1 || quantity > mostQuantity)
      return reject('quantity', orderRules.quantity)
    const amounts: Partial<Record<Field, number>> = {}
    for (const field of ['price', 'revenue', 'discount', 'refunded'] as const) {
      const text = told(field)
      if (text === '') continue
      const decimal = readDecimal(text)
      const cents = decimal === undefined ? undefined : minorUnits(decimal, 1, currency)
      if (cents === undefined || cents < 0) return reject(field, orderRules.amount)
      amounts[field] = cents
    }
    if (amounts.price === undefined && amounts.revenue === undefined) return reject('price', orderRules.amount)
    const exact = readDecimal(told('price'))
    const amountCents = exact === undefined ? 0 : minorUnits(exact, quantity, currency)
    if (amountCents === undefined) return reject('price', orderRules.amount)
    const productKey = told('product_id')
    if (productKey.length > mostKeyLength) return reject('product_id', orderRules.key)
    const broken = this.addLine(record, {
      orderKey,
      customerKey,
      atMs,
      currency,
      product:
        productKey === ''
          ? null
          : {
              key: productKey,
              name: told('product_name').slice(0, 1_000) || null,
              category: told('category').slice(0, 1_000) || null,
              brand: told('brand').slice(0, 1_000) || null,
              quantity,
              priceCents: amounts.price ?? 0,
            },
      amountCents,
      order: {
        revenueCents: amounts.revenue,
        discountCents: amounts.discount ?? 0,
        refundedCents: amounts.refunded ?? 0,
        coupon: told('coupon').slice(0, 100) || null,
      },
    })
    if (broken !== undefined) return reject(broken.column, broken.rule)
    this.reading.add('order lines')
  }
}
