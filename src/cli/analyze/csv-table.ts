/** A CSV file with a header, by columns. Every refusal names the column, the row and the rule. */

import { parse } from 'csv-parse/sync'
import { UsageError } from '../usage-error.ts'
import { readInputBytes } from './input-file.ts'
import { decimalNumber } from './options.ts'

/** The text of a CSV file (RFC 4180, commas, a header), by columns; rows are numbered from 0, without the header. */
export interface CsvTable {
  /** The column names in file order; no two are the same. */
  readonly names: readonly string[]
  readonly rowCount: number
  /** The values of a column, exactly as in the file. @throws UsageError naming the column if there is none. */
  column(name: string): readonly string[]
  /** The finite numbers of a column. @throws UsageError naming column, row, value and rule at the first other value. */
  numbers(name: string): Float64Array
  /** Refuses one value of a column: for rules that only the command knows. */
  refuse(name: string, row: number, rule: string): never
}

/**
 * Reads a CSV file. An empty line is no row (except in a file of one column, where it is an empty value).
 *
 * @param option The option that named the file, as typed: refusals begin with it.
 * @throws UsageError if the file cannot be read, is no CSV, or has no header, no rows, two columns of one name, or a row
 * with more or fewer values than the header.
 */
export function readCsvTable(option: string, path: string): CsvTable {
  const { names, columns, lines } = parseColumns(option, path)
  const rowCount = lines.length
  const where = `${option} ${path}`

  const position = (name: string): number => {
    const index = names.indexOf(name)
    if (index < 0)
      throw new UsageError(`${where}: there is no column ${JSON.stringify(name)}; it has ${names.join(', ')}`)
    return index
  }
  const column = (name: string): readonly string[] => columns[position(name)] as string[]
  const refuse = (name: string, row: number, rule: string): never => {
    const value = JSON.stringify(column(name)[row])
    throw new UsageError(`${where}: column ${name}, row ${row} (line ${lines[row]}): ${value} ${rule}`)
  }
  const numbers = (name: string): Float64Array => {
    const texts = column(name)
    const values = new Float64Array(rowCount)
    for (let row = 0; row < rowCount; row++) {
      const value = cellNumber(texts[row] as string)
      values[row] = Number.isFinite(value) ? value : refuse(name, row, 'must be a finite number')
    }
    return values
  }
  return { names, rowCount, column, numbers, refuse }
}

/** The number that a cell spells in decimal notation, blanks around it aside; NaN if it spells none. */
export function cellNumber(text: string): number {
  return decimalNumber(text.trim())
}

interface ParsedColumns {
  readonly names: string[]
  readonly columns: string[][]
  /** Where each row ends, as a line number of the file from 1. */
  readonly lines: number[]
}

function parseColumns(option: string, path: string): ParsedColumns {
  const bytes = readInputBytes(option, path)
  const where = `${option} ${path}`
  let names: string[] | undefined
  let columns: string[][] = []
  const lines: number[] = []

  // Returning null keeps csv-parse from holding a second copy: half a million rows are ordinary here.
  const takeRecord = (record: string[], { lines: line }: { lines: number }): null => {
    if (names === undefined) {
      names = checkedHeader(where, record)
      columns = names.map(() => [])
    } else if (record.length === names.length) {
      for (let i = 0; i < record.length; i++) columns[i]?.push(record[i] as string)
      lines.push(line)
    } else if (record.length > 1 || record[0] !== '') {
      const rule = `must have as many values as the header has columns (${names.length}), but has ${record.length}`
      throw new UsageError(`${where}: row ${lines.length} (line ${line}) ${rule}`)
    }
    return null
  }

  try {
    parse(bytes, { bom: true, record_delimiter: ['\r\n', '\n'], relax_column_count: true, on_record: takeRecord })
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`${where}: must be a CSV file: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (names === undefined) throw new UsageError(`${where}: must have a header, but is empty`)
  if (lines.length === 0) throw new UsageError(`${where}: must have at least one row below the header`)
  return { names, columns, lines }
}

function checkedHeader(where: string, names: string[]): string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) throw new UsageError(`${where}: column ${JSON.stringify(twice)} must not be there twice`)
  return names
}
