/**
 * A stretch of a file of orders, written in one transaction: customers, products, orders, lines, sums. A dozen statements
 * and one COPY, however many lines it has.
 */

import type pg from 'pg'
import { v7 } from 'uuid'
import { type CustomerRow, createCustomers, lockCustomers, noteSightings } from '../../store/customers.ts'
import type { Queryable } from '../../store/database.ts'
import { markDirty } from '../../store/dirty-customers.ts'
import { findIdentities, identityKey, insertIdentities } from '../../store/identities.ts'
import {
  extendImportedOrders,
  type ImportedOrder,
  type ImportedRefund,
  insertImportedOrders,
  insertImportedRefunds,
  LineCopy,
  lockOrders,
  replaceImportedOrders,
} from '../../store/imported-orders.ts'
import { noteImportedCustomers } from '../../store/imports.ts'
import { applyOrderChanges, insertOrderChanges, recountOrders } from '../../store/orders.ts'
import { findProducts, type ProductRow, upsertProducts } from '../../store/products.ts'
import { OutOfDateError } from '../page-identities.ts'
import { seen, tellsMore } from '../page-products.ts'
import { type Chunk, type ImportContext, type Preview, Tally } from './chunk.ts'
import type { FileRecord } from './line-blocks.ts'

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
  readonly orderKey: string
  readonly customerKey: string
  readonly currency: string
  readonly totals: OrderTotals | undefined
  /** Its lines in the file, for whoever has to be told. */
  readonly fileLines: number[]
  readonly texts: string[]
  orderedMs: number
  linesCents: number
  readonly lines: LineProduct[]
}

interface PendingCustomer {
  firstMs: number
  lastMs: number
  readonly country: string | undefined
}

type PendingProduct = { -readonly [Field in keyof ProductRow]: ProductRow[Field] }

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
  readonly formerOwners: string[]
  readonly refused: { readonly order: PendingOrder; readonly rule: string }[]
}

