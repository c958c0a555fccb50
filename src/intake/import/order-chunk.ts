/**
 * A stretch of a file of orders, written in one transaction: customers, products, orders, lines, sums. A dozen statements
 * and one COPY, however many lines it has.
 */

import type pg from 'pg'
import { v7 } from 'uuid'
import type { Queryable } from '../../store/database.ts'
import {
  extendImportedOrders,
  type ImportedOrder,
  type ImportedRefund,
  insertImportedOrders,
  insertImportedRefunds,
  lockOrders,
  replaceImportedOrders,
} from '../../store/imported-orders.ts'
import { noteImportedCustomers } from '../../store/imports.ts'
import { type LinePlace, uuidOf } from '../../store/line-copy.ts'
import { applyOrderChanges, insertOrderChanges } from '../../store/orders.ts'
import { findProducts, type ProductRow, upsertProducts } from '../../store/products.ts'
import { OutOfDateError } from '../page-identities.ts'
import { seen, tellsMore } from '../page-products.ts'
import { type Chunk, type ImportContext, type Preview, Tally } from './chunk.ts'
import type { FileRecord } from './line-blocks.ts'
import { OrderCustomers } from './order-customers.ts'
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

interface OrderTotals {
  readonly revenueCents: number | undefined
  readonly discountCents: number
  readonly refundedCents: number
  readonly coupon: string | null
}

interface PendingOrder {
  /** In the order of the file, from 0. */
  readonly number: number
  /** If it is new. */
  readonly id: string
  readonly place: LinePlace
  readonly orderKey: string
  readonly customerKey: string
  readonly currency: string
  readonly totals: OrderTotals | undefined
  orderedMs: number
  linesCents: number
}

interface PendingProduct {
  /** Its key in UTF-8. */
  readonly key: Uint8Array
  row: { -readonly [Field in keyof ProductRow]: ProductRow[Field] }
}

interface PendingRefund {
  readonly line: number
  readonly customerKey: string
  readonly productKey: string | null
  readonly amountCents: number
  readonly atMs: number
}

/** What of the chunk could be written. Made anew at every attempt. */
interface Written {
  readonly added: ImportedOrder[]
  readonly replaced: ImportedOrder[]
  readonly extended: ImportedOrder[]
  /** Whose orders they were before, or came with changes that were known already. */
  readonly concerned: Set<string>
  /** The broken rule, by the order's number. */
  readonly refused: Map<number, string>
}

export abstract class OrderChunk implements Chunk {
  readonly #context: ImportContext
  readonly #customers = new OrderCustomers()
  readonly #lines = new PendingLines()
  readonly #orders = new Map<string, PendingOrder>()
  readonly #products = new Map<string, PendingProduct>()
  readonly #refunds: PendingRefund[] = []
  /** Lines of one order mostly follow each other. */
  #last: PendingOrder | undefined
  readonly #reading = new Tally()
  #writing = new Tally()

  constructor(context: ImportContext) {
    this.#context = context
  }

  get reading(): Tally {
    return this.#reading
  }

  get writing(): Tally {
    return this.#writing
  }

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
      const id = v7({ msecs: line.atMs })
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
    this.#customers.see(line.customerKey, line.atMs, line.country)
    const { product } = line
    const bought = product === null ? null : { ...product, key: this.#seeProduct(product, line) }
    this.#lines.add(order.number, record, order.place, bought)
    return undefined
  }

  addRefund(refund: PendingRefund, country: string | undefined): void {
    this.#refunds.push(refund)
    this.#customers.see(refund.customerKey, refund.atMs, country)
  }

  /** Whether a line before told of this customer. */
  protected knows(customerKey: string): boolean {
    return this.#last?.customerKey === customerKey || this.#customers.has(customerKey)
  }

