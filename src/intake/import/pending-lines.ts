/** Lines of the orders of a chunk: written down for the table as they are read, at the places that new orders give them. */

import type pg from 'pg'
import { type LinePlace, uuidOf, WrittenLines } from '../../store/line-copy.ts'
import { Int32List, KeptLines } from './kept-lines.ts'
import type { FileRecord } from './line-blocks.ts'

export class PendingLines {
  readonly #written = new WrittenLines()
  /** By written line: which of the chunk's orders. */
  readonly #ordersOfWritten = new Int32List()
  /** By line of the file: which of the chunk's orders, and which line; for whoever has to be told of it. */
  readonly #orders = new Int32List()
  readonly #fileLines: number[] = []
  readonly #texts = new KeptLines()

  /** @param product null: the line tells of the order alone. */
  add(
    order: number,
    record: FileRecord,
    place: LinePlace,
    product: { readonly key: Uint8Array; readonly quantity: number; readonly priceCents: number } | null,
  ): void {
    this.#orders.push(order)
    this.#fileLines.push(record.line)
    this.#texts.add(record)
    if (product === null) return
    this.#ordersOfWritten.push(order)
    this.#written.add(place, product.key, product.quantity, product.priceCents)
    place.position++
  }

  /** The lines of these orders as the file has them. */
  *ofOrders(orders: ReadonlySet<number>): Generator<{ order: number; line: number; text: string }> {
    if (orders.size === 0) return
    for (const [at, line] of this.#fileLines.entries()) {
      const order = this.#orders.at(at)
      if (orders.has(order)) yield { order, line, text: this.#texts.text(at) }
    }
  }

  /** Writes them in one COPY, of orders that are all new. */
  copy(client: pg.ClientBase): Promise<void> {
    return this.#written.copyInto(client)
  }

  /**
   * Writes them in one COPY.
   *
   * @param orders by the chunk's numbers: the order's id and the position of its next line; undefined: leave its lines out.
   */
  copyTo(
    client: pg.ClientBase,
    orders: readonly ({ readonly id: string; readonly position: number } | undefined)[],
  ): Promise<void> {
    const next = orders.map((order) => order && { orderId: uuidOf(order.id), position: order.position })
    const moved = this.#written.moved((line) => {
      const place = next[this.#ordersOfWritten.at(line)]
      return place && { orderId: place.orderId, position: place.position++ }
    })
    return moved.copyInto(client)
  }
}
