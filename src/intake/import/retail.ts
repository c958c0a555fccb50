/**
 * The layout of UCI's "Online Retail": a line for each product of an invoice, invoices that cancel others, and all that a
 * real shop's books bring along. Every line is taken as a sale, taken as a refund, or rejected by exactly one rule; the
 * rules are asked in the order in which they stand here.
 */

import type { Chunk, ChunkMaker, LineReading, ReadingContext } from './chunk.ts'
import type { ColumnPlan, KindFields } from './columns.ts'
import { countryNamed } from './countries.ts'
import type { FileRecord } from './line-blocks.ts'
import { LineMemory } from './line-memory.ts'
import { OrderChunk } from './order-chunk.ts'
import type { OrderStretch } from './order-stretch.ts'
import { decimalRule, MomentReader, minorUnits, readDecimal, readText, readWhole } from './values.ts'

const fields: KindFields = {
  fields: [
    { name: 'invoice', aliases: ['invoiceno'] },
    { name: 'stock_code', aliases: [] },
    { name: 'description', aliases: [] },
    { name: 'quantity', aliases: [] },
    { name: 'invoice_date', aliases: [] },
    { name: 'unit_price', aliases: ['price'] },
    { name: 'customer_id', aliases: [] },
    { name: 'country', aliases: [] },
    { name: 'category', aliases: [] },
  ],
  required: [['invoice'], ['stock_code'], ['quantity'], ['invoice_date'], ['unit_price'], ['customer_id']],
  extras: 'ignored',
}

export const retailRules = {
  invoice: 'must be digits, with a C before them if it cancels',
  stockCode: 'must be given, with at most 100 characters',
  quantity: 'must be a whole number of at most a million',
  price: decimalRule,
  duplicate: 'must not repeat a line before it in every column',
  customer: 'must be given',
  paid: 'must be above zero: what costs nothing, or corrects the books, is no sale',
  sold: 'must be above zero: only a cancellation takes back',
  takenBack: 'must be below zero: a cancellation takes back',
} as const

const chunkLines = 50_000
const mostQuantity = 1_000_000
const mostKeyLength = 100

export const retailReading: LineReading<OrderStretch> = {
  name: 'retail',
  fields,
  chunkLines,
  open: (plan, context) => new RetailChunks(plan, context),
}

class RetailChunks implements ChunkMaker<OrderStretch> {
  readonly context: ReadingContext
  readonly moments: MomentReader
  readonly #plan: ColumnPlan
  readonly #places: readonly (number | undefined)[]
  readonly #memory = new LineMemory()
  #lastInvoice: string | undefined

  constructor(plan: ColumnPlan, context: ReadingContext) {
    this.context = context
    this.moments = new MomentReader(context.options.dates, context.options.timeZone)
    this.#plan = plan
    this.#places = fields.fields.map(({ name }) => plan.placeOf(name))
  }

  next(): Chunk<OrderStretch> {
    this.#memory.turn()
    return new RetailChunk(this)
  }

  recall(record: FileRecord): void {
    if (record.fault === undefined) this.isRepeated(this.value(record, 0), this.value(record, 1), record)
  }

  /** Not inside of an invoice, if it can be helped. */
  mayCut(record: FileRecord): boolean {
    return this.value(record, 0) !== this.#lastInvoice
  }

  noteInvoice(invoice: string | undefined): void {
    this.#lastInvoice = invoice
  }

  isKnownInvoice(invoice: string | undefined): boolean {
    return invoice !== undefined && invoice === this.#lastInvoice
  }

  isRepeated(invoice: string, stockCode: string, record: FileRecord): boolean {
    return this.#memory.isRepeated(invoice, stockCode, record)
  }

  /** A field's text without spaces around it; empty where the file does not have it. */
  value(record: FileRecord, field: number): string {
    const place = this.#places[field]
    if (place !== undefined) return trimmed(record.cells[place] as string)
    return this.#plan.isCsv ? '' : (readText(this.#plan.values(record)[field]) ?? '')
  }
}

const invoiceForm = /^C?\d{1,20}$/

class RetailChunk extends OrderChunk {
  readonly #chunks: RetailChunks

  constructor(chunks: RetailChunks) {
    super()
    this.#chunks = chunks
  }

  override take(record: FileRecord): void {
    const chunks = this.#chunks
    const { moments, context } = chunks
    const invoice = chunks.value(record, 0)
    const stockCode = chunks.value(record, 1)
    const quantity = readWhole(chunks.value(record, 3))
    const atMs = moments.read(chunks.value(record, 4))
    const price = readDecimal(chunks.value(record, 5))
    const reject = (column: string, rule: string): void => this.reading.reject(record, column, rule)
    if (!chunks.isKnownInvoice(invoice) && !invoiceForm.test(invoice)) return reject('invoice', retailRules.invoice)
    chunks.noteInvoice(invoice)
    if (stockCode === '' || stockCode.length > mostKeyLength) return reject('stock_code', retailRules.stockCode)
    if (quantity === undefined || Math.abs(quantity) > mostQuantity) return reject('quantity', retailRules.quantity)
    if (atMs === undefined) return reject('invoice_date', moments.rule)
    if (price === undefined) return reject('unit_price', retailRules.price)
    if (chunks.isRepeated(invoice, stockCode, record)) return reject('', retailRules.duplicate)
    const customerKey = customerOf(chunks.value(record, 6))
    if (customerKey === undefined) return reject('customer_id', retailRules.customer)
    const { currency } = context.options
    const priceCents = minorUnits(price, 1, currency)
    const amountCents = minorUnits(price, Math.abs(quantity), currency)
    if (price.units <= 0) return reject('unit_price', retailRules.paid)
    if (priceCents === undefined || amountCents === undefined) return reject('unit_price', retailRules.price)
    const where = this.knows(customerKey) ? undefined : countryNamed(chunks.value(record, 7))

    if (invoice.startsWith('C')) {
      if (quantity >= 0) return reject('quantity', retailRules.takenBack)
      this.addRefund({ line: record.line, customerKey, productKey: stockCode, amountCents, atMs }, where)
      this.reading.add('refund lines')
      this.reading.add('refund cents', amountCents)
      return
    }
    if (quantity <= 0) return reject('quantity', retailRules.sold)
    const broken = this.addLine(record, {
      orderKey: invoice,
      customerKey,
      atMs,
      currency,
      product: {
        key: stockCode,
        name: chunks.value(record, 2) || null,
        category: chunks.value(record, 8) || null,
        brand: null,
        quantity,
        priceCents,
      },
      amountCents,
      country: where,
    })
    if (broken !== undefined) return reject(broken.column, broken.rule)
    this.reading.add('order lines')
    this.reading.add('revenue cents', amountCents)
  }
}

/** Spreadsheets make 17850.0 of 17850. */
function customerOf(text: string): string | undefined {
  if (text === '' || text.length > mostKeyLength) return undefined
  return text.endsWith('.0') && /^\d+\.0$/.test(text) ? text.slice(0, -2) : text
}

function trimmed(text: string): string {
  return text.charCodeAt(0) > 32 && text.charCodeAt(text.length - 1) > 32 ? text : text.trim()
}