export abstract class OrderChunk implements Chunk {
  readonly #context: ImportContext
  readonly #customers = new Map<string, PendingCustomer>()
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
    const order = this.#last?.orderKey === line.orderKey ? this.#last : this.#orders.get(line.orderKey)
    if (order !== undefined) {
      if (order.customerKey !== line.customerKey) {
        return { column: 'customer_id', rule: 'must be the same on every line of an order' }
      }
      if (order.currency !== line.currency) {
        return { column: 'currency', rule: 'must be the same on every line of an order' }
      }
      order.orderedMs = Math.min(order.orderedMs, line.atMs)
      order.linesCents += line.amountCents
      order.fileLines.push(record.line)
      order.texts.push(record.text)
      if (line.product !== null) order.lines.push(line.product)
      this.#last = order
    } else {
      this.#last = {
        orderKey: line.orderKey,
        customerKey: line.customerKey,
        currency: line.currency,
        totals: line.order,
        fileLines: [record.line],
        texts: [record.text],
        orderedMs: line.atMs,
        linesCents: line.amountCents,
        lines: line.product === null ? [] : [line.product],
      }
      this.#orders.set(line.orderKey, this.#last)
    }
    this.#see(line.customerKey, line.atMs, line.country)
    if (line.product !== null) this.#seeProduct(line.product, line)
    return undefined
  }

  addRefund(refund: PendingRefund, country: string | undefined): void {
    this.#refunds.push(refund)
    this.#see(refund.customerKey, refund.atMs, country)
  }

  /** Whether a line before told of this customer. */
  protected knows(customerKey: string): boolean {
    return this.#last?.customerKey === customerKey || this.#customers.has(customerKey)
  }

  preview(): Preview {
    return { customers: this.#customers.keys(), orders: this.#orders.keys() }
  }

  async write(save: (client: Queryable) => Promise<void>): Promise<void> {
    await this.#context.database.transaction(async (client) => {
      this.#writing = new Tally()
      const customerIds = await this.#resolveCustomers(client)
      await this.#writeProducts(client)
      const written = await this.#writeOrders(client, customerIds)
      await this.#copyLines(client, written)
      const touched = new Set([...customerIds.values(), ...written.formerOwners])
      await this.#writeRefunds(client, customerIds)
      await recountOrders(client, [...touched], this.#context.nowMs)
      await markDirty(client, touched, 'intake')
      await noteImportedCustomers(client, this.#context.importId, [...touched])
      await save(client)
    })
  }

  #see(customerKey: string, atMs: number, country: string | undefined): void {
    const known = this.#customers.get(customerKey)
    if (known === undefined) this.#customers.set(customerKey, { firstMs: atMs, lastMs: atMs, country })
    else {
      if (atMs < known.firstMs) known.firstMs = atMs
      if (atMs > known.lastMs) known.lastMs = atMs
    }
  }

  #seeProduct(product: LineProduct, { atMs, currency }: OrderLine): void {
    const { key: productKey, name, category, brand, priceCents } = product
    const known = this.#products.get(productKey)
    // What `seen` does with a later word, without making a row for it: most lines are that.
    if (known !== undefined && atMs >= known.updatedMs && category === null && brand === null) {
      if (name !== null) known.name = name
      known.priceCents = priceCents
      known.currency = currency
      known.updatedMs = atMs
      return
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
    this.#products.set(productKey, { ...seen(known, sighting, atMs) })
  }

  /** @returns the customer of each of the shop's ids; those who were not known are made. */
  async #resolveCustomers(client: Queryable): Promise<Map<string, string>> {
    const { nowMs } = this.#context
    const keys = [...this.#customers.keys()]
    const identities = keys.map((value) => ({ kind: 'user' as const, value }))
    const known = await findIdentities(client, identities)
    const missing = identities.filter((identity) => !known.has(identityKey(identity)))
    const made = new Map(missing.map(({ value }) => [value, v7({ msecs: nowMs })]))
    const added = await insertIdentities(
      client,
      missing.map((identity) => ({ ...identity, customerId: made.get(identity.value) ?? '', shared: false })),
      nowMs,
    )
    if (added < missing.length) throw new OutOfDateError('An identity was added by somebody else.')
    const existing = [...new Set([...known.values()].map(({ id }) => id))]
    const locked = await lockCustomers(client, existing, [])
    if ([...locked.values()].some(({ mergedInto }) => mergedInto !== null) || locked.size < existing.length) {
      throw new OutOfDateError('A customer was changed by somebody else.')
    }
    await createCustomers(
      client,
      [...made].map(([key, id]) => this.#newCustomer(key, id)),
      nowMs,
    )
    this.#writing.add('customers made', made.size)
    const ids = new Map(keys.map((key) => [key, made.get(key) ?? known.get(`user:${key}`)?.id ?? '']))
    await noteSightings(
      client,
      [...ids].filter(([key]) => !made.has(key)).map(([key, id]) => ({ id, ...this.#sighting(key) })),
    )
    return ids
  }

  #sighting(key: string): { firstSeenMs: number; lastSeenMs: number } {
    const { firstMs = 0, lastMs = 0 } = this.#customers.get(key) ?? {}
    return { firstSeenMs: firstMs, lastSeenMs: lastMs }
  }

  #newCustomer(key: string, id: string): CustomerRow {
    const country = this.#customers.get(key)?.country
    const since = new Date(this.#sighting(key).firstSeenMs).toISOString()
    return {
      id,
      externalId: key,
      traits: country === undefined ? {} : { country },
      traitTimes: country === undefined ? {} : { country: since },
      personal: null,
      timeZone: null,
      locale: null,
      country: country !== undefined && /^[A-Z]{2}$/.test(country) ? country : null,
      emailDomain: null,
      ...this.#sighting(key),
    }
  }

  async #writeProducts(client: Queryable): Promise<void> {
    const known = await findProducts(client, [...this.#products.keys()])
    const rows = [...this.#products.values()].filter((row) => {
      const before = known.get(row.productKey)
      return before === undefined || row.firstSeenMs < before.firstSeenMs || tellsMore(row, before)
    })
    await upsertProducts(client, rows)
    this.#writing.add('products made', rows.filter((row) => !known.has(row.productKey)).length)
  }

  async #writeOrders(client: Queryable, customerIds: ReadonlyMap<string, string>): Promise<Written> {
    const contentBy = `import:${this.#context.importId}`
    const known = await lockOrders(client, [...this.#orders.keys()])
    const written: Written = { added: [], replaced: [], extended: [], formerOwners: [], refused: [] }
    for (const order of this.#orders.values()) {
      const before = known.get(order.orderKey)
      const row = toRow(order, before?.id ?? v7({ msecs: order.orderedMs }), customerIds.get(order.customerKey) ?? '')
      if (before === undefined) written.added.push(row)
      else if (before.contentBy === contentBy) {
        const isOne = before.customerId === row.customerId && before.currency === row.currency
        // What the whole order comes to was told with its first line.
        if (isOne) written.extended.push(order.totals?.revenueCents === undefined ? row : { ...row, revenueCents: 0 })
        else written.refused.push({ order, rule: 'must name one customer and one currency' })
      } else if (before.contentBy === null || before.contentBy.startsWith('import:')) {
        written.replaced.push(row)
        written.formerOwners.push(before.customerId)
      } else {
        written.refused.push({ order, rule: 'must not be known from events: those know better' })
      }
    }
    const added = await insertImportedOrders(client, written.added, contentBy)
    if (added < written.added.length) throw new OutOfDateError('An order was added by somebody else.')
    await replaceImportedOrders(client, written.replaced, contentBy)
    this.#writing.add('orders made', written.added.length)
    this.#writing.add('orders replaced', written.replaced.length)
    for (const { order, rule } of written.refused) {
      for (const [i, line] of order.fileLines.entries()) {
        this.#writing.reject({ line, text: order.texts[i] ?? '' }, 'order_id', rule)
      }
      this.#writing.add('order lines', -order.fileLines.length)
    }
    await this.#applyChanges(client, [...written.added, ...written.replaced])
    return written
  }

  /** Refunds that the file tells of as a column, and those that events told of before the order was known. */
  async #applyChanges(client: Queryable, orders: readonly ImportedOrder[]): Promise<void> {
    const refunds = orders.flatMap(({ orderKey, orderedMs }) => {
      const amountCents = this.#orders.get(orderKey)?.totals?.refundedCents ?? 0
      const messageId = `import:${this.#context.contentId}:refunded`
      return amountCents > 0 ? [{ orderKey, messageId, kind: 'refund' as const, amountCents, atMs: orderedMs }] : []
    })
    await insertOrderChanges(client, refunds)
    await applyOrderChanges(
      client,
      orders.map(({ orderKey }) => orderKey),
    )
  }

  async #copyLines(client: pg.ClientBase & Queryable, written: Written): Promise<void> {
    const counts = await extendImportedOrders(client, written.extended)
    const copy = new LineCopy(client)
    for (const { id, orderKey } of [...written.added, ...written.replaced, ...written.extended]) {
      let position = counts.get(id) ?? 0
      for (const { key, quantity, priceCents } of this.#orders.get(orderKey)?.lines ?? []) {
        await copy.add(id, position++, key, quantity, priceCents)
      }
    }
    await copy.end()
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