  preview(): Preview {
    const customers = [...this.#customers.keys()].map((value) => ({ kind: 'user' as const, value }))
    return { customers, orders: this.#orders.keys() }
  }

  async write(save: (client: Queryable) => Promise<void>): Promise<void> {
    const { database, importId, nowMs } = this.#context
    await database.transaction(async (client) => {
      // A server that crashes may lose the newest chunks, each together with how far the import is: it goes on before
      // them. That the import is done is committed with a wait, and what is committed before it is then safe too.
      await client.query('SET LOCAL synchronous_commit = off')
      this.#writing = new Tally()
      const customers = await this.#customers.resolve(client, nowMs)
      this.#writing.add('customers made', customers.made.size)
      await this.#writeProducts(client)
      const written = await this.#writeOrders(client, customers.ids)
      await this.#copyLines(client, written)
      await this.#writeRefunds(client, customers.ids)
      await this.#customers.noteRefunds(client, customers, new Set(this.#refunds.map(({ customerKey }) => customerKey)))
      // What their rows say of their orders is counted once, when all are there.
      await noteImportedCustomers(client, importId, [...new Set([...customers.ids.values(), ...written.concerned])])
      await save(client)
    })
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

  async #writeProducts(client: Queryable): Promise<void> {
    const known = await findProducts(client, [...this.#products.keys()])
    const pending = [...this.#products.values()].map(({ row }) => row)
    const rows = pending.filter((row) => {
      const before = known.get(row.productKey)
      return before === undefined || row.firstSeenMs < before.firstSeenMs || tellsMore(row, before)
    })
    await upsertProducts(client, rows)
    this.#writing.add('products made', rows.filter((row) => !known.has(row.productKey)).length)
  }

  async #writeOrders(client: Queryable, customerIds: ReadonlyMap<string, string>): Promise<Written> {
    const contentBy = `import:${this.#context.importId}`
    const known = await lockOrders(client, [...this.#orders.keys()])
    const written: Written = { added: [], replaced: [], extended: [], concerned: new Set(), refused: new Map() }
    for (const order of this.#orders.values()) {
      const before = known.get(order.orderKey)
      const row = toRow(order, before?.id ?? order.id, customerIds.get(order.customerKey) ?? '')
      if (before === undefined) written.added.push(row)
      else if (before.contentBy === contentBy) {
        const isOne = before.customerId === row.customerId && before.currency === row.currency
        // What the whole order comes to was told with its first line.
        if (isOne) written.extended.push(order.totals?.revenueCents === undefined ? row : { ...row, revenueCents: 0 })
        else written.refused.set(order.number, 'must name one customer and one currency')
      } else if (before.contentBy === null || before.contentBy.startsWith('import:')) {
        written.replaced.push(row)
        written.concerned.add(before.customerId)
      } else {
        written.refused.set(order.number, 'must not be known from events: those know better')
      }
    }
    const added = await insertImportedOrders(client, written.added, contentBy)
    if (added < written.added.length) throw new OutOfDateError('An order was added by somebody else.')
    await replaceImportedOrders(client, written.replaced, contentBy)
    this.#writing.add('orders made', written.added.length)
    this.#writing.add('orders replaced', written.replaced.length)
    for (const { order, line, text } of this.#lines.ofOrders(new Set(written.refused.keys()))) {
      this.#writing.reject({ line, text }, 'order_id', written.refused.get(order) ?? '')
      this.#writing.add('order lines', -1)
    }
    const owners = await this.#applyChanges(client, [...written.added, ...written.replaced])
    for (const owner of owners) written.concerned.add(owner)
    return written
  }

  /**
   * Refunds that the file tells of as a column, and those that events told of before the order was known.
   *
   * @returns whose orders they changed.
   */
  async #applyChanges(client: Queryable, orders: readonly ImportedOrder[]): Promise<string[]> {
    const refunds = orders.flatMap(({ orderKey, orderedMs }) => {
      const amountCents = this.#orders.get(orderKey)?.totals?.refundedCents ?? 0
      const messageId = `import:${this.#context.contentId}:refunded`
      return amountCents > 0 ? [{ orderKey, messageId, kind: 'refund' as const, amountCents, atMs: orderedMs }] : []
    })
    await insertOrderChanges(client, refunds)
    return applyOrderChanges(
      client,
      orders.map(({ orderKey }) => orderKey),
    )
  }

  async #copyLines(client: pg.ClientBase & Queryable, written: Written): Promise<void> {
    const areAllNew = written.added.length === this.#orders.size
    if (areAllNew) return this.#lines.copy(client)
    const counts = await extendImportedOrders(client, written.extended)
    const orders: ({ id: string; position: number } | undefined)[] = [...this.#orders.values()].map(() => undefined)
    for (const { id, orderKey } of [...written.added, ...written.replaced, ...written.extended]) {
      const { number } = this.#orders.get(orderKey) as PendingOrder
      orders[number] = { id, position: counts.get(id) ?? 0 }
    }
    await this.#lines.copyTo(client, orders)
  }

  async #writeRefunds(client: Queryable, customerIds: ReadonlyMap<string, string>): Promise<void> {
    const rows = this.#refunds.map(
      ({ line, customerKey, productKey, amountCents, atMs }): ImportedRefund => ({
        line,
        customerId: customerIds.get(customerKey) ?? '',
        productKey,
        amountCents,
        refundedMs: atMs,
      }),
    )
    await insertImportedRefunds(client, this.#context.importId, rows)
  }
}

function toRow(order: PendingOrder, id: string, customerId: string): ImportedOrder {
  const { totals, linesCents, orderKey, orderedMs, currency } = order
  const discountCents = totals?.discountCents ?? 0
  return {
    id,
    customerId,
    orderKey,
    orderedMs,
    revenueCents: totals?.revenueCents ?? Math.max(0, linesCents - discountCents),
    discountCents,
    currency,
    coupon: totals?.coupon ?? null,
  }
}
