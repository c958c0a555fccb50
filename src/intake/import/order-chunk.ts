/** A stretch of a file of orders while it is read: its orders, their lines, who bought what. Nothing of the database. */

import { v7 } from 'uuid'
import type { ProductRow } from '../../store/products.ts'
import { type LinePlace, uuidOf } from '../../store/written-lines.ts'
import { seen } from '../page-products.ts'
import { nextChance } from './chance.ts'
import { type Chunk, Tally } from './chunk.ts'
import type { FileRecord } from './line-blocks.ts'
import type { OrderStretch, OrderTotals, ReadCustomer, ReadOrder, ReadRefund } from './order-stretch.ts'
import { PendingLines } from './pending-lines.ts'

/** One line of an order. Amounts in minor units. */
export interface OrderLine {
  readonly orderKey: string
  readonly customerKey: string
  readonly atMs: number
  readonly currency: string
  /** Null: the line tells of the order alone. */
  readonly product: LineProduct | null
  /** Quantity times price, before it is rounded to whole units of the price. */
  readonly amountCents: number
  /** Of the whole order, where the file tells: the first word holds. */
  readonly order?: OrderTotals | undefined
  readonly country?: string | undefined
}

interface LineProduct {
  readonly key: string
  readonly name: string | null
  readonly category: string | null
  readonly brand: string | null
  readonly quantity: number
  readonly priceCents: number
}

interface PendingOrder extends Omit<ReadOrder, 'orderedMs' | 'linesCents'> {
  /** In the order of the file, from 0. */
  readonly number: number
  readonly place: LinePlace
  orderedMs: number
  linesCents: number
}

type PendingCustomer = { -readonly [Field in keyof ReadCustomer]: ReadCustomer[Field] }

interface PendingProduct {
  /** Its key in UTF-8. */
  readonly key: Uint8Array
  row: { -readonly [Field in keyof ProductRow]: ProductRow[Field] }
}

export abstract class OrderChunk implements Chunk<OrderStretch> {
  readonly reading = new Tally()
  readonly #customers = new Map<string, PendingCustomer>()
  readonly #lines = new PendingLines()
  readonly #orders = new Map<string, PendingOrder>()
  readonly #products = new Map<string, PendingProduct>()
  readonly #refunds: ReadRefund[] = []
  /** Lines of one order mostly follow each other. */
  #last: PendingOrder | undefined

  abstract take(record: FileRecord): void

  /** @returns the rule that the line breaks together with the lines before it. */
  addLine(record: FileRecord, line: OrderLine): { column: string; rule: string } | undefined {
    let order = this.#last?.orderKey === line.orderKey ? this.#last : this.#orders.get(line.orderKey)
    if (order !== undefined) {
      if (order.customerKey !== line.customerKey) {
        return { column: 'customer_id', rule: 'must be the same on every line of an order' }
      }
      if (order.currency !== line.currency) {
        return { column: 'currency', rule: 'must be the same on every line of an order' }
      }
      if (line.atMs < order.orderedMs) order.orderedMs = line.atMs
      order.linesCents += line.amountCents
    } else {
      const id = v7({ msecs: line.atMs, random: nextChance() })
      order = {
        number: this.#orders.size,
        id,
        place: { orderId: uuidOf(id), position: 0 },
        orderKey: line.orderKey,
        customerKey: line.customerKey,
        currency: line.currency,
        totals: line.order,
        orderedMs: line.atMs,
        linesCents: line.amountCents,
      }
      this.#orders.set(line.orderKey, order)
    }
    this.#last = order
    this.#see(line.customerKey, line.atMs, line.country)
    const { product } = line
    const bought = product === null ? null : { ...product, key: this.#seeProduct(product, line) }
    this.#lines.add(order.number, record, order.place, bought)
    return undefined
  }

  addRefund(refund: ReadRefund, country: string | undefined): void {
    this.#refunds.push(refund)
    this.#see(refund.customerKey, refund.atMs, country)
  }

  /** Whether a line before told of this customer. */
  protected knows(customerKey: string): boolean {
    return this.#last?.customerKey === customerKey || this.#customers.has(customerKey)
  }

  content(): OrderStretch {
    return {
      orders: Array.from(
        this.#orders.values(),
        ({ id, orderKey, customerKey, currency, totals, orderedMs, linesCents }) => ({
          id,
          orderKey,
          customerKey,
          currency,
          totals,
          orderedMs,
          linesCents,
        }),
      ),
      customers: [...this.#customers.values()],
      products: Array.from(this.#products.values(), ({ row }) => row),
      refunds: this.#refunds,
      lines: this.#lines.lines(),
    }
  }

  #see(key: string, atMs: number, country: string | undefined): void {
    const known = this.#customers.get(key)
    if (known === undefined) this.#customers.set(key, { key, firstMs: atMs, lastMs: atMs, country })
    else {
      if (atMs < known.firstMs) known.firstMs = atMs
      if (atMs > known.lastMs) known.lastMs = atMs
    }
  }

  /** @returns its key in UTF-8. */
  #seeProduct(product: LineProduct, { atMs, currency }: OrderLine): Uint8Array {
    const { key: productKey, name, category, brand, priceCents } = product
    const known = this.#products.get(productKey)
    // What `seen` does with a later word, without making a row for it: most lines are that.
    if (known !== undefined && atMs >= known.row.updatedMs && category === null && brand === null) {
      const { row } = known
      if (name !== null && name !== row.name) row.name = name // Another string of the same letters would live on.
      row.priceCents = priceCents
      row.currency = currency
      row.updatedMs = atMs
      return known.key
    }
    const sighting = {
      productKey,
      name: name ?? undefined,
      category: category ?? undefined,
      brand: brand ?? undefined,
      priceCents,
      currency,
      url: undefined,
      imageUrl: undefined,
    }
    const row = seen(known?.row, sighting, atMs)
    if (known !== undefined) {
      known.row = row
      return known.key
    }
    const key = Buffer.from(productKey)
    this.#products.set(productKey, { key, row })
    return key
  }
}
