/**
 * Writes what a stretch of a file of orders holds in one transaction: customers, products, orders, lines. A dozen
 * statements and one COPY, however many lines it has.
 */

import type pg from 'pg'
import { copyOrderLines } from '../../store/copy-order-lines.ts'
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
import { applyOrderChanges, insertOrderChanges } from '../../store/orders.ts'
import { findProducts, upsertProducts } from '../../store/products.ts'
import { type LinePlace, uuidOf, WrittenLines } from '../../store/written-lines.ts'
import { OutOfDateError } from '../page-identities.ts'
import { tellsMore } from '../page-products.ts'
import { type ImportContext, type SaveChunk, Tally } from './chunk.ts'
import { textOf } from './kept-lines.ts'
import { noteRefunds, resolveCustomers } from './order-customers.ts'
import type { OrderStretch, ReadOrder } from './order-stretch.ts'

/** What of the stretch could be written. */
interface Written {
  readonly added: ImportedOrder[]
  readonly replaced: ImportedOrder[]
  readonly extended: ImportedOrder[]
  /** Whose orders they were before, or came with changes that were known already. */
  readonly concerned: Set<string>
  /** The broken rule, by the order's number. */
  readonly refused: Map<number, string>
}

export function writeOrders(stretch: OrderStretch, context: ImportContext, save: SaveChunk): Promise<void> {
  return context.database.transaction(async (client) => {
    // A server that crashes may lose the newest chunks, each together with how far the import is: it goes on before
    // them. That the import is done is committed with a wait, and what is committed before it is then safe too.
    await client.query('SET LOCAL synchronous_commit = off')
    await save(client, await new OrderWriting(stretch, context, client).write())
  })
}

/** One attempt. */
class OrderWriting {
  readonly #stretch: OrderStretch
  readonly #context: ImportContext
  readonly #client: pg.ClientBase & Queryable
  /** Where an order stands in the stretch. */
  readonly #numbers: ReadonlyMap<string, number>
  readonly #tally = new Tally()

  constructor(stretch: OrderStretch, context: ImportContext, client: pg.ClientBase & Queryable) {
    this.#stretch = stretch
    this.#context = context
    this.#client = client
    this.#numbers = new Map(stretch.orders.map(({ orderKey }, number) => [orderKey, number]))
  }

