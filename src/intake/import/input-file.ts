/**
 * The file to import: opened once, hashed so that a second run knows it again. What is inside says whether it is packed, not
 * its name. Standard input is kept in a file that has no name, so that it can be hashed too.
 */

import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { v4 } from 'uuid'
import { InputError } from './input-error.ts'
import type { OpenFile } from './unpacked-file.ts'

const hashChunkBytes = 1 << 20

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'must be a file that may be read',
  ENOENT: 'must be a file that exists',
  ENOTDIR: 'must be a file that exists',
  ELOOP: 'must be a file that exists',
  ENAMETOOLONG: 'must be a file that exists',
  ERR_INVALID_ARG_VALUE: 'must be a file that exists',
}

export class InputFile {
  /** As the caller called it. */
  readonly name: string
  /** SHA-256 of its bytes. */
  readonly hash: Buffer
  readonly bytes: number
  readonly #file: FileHandle
  readonly #isPacked: boolean

  private constructor(name: string, file: FileHandle, bytes: number, hash: Buffer, isPacked: boolean) {
    this.name = name
    this.hash = hash
    this.bytes = bytes
    this.#file = file
    this.#isPacked = isPacked
  }

  /**
   * @param path `-` for standard input.
   * @throws InputError naming the file and the rule.
   */
  static async open(path: string, stdin: Readable): Promise<InputFile> {
    const file = path === '-' ? await spool(stdin) : await openFile(path)
    try {
      const hash = createHash('sha256')
      const { bytes, head } = await readThrough(file, hash)
      const isPacked = head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b
      if (!isPacked && path.endsWith('.gz')) throw new InputError(`${path}: must be a gzip file, as its name says`)
      return new InputFile(path, file, bytes, hash.digest(), isPacked)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** What is read, by this thread or another one, until the file is closed. */
  get opened(): OpenFile {
    const { name, bytes } = this
    return { name, bytes, descriptor: this.#file.fd, isPacked: this.#isPacked }
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Not blocking: a pipe without a writer would keep us here for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = await file.stat()
    if (stat.isFile()) return file
    await file.close()
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    throw new InputError(`${JSON.stringify(path)} ${reasons[code] ?? `cannot be read (${code})`}`)
  }
  throw new InputError(`${JSON.stringify(path)} must be a file; "-" reads standard input`)
}

/** Only whoever has it open sees it, and it is gone with the process, however that ends. */
async function spool(stdin: Readable): Promise<FileHandle> {
  const path = join(tmpdir(), `perennial-import-${v4()}`)
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600)
  await unlink(path)
  let position = 0
  for await (const chunk of stdin as AsyncIterable<Buffer>) {
    await file.write(chunk, 0, chunk.length, position)
    position += chunk.length
  }
  return file
}

async function readThrough(file: FileHandle, hash: Hash): Promise<{ bytes: number; head: Buffer }> {
  const buffer = Buffer.allocUnsafe(hashChunkBytes)
  let head = Buffer.alloc(0)
  let bytes = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, hashChunkBytes, bytes)
    if (bytesRead === 0) return { bytes, head }
    const part = buffer.subarray(0, bytesRead)
    if (bytes === 0) head = Buffer.from(part.subarray(0, 4))
    hash.update(part)
    bytes += bytesRead
  }
}
