/**
 * Lines of the orders of a chunk. Kept by column: as an object each, hundreds of thousands of them would be moved about by
 * the collector until the chunk is written.
 */

import type pg from 'pg'
import { LineCopy, uuidOf } from '../../store/line-copy.ts'
import type { FileRecord } from './line-blocks.ts'

export class PendingLines {
  /** By line: which of the chunk's orders, where in the file and how it reads there, for whoever has to be told. */
  readonly #orders: number[] = []
  readonly #fileLines: number[] = []
  readonly #texts: string[] = []
  /** Which of the chunk's products; -1 for a line that tells of the order alone. */
  readonly #products: number[] = []
  readonly #quantities: number[] = []
  readonly #prices: number[] = []

  add(order: number, { line, text }: FileRecord, product: number, quantity: number, priceCents: number): void {
    this.#orders.push(order)
    this.#fileLines.push(line)
    this.#texts.push(text)
    this.#products.push(product)
    this.#quantities.push(quantity)
    this.#prices.push(priceCents)
  }

  /** The lines of these orders as the file has them. */
  *ofOrders(orders: ReadonlySet<number>): Generator<{ order: number; line: number; text: string }> {
    for (const [at, order] of this.#orders.entries()) {
      if (orders.has(order)) yield { order, line: this.#fileLines[at] as number, text: this.#texts[at] as string }
    }
  }

  /**
   * Writes them in one COPY.
   *
   * @param orders by the chunk's numbers: the order's id and the position of its next line; undefined: leave its lines out.
   * @param productKeys by the chunk's numbers.
   */
  async copy(
    client: pg.ClientBase,
    orders: readonly ({ readonly id: string; readonly position: number } | undefined)[],
    productKeys: readonly string[],
  ): Promise<void> {
    const ids = orders.map((order) => (order === undefined ? undefined : uuidOf(order.id)))
    const positions = orders.map((order) => order?.position ?? 0)
    const keys = productKeys.map((key) => Buffer.from(key))
    const copy = new LineCopy(client)
    for (let at = 0; at < this.#orders.length; at++) {
      const order = this.#orders[at] as number
      const id = ids[order]
      const key = keys[this.#products[at] as number]
      if (id === undefined || key === undefined) continue
      const position = positions[order] as number
      positions[order] = position + 1
      const flushed = copy.add(id, position, key, this.#quantities[at] as number, this.#prices[at] as number)
      if (flushed !== undefined) await flushed
    }
    await copy.end()
  }
}
