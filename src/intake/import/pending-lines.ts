/** Lines of the orders of a chunk: written down for the table as they are read, at the places that new orders give them. */

import { type LinePlace, WrittenLines } from '../../store/written-lines.ts'
import { Int32List, KeptLines } from './kept-lines.ts'
import type { FileRecord } from './line-blocks.ts'
import type { ReadLines } from './order-stretch.ts'

export class PendingLines {
  readonly #written = new WrittenLines()
  readonly #ordersOfWritten = new Int32List()
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

  lines(): ReadLines {
    return {
      written: this.#written.blocks,
      ordersOfWritten: this.#ordersOfWritten.values,
      orders: this.#orders.values,
      fileLines: Float64Array.from(this.#fileLines),
      texts: this.#texts.texts,
    }
  }
}
