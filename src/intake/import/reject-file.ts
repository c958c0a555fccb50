/**
 * The lines that could not be taken, with line, column and rule. The one place besides the input where their values
 * stand: only its owner may read it.
 */

import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { csvCell, csvLine } from '../../domain/csv-cell.ts'
import { InputError } from './input-error.ts'

const header = csvLine(['line', 'column', 'reason', 'row'])

/** What lines that break the same rule have in common. */
export function rejectCells(column: string, rule: string): string {
  return `${csvCell(column)},${csvCell(rule)}`
}

const firstBytes = 1 << 12
/** In UTF-8 a UTF-16 unit takes three bytes at most. */
const mostBytesEach = 3

/** Rejected lines on their way into the file, as bytes: as strings, they would be moved about by the collector until then. */
export class RejectedLines {
  #bytes = Buffer.allocUnsafe(firstBytes)
  #length = 0

  /** @param cells see `rejectCells`. */
  add(line: number, cells: string, row: string): void {
    const text = `${line},${cells},${csvCell(row)}\r\n`
    const needed = this.#length + text.length * mostBytesEach
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = larger
    }
    this.#length += this.#bytes.write(text, this.#length)
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }
}

export class RejectFile {
  readonly path: string | undefined
  #file: FileHandle | undefined

  private constructor(path: string | undefined) {
    this.path = path
  }

  /**
   * @param path undefined: rejected lines are only counted.
   * @param keptBytes how much of what an earlier run wrote belongs to what is in the database.
   * @throws InputError if there is another file of that name.
   */
  static async open(path: string | undefined, keptBytes: number): Promise<RejectFile> {
    const rejects = new RejectFile(path)
    // What a run before left behind would pass for this one's.
    if (path !== undefined && (await checkOurs(path))) await (await rejects.#opened()).truncate(keptBytes)
    return rejects
  }

  /** Writes lines after so many bytes; the file comes into being with the first. @returns its length. */
  async append(afterBytes: number, ...lines: readonly Uint8Array[]): Promise<number> {
    const parts = lines.filter(({ length }) => length > 0)
    if (parts.length === 0 || this.path === undefined) return afterBytes
    const file = await this.#opened()
    const bytes = Buffer.concat(afterBytes === 0 ? [Buffer.from(header), ...parts] : parts)
    await file.write(bytes, 0, bytes.length, afterBytes)
    return afterBytes + bytes.length
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }

  async #opened(): Promise<FileHandle> {
    if (this.#file !== undefined) return this.#file
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
    try {
      this.#file = await open(this.path ?? '', flags, 0o600)
      return this.#file
    } catch (error) {
      throw cannotWrite(this.path ?? '', error)
    }
  }
}

/** @returns whether there is one. */
async function checkOurs(path: string): Promise<boolean> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw cannotWrite(path, error)
  }
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read(Buffer.alloc(header.length), 0, header.length, 0)
    if (size === 0 || buffer.toString('utf8', 0, bytesRead) === header) return true
    throw new InputError(`--rejects: ${JSON.stringify(path)} must not be another file: name a new one`)
  } catch (error) {
    throw error instanceof InputError ? error : cannotWrite(path, error)
  } finally {
    await file.close()
  }
}

function cannotWrite(path: string, error: unknown): InputError {
  const { code = '' } = error as NodeJS.ErrnoException
  const reason = code === 'ELOOP' ? 'must not be a symbolic link' : `cannot be written (${code})`
  return new InputError(`--rejects: ${JSON.stringify(path)} ${reason}`)
}
