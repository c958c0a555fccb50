/**
 * Bytes into blocks of whole lines, each with its records. Memory is bounded whatever the file holds: a line that is too
 * long is told and skipped, not kept.
 *
 * Text is decoded a block at a time, which is what makes it fast: splitting the bytes themselves takes several times
 * longer.
 */

import { isUtf8 } from 'node:buffer'

/** One record: a line of a file, or several where a quoted value spans them. */
export interface FileRecord {
  /** The line that it begins on, from 1. */
  readonly line: number
  /** Exactly as in the file, for the file of rejected lines. */
  readonly text: string
  /** The same text is in this one, from there on: who keeps many lines keeps places (`KeptLines`), not a string of each. */
  readonly block: string
  readonly from: number
  /** What is wrong with it as a whole; then there are no cells. */
  readonly fault: string | undefined
  /** By column. Of JSON whatever stands there, of CSV texts. */
  readonly cells: readonly unknown[]
}

/** Takes records one by one: kept in a list, those of a block would live long enough to cost more than reading them. */
export type Visitor = (record: FileRecord) => void

/** Parses a block. Leaves what may go on in the next block, unless this is the last. */
export interface BlockParser {
  /** @returns how many lines (with their ends) were taken; all of them, except for a record that is not complete. */
  parse(text: string, firstLine: number, isLast: boolean, visit: Visitor): number
}

/** A block whose records were visited. */
export interface Block {
  /** Where a line of this block begins in the unpacked file. */
  byteOf(line: number): number
}

export const maxLineBytes = 1 << 20
const newline = 0x0a
const broken = '\uFFFD'

export interface Position {
  readonly line: number
  readonly byte: number
}

/** The blocks from a position on, which must be the beginning of a line. Each is visited before it is handed out. */
export async function* readBlocks(
  source: AsyncIterable<Buffer>,
  parser: BlockParser,
  from: Position,
  visit: Visitor,
): AsyncGenerator<Block, void, undefined> {
  const reader = new BlockReader(parser, from, visit)
  for await (const chunk of source) {
    const block = reader.take(chunk)
    if (block !== undefined) yield block
  }
  const last = reader.end()
  if (last !== undefined) yield last
}

class BlockReader {
  readonly #parser: BlockParser
  readonly #visit: Visitor
  #rest: Buffer = Buffer.alloc(0)
  #line: number
  #byte: number
  /** In the middle of a line that is too long. */
  #isSkipping = false

  constructor(parser: BlockParser, from: Position, visit: Visitor) {
    this.#parser = parser
    this.#visit = visit
    this.#line = from.line
    this.#byte = from.byte
  }

  take(chunk: Buffer): Block | undefined {
    const bytes = this.#withRest(chunk)
    if (bytes === undefined) return undefined
    const end = bytes.lastIndexOf(newline) + 1
    if (end === 0) return this.#waitOrSkip(bytes)
    return this.#block(bytes, end, false)
  }

  end(): Block | undefined {
    if (this.#rest.length === 0) return undefined
    const bytes = this.#rest
    return this.#block(bytes, bytes.length, true)
  }

  #withRest(chunk: Buffer): Buffer | undefined {
    if (!this.#isSkipping) return this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const end = chunk.indexOf(newline) + 1
    this.#byte += end === 0 ? chunk.length : end
    if (end === 0) return undefined
    this.#isSkipping = false
    this.#line++
    return end === chunk.length ? undefined : chunk.subarray(end)
  }

  #waitOrSkip(bytes: Buffer): Block | undefined {
    if (bytes.length <= maxLineBytes) {
      this.#rest = bytes
      return undefined
    }
    const fault = `must have at most ${maxLineBytes} bytes`
    const text = bytes.toString('utf8', 0, 200)
    this.#visit({ line: this.#line, text, block: text, from: 0, fault, cells: [] })
    const byte = this.#byte
    this.#rest = Buffer.alloc(0)
    this.#byte += bytes.length
    this.#isSkipping = true
    return { byteOf: () => byte }
  }

  #block(bytes: Buffer, end: number, isLast: boolean): Block {
    const part = bytes.subarray(0, end)
    const isSound = isUtf8(part)
    const text = part.toString('utf8')
    const isPlain = isSound && !text.includes('\0')
    const firstLine = this.#line
    const firstByte = this.#byte
    const visit = isPlain ? this.#visit : (record: FileRecord): void => this.#visit(checked(record, isSound))
    const lines = this.#parser.parse(text, firstLine, isLast, visit)
    const takenBytes = isLast ? end : lineStart(part, lines)
    this.#line += lines
    this.#byte += takenBytes
    this.#rest = isLast ? Buffer.alloc(0) : Buffer.from(bytes.subarray(takenBytes))
    return { byteOf: (line) => firstByte + lineStart(part, line - firstLine) }
  }
}

function checked(record: FileRecord, isSound: boolean): FileRecord {
  if (record.fault !== undefined) return record
  if (record.text.includes('\0')) return { ...record, cells: [], fault: 'must not contain a null character (U+0000)' }
  return isSound || !record.text.includes(broken)
    ? record
    : {
        ...record,
        cells: [],
        fault: 'must be UTF-8; "iconv -f LATIN1 -t UTF-8" converts a file of older Windows or Mac programs',
      }
}

/** Where the line after so many others begins. */
function lineStart(bytes: Buffer, lines: number): number {
  let at = 0
  for (let i = 0; i < lines; i++) {
    const next = bytes.indexOf(newline, at)
    if (next < 0) return bytes.length
    at = next + 1
  }
  return at
}
