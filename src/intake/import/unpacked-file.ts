/** The unpacked bytes of a file that is open. Of the process, not of a thread: whoever knows its number may read it. */

import { read as readFile } from 'node:fs'
import { promisify } from 'node:util'
import { createGunzip } from 'node:zlib'
import { InputError } from './input-error.ts'

const readAt = promisify(readFile)

const chunkBytes = 1 << 16
/** At a time: each hands over to another thread and back. */
const unpackedBytes = 1 << 18

/** No table packs better than this; what does is made to fill disks. Small files may. */
const mostUnpackedTimes = 200
const alwaysAllowedBytes = 64 << 20

/** What one thread tells another, so that it reads the same file. */
export interface OpenFile {
  /** As the caller called it. */
  readonly name: string
  /** Stays open for as long as somebody reads. */
  readonly descriptor: number
  readonly bytes: number
  readonly isPacked: boolean
}

export class UnpackedFile {
  readonly #file: OpenFile
  readonly #sliceBytes: number
  #readBytes = 0

  /** @param sliceBytes how much is handed out at a time: little, where others wait for their turn in the same thread. */
  constructor(file: OpenFile, sliceBytes = unpackedBytes) {
    this.#file = file
    this.#sliceBytes = sliceBytes
  }

  /** How much of the file has been read since the last `read` began, from 0 to 1. */
  get share(): number {
    const { bytes } = this.#file
    return bytes === 0 ? 1 : Math.min(1, this.#readBytes / bytes)
  }

  /** The unpacked bytes from an offset on. @throws InputError if it is damaged, or made to fill disks. */
  async *read(fromByte: number): AsyncGenerator<Buffer, void, undefined> {
    this.#readBytes = 0
    if (!this.#file.isPacked) {
      this.#readBytes = Math.min(fromByte, this.#file.bytes)
      for await (const chunk of this.#packed(this.#readBytes)) yield* this.#slicesOf(chunk)
      return
    }
    let toSkip = fromByte
    for await (const chunk of this.#unpacked()) {
      if (toSkip >= chunk.length) toSkip -= chunk.length
      else {
        yield* this.#slicesOf(chunk.subarray(toSkip))
        toSkip = 0
      }
    }
  }

  *#slicesOf(chunk: Buffer): Generator<Buffer> {
    const bytes = this.#sliceBytes
    for (let at = 0; at < chunk.length; at += bytes) yield chunk.subarray(at, at + bytes)
  }

  async *#unpacked(): AsyncGenerator<Buffer, void, undefined> {
    const { name, bytes } = this.#file
    const gunzip = createGunzip({ chunkSize: unpackedBytes })
    const mostBytes = Math.max(alwaysAllowedBytes, bytes * mostUnpackedTimes)
    const feed = async (): Promise<void> => {
      for await (const chunk of this.#packed(0)) {
        if (!gunzip.write(chunk)) await new Promise((resolve) => gunzip.once('drain', resolve))
        if (gunzip.destroyed) return
      }
      gunzip.end()
    }
    const feeding = feed()
    feeding.catch((error: Error) => gunzip.destroy(error))
    let bytesOfAll = 0
    try {
      for await (const chunk of gunzip as AsyncIterable<Buffer>) {
        bytesOfAll += chunk.length
        if (bytesOfAll > mostBytes) {
          throw new InputError(`${name}: must not unpack to more than ${mostUnpackedTimes} times its size`)
        }
        yield chunk
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined || !/^Z_|^ERR_/.test(code)) throw error
      throw new InputError(`${name}: must be a whole gzip file, but it is damaged (${code})`)
    } finally {
      gunzip.destroy()
    }
  }

  async *#packed(fromByte: number): AsyncGenerator<Buffer, void, undefined> {
    let position = fromByte
    for (;;) {
      const buffer = Buffer.allocUnsafe(chunkBytes)
      const { bytesRead } = await readAt(this.#file.descriptor, buffer, 0, chunkBytes, position)
      if (bytesRead === 0) return
      position += bytesRead
      this.#readBytes = position
      yield buffer.subarray(0, bytesRead)
    }
  }
}
