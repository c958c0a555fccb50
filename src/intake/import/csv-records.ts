/**
 * CSV as RFC 4180 has it: values with commas between them, a value in quotes may hold commas, line ends and doubled
 * quotes. A quote elsewhere is an ordinary character, as shops write 6" plates.
 *
 * A quote that is never closed costs its own line, not the rest of the file.
 */

import type { BlockParser, FileRecord, Visitor } from './line-blocks.ts'
import { maxLineBytes } from './line-blocks.ts'

/** A value in quotes does not go on for longer: what does, was never closed. */
const maxRecordLines = 200

export class CsvParser implements BlockParser {
  readonly #delimiter: string
  readonly #columns: number | undefined

  /** @param columns how many values each record must have. */
  constructor(delimiter: string, columns?: number) {
    this.#delimiter = delimiter
    this.#columns = columns
  }

  parse(text: string, firstLine: number, isLast: boolean, visit: Visitor): number {
    const hasQuotes = text.includes('"')
    let line = firstLine
    let at = 0
    while (at < text.length) {
      const newline = text.indexOf('\n', at)
      const next = newline < 0 ? text.length : newline + 1
      const raw = withoutEnd(text, at, newline < 0 ? text.length : newline)
      if (!hasQuotes || !raw.includes('"')) {
        // An empty line is no record.
        if (raw !== '') visit(this.#record(line, raw, text, at, raw.split(this.#delimiter)))
        line++
        at = next
        continue
      }
      const quoted = readQuoted(text, at, this.#delimiter)
      if (quoted === 'open') {
        if (!isLast && mayGoOn(text, at)) break
        visit(faulty(line, raw, text, at, 'must close the quote that it opens'))
        line++
        at = next
        continue
      }
      if (quoted.fault !== undefined) {
        // Its quotes may be those of the lines after it: these get a chance of their own.
        visit(faulty(line, raw, text, at, quoted.fault))
        line++
        at = next
        continue
      }
      visit(this.#record(line, withoutEnd(text, at, quoted.end), text, at, quoted.cells))
      line += quoted.lines
      at = quoted.end + 1
    }
    return line - firstLine
  }

  #record(line: number, text: string, block: string, from: number, cells: readonly string[]): FileRecord {
    if (text.length > maxLineBytes)
      return faulty(line, text.slice(0, 200), block, from, `must have at most ${maxLineBytes} characters`)
    if (this.#columns === undefined || cells.length === this.#columns)
      return { line, text, block, from, fault: undefined, cells }
    const rule = `must have as many values as the header has columns (${this.#columns}), but has ${cells.length}`
    return faulty(line, text, block, from, rule)
  }
}

function faulty(line: number, text: string, block: string, from: number, fault: string): FileRecord {
  return { line, text, block, from, fault, cells: [] }
}

/** Without the carriage return of a Windows line end. */
function withoutEnd(text: string, from: number, to: number): string {
  return text.slice(from, to > from && text.charCodeAt(to - 1) === 13 ? to - 1 : to)
}

interface QuotedRecord {
  readonly cells: readonly string[]
  /** Where its line end is, or the end of the text. */
  readonly end: number
  readonly lines: number
  readonly fault: string | undefined
}

/** Reads one record with quotes in it; `open` if the text ends inside of them, or they go on for too long. */
function readQuoted(text: string, from: number, delimiter: string): QuotedRecord | 'open' {
  const cells: string[] = []
  let at = from
  let lines = 1
  let fault: string | undefined
  for (;;) {
    if (text[at] !== '"') {
      const end = plainEnd(text, at, delimiter)
      const isLastCell = text[end] !== delimiter
      cells.push(isLastCell ? withoutEnd(text, at, end) : text.slice(at, end))
      if (isLastCell) return { cells, end, lines, fault }
      at = end + 1
      continue
    }
    const close = closingQuote(text, at + 1, from)
    if (close < 0) return 'open'
    const value = text.slice(at + 1, close)
    lines += countLines(value)
    if (lines > maxRecordLines) return 'open'
    cells.push(value.includes('"') ? value.replaceAll('""', '"') : value)
    const end = plainEnd(text, close + 1, delimiter)
    const isLastCell = text[end] !== delimiter
    const after = isLastCell ? withoutEnd(text, close + 1, end) : text.slice(close + 1, end)
    if (after !== '') fault = 'must have nothing between a closing quote and the next value'
    if (isLastCell) return { cells, end, lines, fault }
    at = end + 1
  }
}

function plainEnd(text: string, from: number, delimiter: string): number {
  for (let at = from; at < text.length; at++) {
    const char = text[at]
    if (char === delimiter || char === '\n') return at
  }
  return text.length
}

function closingQuote(text: string, from: number, start: number): number {
  let at = from
  for (;;) {
    const quote = text.indexOf('"', at)
    if (quote < 0 || quote - start > maxLineBytes) return -1
    if (text[quote + 1] !== '"') return quote
    at = quote + 2
  }
}

function countLines(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++
  return count
}

/** Whether a quote that is open at the end of the block may still be closed by the next one. */
function mayGoOn(text: string, from: number): boolean {
  if (text.length - from > maxLineBytes) return false
  let lines = 0
  for (let at = text.indexOf('\n', from); at >= 0; at = text.indexOf('\n', at + 1)) {
    if (++lines > maxRecordLines) return false
  }
  return true
}
