/**
 * Lines of orders on their way into the table, in PostgreSQL's binary COPY format: neither side spends its time on writing
 * and reading numbers as text. They are written down as they are read, so that the copying itself only sends them.
 */

const blockBytes = 1 << 17
const uuidBytes = 16
/** Of a line without its product: five lengths of four bytes each after the count, an id, a position, a quantity, a price. */
const fixedBytes = 2 + 5 * 4 + uuidBytes + 4 + 4 + 8
/** Where in a line its id, its position and the length of its product stand. */
const idAt = 2 + 4
const positionAt = idAt + uuidBytes + 4
const keyLengthAt = positionAt + 4
const highWord = 2 ** 32

/** Of which order a line is, and the how manieth. */
export interface LinePlace {
  /** The order's id, its 16 bytes; see `uuidOf`. */
  readonly orderId: Uint8Array
  position: number
}

export class WrittenLines {
  readonly #full: Buffer<ArrayBuffer>[] = []
  #block = Buffer.allocUnsafe(blockBytes)
  #at = 0

  /** @param productKey in UTF-8. */
  add({ orderId, position }: LinePlace, productKey: Uint8Array, quantity: number, priceCents: number): void {
    this.#makeRoom(fixedBytes + productKey.length)
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
  }

  /** @param placeOf by the line's number, from 0; undefined: leaves it out. @returns the same lines at other places. */
  static moved(blocks: readonly Uint8Array[], placeOf: (line: number) => LinePlace | undefined): WrittenLines {
    const moved = new WrittenLines()
    let line = 0
    for (const { buffer, byteOffset, byteLength } of blocks) {
      const block = Buffer.from(buffer, byteOffset, byteLength)
      for (let at = 0; at < block.length; line++) {
        const end = at + fixedBytes + block.readInt32BE(at + keyLengthAt)
        const place = placeOf(line)
        if (place !== undefined) moved.#copy(block.subarray(at, end), place)
        at = end
      }
    }
    return moved
  }

  get blocks(): Uint8Array<ArrayBuffer>[] {
    return [...this.#full, this.#block.subarray(0, this.#at)]
  }

  #copy(line: Uint8Array, { orderId, position }: LinePlace): void {
    this.#makeRoom(line.length)
    const at = this.#at
    this.#bytes(line)
    this.#block.set(orderId, at + idAt)
    this.#block.writeInt32BE(position, at + positionAt)
  }

  #makeRoom(bytes: number): void {
    if (this.#at + bytes <= this.#block.length) return
    this.#full.push(this.#block.subarray(0, this.#at))
    this.#block = Buffer.allocUnsafe(Math.max(blockBytes, bytes))
    this.#at = 0
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
}

export function uuidOf(id: string): Buffer {
  return Buffer.from(id.replaceAll('-', ''), 'hex')
}
