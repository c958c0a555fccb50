/** What a file is, by its first bytes: JSON lines, or CSV with which columns. Everything else is refused in a sentence. */

import { isUtf8 } from 'node:buffer'
import { CsvParser } from './csv-records.ts'
import { InputError } from './input-error.ts'
import type { InputFile } from './input-file.ts'
import { JsonParser } from './json-records.ts'
import type { BlockParser, FileRecord, Position } from './line-blocks.ts'
import { UnpackedFile } from './unpacked-file.ts'

export interface FileFormat {
  /** Of CSV the names in the header; of JSON lines undefined: each line brings its own. */
  readonly columns: readonly string[] | undefined
  /** Of CSV. */
  readonly delimiter: string | undefined
  /** Where the first record begins. */
  readonly start: Position
}

export interface FormatOptions {
  readonly format?: 'csv' | 'jsonl'
  readonly delimiter?: string
}

const headBytes = 1 << 20
const mostColumns = 1_000
const mostNameLength = 200
const delimiters = [',', ';', '\t'] as const

/** @throws InputError naming the file and the rule. */
export async function readFormat(file: InputFile, options: FormatOptions): Promise<FileFormat> {
  const { name } = file
  const { text, markBytes } = textOf(name, await readHead(file))
  const begin = text.trimStart()
  if (options.format !== 'csv' && begin.startsWith('[')) {
    throw new InputError(`${name}: must be JSON lines, an object a line, but is one JSON list`)
  }
  if (options.format === 'jsonl' || (options.format === undefined && begin.startsWith('{'))) {
    return { columns: undefined, delimiter: undefined, start: { line: 1, byte: markBytes } }
  }
  const newline = text.indexOf('\n')
  const header = newline < 0 ? text : text.slice(0, newline + 1)
  if (newline < 0 && text.length >= headBytes / 4) {
    throw new InputError(`${name}: must begin with a header line, but its first line is too long for one`)
  }
  const delimiter = options.delimiter ?? likeliestDelimiter(header)
  const columns = headerColumns(name, header, delimiter)
  return {
    columns,
    delimiter,
    start: { line: 2, byte: markBytes + Buffer.byteLength(header) },
  }
}

export function parserOf({ columns, delimiter }: Pick<FileFormat, 'columns' | 'delimiter'>): BlockParser {
  if (columns === undefined || delimiter === undefined) return new JsonParser()
  return new CsvParser(delimiter, columns.length)
}

async function readHead(file: InputFile): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of new UnpackedFile(file.opened).read(0)) {
    parts.push(chunk)
    bytes += chunk.length
    if (bytes >= headBytes) break
  }
  return Buffer.concat(parts).subarray(0, headBytes)
}

function textOf(name: string, head: Buffer): { text: string; markBytes: number } {
  if (head.length === 0) throw new InputError(`${name}: must have a header, but is empty`)
  const [first, second] = head
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw new InputError(`${name}: must be UTF-8, but is UTF-16; save it as "CSV UTF-8"`)
  }
  const newline = head.indexOf(0x0a)
  const line = newline < 0 ? head : head.subarray(0, newline)
  if (line.includes(0)) throw new InputError(`${name}: must be a text file, but its first line holds null bytes`)
  // The head may end in the middle of a character; its first line does not.
  if (!isUtf8(newline < 0 ? head.subarray(0, Math.max(1, head.length - 4)) : line)) {
    throw new InputError(`${name}: must be UTF-8, but its first line is not`)
  }
  const markBytes = head.subarray(0, 3).equals(Buffer.from('\uFEFF')) ? 3 : 0
  return { text: head.subarray(markBytes).toString('utf8'), markBytes }
}

function likeliestDelimiter(header: string): string {
  const outsideOfQuotes = header.replaceAll(/"[^"]*"/g, '')
  const count = (delimiter: string): number => outsideOfQuotes.split(delimiter).length
  return [...delimiters].sort((a, b) => count(b) - count(a))[0] ?? ','
}

function headerColumns(name: string, header: string, delimiter: string): string[] {
  const records: FileRecord[] = []
  new CsvParser(delimiter).parse(header, 1, true, (record) => records.push(record))
  const [record] = records
  if (record === undefined) throw new InputError(`${name}: must have its header in the first line, but that is empty`)
  if (record.fault !== undefined) throw new InputError(`${name}: the header ${record.fault}`)
  const columns = record.cells.map((cell) => String(cell).trim())
  if (columns.length > mostColumns) throw new InputError(`${name}: must have at most ${mostColumns} columns`)
  for (const [index, column] of columns.entries()) {
    if (column === '') throw new InputError(`${name}: column ${index + 1} must have a name`)
    if (column.length > mostNameLength) {
      throw new InputError(`${name}: column ${index + 1} must have a name of at most ${mostNameLength} characters`)
    }
    if (columns.indexOf(column) < index) {
      throw new InputError(`${name}: column ${JSON.stringify(column)} must not be there twice`)
    }
  }
  return columns
}
