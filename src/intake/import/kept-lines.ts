/**
 * The texts of many lines, kept as their places in the blocks that they were read from. As a string each, hundreds of
 * thousands of them would be moved about by the collector until the chunk is written.
 */

import type { FileRecord } from './line-blocks.ts'

/** Kept lines as they go from one thread to another. */
export interface KeptTexts {
  readonly blocks: readonly string[]
  readonly blockOf: Int32Array<ArrayBuffer>
  readonly from: Int32Array<ArrayBuffer>
  readonly length: Int32Array<ArrayBuffer>
}

export function textOf({ blocks, blockOf, from, length }: KeptTexts, number: number): string {
  const begin = from[number] as number
  return (blocks[blockOf[number] as number] ?? '').slice(begin, begin + (length[number] as number))
}

export class KeptLines {
  readonly #blocks: string[] = []
  readonly #blockOf = new Int32List()
  readonly #from = new Int32List()
  readonly #length = new Int32List()

  /** @returns its number, from 0. */
  add({ block, from, text }: Pick<FileRecord, 'block' | 'from' | 'text'>): number {
    if (this.#blocks.at(-1) !== block) this.#blocks.push(block)
    this.#blockOf.push(this.#blocks.length - 1)
    this.#from.push(from)
    return this.#length.push(text.length)
  }

  get count(): number {
    return this.#length.length
  }

  get texts(): KeptTexts {
    return {
      blocks: this.#blocks,
      blockOf: this.#blockOf.values,
      from: this.#from.values,
      length: this.#length.values,
    }
  }

  text(number: number): string {
    const from = this.#from.at(number)
    return (this.#blocks[this.#blockOf.at(number)] ?? '').slice(from, from + this.#length.at(number))
  }
}

const firstCapacity = 1 << 10

/** Whole numbers outside of the collector's sight. */
export class Int32List {
  #values = new Int32Array(firstCapacity)
  #length = 0

  get length(): number {
    return this.#length
  }

  get values(): Int32Array<ArrayBuffer> {
    return this.#values.subarray(0, this.#length)
  }

  /** @returns where it stands. */
  push(value: number): number {
    if (this.#length === this.#values.length) {
      const larger = new Int32Array(2 * this.#length)
      larger.set(this.#values)
      this.#values = larger
    }
    this.#values[this.#length] = value
    return this.#length++
  }

  at(place: number): number {
    return this.#values[place] as number
  }
}
