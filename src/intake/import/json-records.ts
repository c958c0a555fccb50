/** JSON lines: an object a line. What it holds is handed on by column, where columns are the names that were asked for. */

import type { BlockParser, FileRecord, Visitor } from './line-blocks.ts'

export class JsonParser implements BlockParser {
  parse(text: string, firstLine: number, _isLast: boolean, visit: Visitor): number {
    let line = firstLine
    let at = 0
    while (at < text.length) {
      const newline = text.indexOf('\n', at)
      const end = newline < 0 ? text.length : newline
      const raw = text.slice(at, end).trimEnd()
      if (raw !== '') visit(read(line, raw, text, at))
      line++
      at = end + 1
    }
    return line - firstLine
  }
}

/** The whole object is the only cell. */
function read(line: number, text: string, block: string, from: number): FileRecord {
  try {
    const value = JSON.parse(text) as unknown
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { line, text, block, from, fault: undefined, cells: [value] }
    }
    return { line, text, block, from, fault: 'must be a JSON object', cells: [] }
  } catch {
    return { line, text, block, from, fault: 'must be JSON', cells: [] }
  }
}
