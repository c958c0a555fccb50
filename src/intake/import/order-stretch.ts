/** What a chunk of a file of orders holds, as plain data: read in one thread, written by another. */

import type { ProductRow } from '../../store/products.ts'
import type { Preview } from './chunk.ts'
import type { KeptTexts } from './kept-lines.ts'

export interface OrderStretch {
  /** In the order of the file; lines name them by where they stand here. */
  readonly orders: readonly ReadOrder[]
  readonly customers: readonly ReadCustomer[]
  readonly products: readonly ProductRow[]
  readonly refunds: readonly ReadRefund[]
  readonly lines: ReadLines
}

export interface ReadOrder {
  /** If it is new. */
  readonly id: string
  readonly orderKey: string
  readonly customerKey: string
  readonly currency: string
  readonly totals: OrderTotals | undefined
  readonly orderedMs: number
  readonly linesCents: number
}

export interface OrderTotals {
  readonly revenueCents: number | undefined
  readonly discountCents: number
  readonly refundedCents: number
  readonly coupon: string | null
}

export interface ReadCustomer {
  /** The shop's id. */
  readonly key: string
  readonly firstMs: number
  readonly lastMs: number
  readonly country: string | undefined
}

export interface ReadRefund {
  readonly line: number
  readonly customerKey: string
  readonly productKey: string | null
  readonly amountCents: number
  readonly atMs: number
}

export interface ReadLines {
  /** Written down for the table, at the places that new orders give them; see `WrittenLines`. */
  readonly written: readonly Uint8Array<ArrayBuffer>[]
  /** By written line: of which order. */
  readonly ordersOfWritten: Int32Array<ArrayBuffer>
  /** By line of the file: of which order, which line, and what it says; for whoever has to be told of it. */
  readonly orders: Int32Array<ArrayBuffer>
  readonly fileLines: Float64Array<ArrayBuffer>
  readonly texts: KeptTexts
}

export function previewOrders({ customers, orders }: OrderStretch): Preview {
  return {
    customers: customers.map(({ key }) => ({ kind: 'user' as const, value: key })),
    orders: orders.map(({ orderKey }) => orderKey),
  }
}