  async write(): Promise<Tally> {
    const { customers: people, refunds } = this.#stretch
    const customers = await resolveCustomers(this.#client, people, this.#context.nowMs)
    this.#tally.add('customers made', customers.made.size)
    await this.#writeProducts()
    const written = await this.#writeOrders(customers.ids)
    await this.#copyLines(written)
    await this.#writeRefunds(customers.ids)
    const refunded = new Set(refunds.map(({ customerKey }) => customerKey))
    await noteRefunds(
      this.#client,
      customers,
      people.filter(({ key }) => refunded.has(key)),
    )
    // What their rows say of their orders is counted once, when all are there.
    const concerned = [...new Set([...customers.ids.values(), ...written.concerned])]
    await noteImportedCustomers(this.#client, this.#context.importId, concerned)
    return this.#tally
  }

  async #writeProducts(): Promise<void> {
    const { products } = this.#stretch
    const known = await findProducts(
      this.#client,
      products.map(({ productKey }) => productKey),
    )
    const rows = products.filter((row) => {
      const before = known.get(row.productKey)
      return before === undefined || row.firstSeenMs < before.firstSeenMs || tellsMore(row, before)
    })
    await upsertProducts(this.#client, rows)
    this.#tally.add('products made', rows.filter((row) => !known.has(row.productKey)).length)
  }

  async #writeOrders(customerIds: ReadonlyMap<string, string>): Promise<Written> {
    const contentBy = `import:${this.#context.importId}`
    const { orders } = this.#stretch
    const known = await lockOrders(
      this.#client,
      orders.map(({ orderKey }) => orderKey),
    )
    const written: Written = { added: [], replaced: [], extended: [], concerned: new Set(), refused: new Map() }
    for (const [number, order] of orders.entries()) {
      const before = known.get(order.orderKey)
      const row = toRow(order, before?.id ?? order.id, customerIds.get(order.customerKey) ?? '')
      if (before === undefined) written.added.push(row)
      else if (before.contentBy === contentBy) {
        const isOne = before.customerId === row.customerId && before.currency === row.currency
        // What the whole order comes to was told with its first line.
        if (isOne) written.extended.push(order.totals?.revenueCents === undefined ? row : { ...row, revenueCents: 0 })
        else written.refused.set(number, 'must name one customer and one currency')
      } else if (before.contentBy === null || before.contentBy.startsWith('import:')) {
        written.replaced.push(row)
        written.concerned.add(before.customerId)
      } else {
        written.refused.set(number, 'must not be known from events: those know better')
      }
    }
    const added = await insertImportedOrders(this.#client, written.added, contentBy)
    if (added < written.added.length) throw new OutOfDateError('An order was added by somebody else.')
    await replaceImportedOrders(this.#client, written.replaced, contentBy)
    this.#tally.add('orders made', written.added.length)
    this.#tally.add('orders replaced', written.replaced.length)
    this.#rejectLines(written.refused)
    const owners = await this.#applyChanges([...written.added, ...written.replaced])
    for (const owner of owners) written.concerned.add(owner)
    return written
  }

  /**
   * Refunds that the file tells of as a column, and those that events told of before the order was known.
   *
   * @returns whose orders they changed.
   */
  async #applyChanges(orders: readonly ImportedOrder[]): Promise<string[]> {
    const refunds = orders.flatMap(({ orderKey, orderedMs }) => {
      const amountCents = this.#read(orderKey).totals?.refundedCents ?? 0
      const messageId = `import:${this.#context.contentId}:refunded`
      return amountCents > 0 ? [{ orderKey, messageId, kind: 'refund' as const, amountCents, atMs: orderedMs }] : []
    })
    await insertOrderChanges(this.#client, refunds)
    return applyOrderChanges(
      this.#client,
      orders.map(({ orderKey }) => orderKey),
    )
  }

  async #copyLines(written: Written): Promise<void> {
    const { orders, lines } = this.#stretch
    if (written.added.length === orders.length) return copyOrderLines(this.#client, lines.written)
    const counts = await extendImportedOrders(this.#client, written.extended)
    const places: (LinePlace | undefined)[] = orders.map(() => undefined)
    for (const { id, orderKey } of [...written.added, ...written.replaced, ...written.extended]) {
      places[this.#numbers.get(orderKey) as number] = { orderId: uuidOf(id), position: counts.get(id) ?? 0 }
    }
    const moved = WrittenLines.moved(lines.written, (line) => {
      const place = places[lines.ordersOfWritten[line] as number]
      return place && { orderId: place.orderId, position: place.position++ }
    })
    await copyOrderLines(this.#client, moved.blocks)
  }

  #rejectLines(refused: ReadonlyMap<number, string>): void {
    if (refused.size === 0) return
    const { orders, fileLines, texts } = this.#stretch.lines
    for (const [at, order] of orders.entries()) {
      const rule = refused.get(order)
      if (rule === undefined) continue
      this.#tally.reject({ line: fileLines[at] as number, text: textOf(texts, at) }, 'order_id', rule)
      this.#tally.add('order lines', -1)
    }
  }

  #read(orderKey: string): ReadOrder {
    return this.#stretch.orders[this.#numbers.get(orderKey) as number] as ReadOrder
  }

  async #writeRefunds(customerIds: ReadonlyMap<string, string>): Promise<void> {
    const rows = this.#stretch.refunds.map(
      ({ line, customerKey, productKey, amountCents, atMs }): ImportedRefund => ({
        line,
        customerId: customerIds.get(customerKey) ?? '',
        productKey,
        amountCents,
        refundedMs: atMs,
      }),
    )
    await insertImportedRefunds(this.#client, this.#context.importId, rows)
  }
}

function toRow(order: ReadOrder, id: string, customerId: string): ImportedOrder {
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
