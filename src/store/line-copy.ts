/**
 * Lines of orders on their way into the table, in PostgreSQL's binary COPY format: neither side spends its time on writing
 * and reading numbers as text.
 */

import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'

const blockBytes = 1 << 17
/** Of a line without its product: five lengths of four bytes each after the count, an id, a position, a quantity, a price. */
const fixedBytes = 2 + 5 * 4 + 16 + 4 + 4 + 8
const uuidBytes = 16
const highWord = 2 ** 32

export class LineCopy {
  readonly #stream: ReturnType<typeof copyFrom> & NodeJS.WritableStream
  readonly #done: Promise<void>
  #block = Buffer.allocUnsafe(blockBytes)
  #at = 0

  constructor(client: pg.ClientBase) {
    this.#stream = client.query(
      copyFrom('COPY order_lines (order_id, position, product_key, quantity, price_cents) FROM STDIN (FORMAT binary)'),
    )
    this.#done = finished(this.#stream)
    this.#done.catch(() => undefined) // Told by `end`, and by whatever is written after it.
    this.#at += this.#block.write('PGCOPY\n\xff\r\n\0', 0, 'latin1')
    this.#block.fill(0, this.#at, (this.#at += 8)) // No flags, no extension.
  }

  /**
   * @param orderId its 16 bytes; see `uuidOf`.
   * @param productKey in UTF-8.
   * @returns what to wait for before the next line, if anything.
   */
  add(
    orderId: Uint8Array,
    position: number,
    productKey: Uint8Array,
    quantity: number,
    priceCents: number,
  ): Promise<void> | undefined {
    const isFull = this.#at + fixedBytes + productKey.length > this.#block.length
    const flushed = isFull ? this.#flush(fixedBytes + productKey.length) : undefined
    this.#short(5)
    this.#word(uuidBytes)
    this.#bytes(orderId)
    this.#word(4)
    this.#word(position)
    this.#word(productKey.length)
    this.#bytes(productKey)
    this.#word(4)
    this.#word(quantity)
    this.#word(8)
    this.#word(Math.floor(priceCents / highWord))
    this.#word(priceCents)
    return flushed
  }

  async end(): Promise<void> {
    if (this.#at + 2 > this.#block.length) await this.#flush(2)
    this.#short(-1)
    await this.#flush(0)
    this.#stream.end()
    await this.#done
  }

  #short(value: number): void {
    this.#block[this.#at++] = value >> 8
    this.#block[this.#at++] = value
  }

  /** Of more than 32 bits the lower ones. */
  #word(value: number): void {
    const block = this.#block
    const at = this.#at
    block[at] = value >>> 24
    block[at + 1] = value >>> 16
    block[at + 2] = value >>> 8
    block[at + 3] = value
    this.#at = at + 4
  }

  #bytes(bytes: Uint8Array): void {
    this.#block.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** The connection keeps what it was given until it is sent: the next bytes go into another block. */
  #flush(neededBytes: number): Promise<void> | undefined {
    const written = this.#block.subarray(0, this.#at)
    this.#block = Buffer.allocUnsafe(Math.max(blockBytes, neededBytes))
    this.#at = 0
    if (this.#stream.write(written)) return undefined
    return Promise.race([once(this.#stream, 'drain').then(() => undefined), this.#done])
  }
}

export function uuidOf(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}
