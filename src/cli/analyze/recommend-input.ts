/** The files of `analyze recommend`: interactions, and items with their attributes. */

import { type Interactions, indexInteractions, repeatedPair } from '../../analytics/recommend/interactions.ts'
import { itemsWithInteractions } from '../../analytics/recommend/ranking.ts'
import { type SparseMatrix, type SparsePattern, sparseFromDense } from '../../analytics/recommend/sparse-matrix.ts'
import { UsageError } from '../usage-error.ts'
import { type CsvTable, readCsvTable } from './csv-table.ts'

/** Interactions as they are in a file. */
export interface InteractionFile {
  readonly table: CsvTable
  readonly pairs: Interactions
}

/**
 * Reads the columns customer_id and item_id.
 *
 * @throws UsageError if a column is missing, an id is empty or a pair is there twice.
 */
export function readInteractions(path: string): InteractionFile {
  const table = readCsvTable('--interactions', path)
  const customers = readIds(table, 'customer_id')
  const items = readIds(table, 'item_id')
  const pairs = indexInteractions(customers, items)
  const repeated = repeatedPair(pairs)
  if (repeated !== undefined) {
    const { pair, earlier } = repeated
    const rule = `must not be there twice for customer ${JSON.stringify(customers[pair])}, but row ${earlier} has it too`
    table.refuse('item_id', pair, rule)
  }
  return { table, pairs }
}

/**
 * Reads the attributes of the items: every column but item_id, all of them numbers.
 *
 * @param train The items that occur here must have a row; others may.
 * @returns Items × attributes, the items numbered as in the interactions.
 * @throws UsageError if an item is missing or there twice, there is no attribute, or a value is no finite number.
 */
export function readItemAttributes(
  path: string,
  { table, pairs }: InteractionFile,
  train: SparsePattern,
): SparseMatrix {
  const items = readCsvTable('--items', path)
  const rowOf = rowsById(items)
  const names = items.names.filter((name) => name !== 'item_id')
  if (names.length === 0) throw new UsageError(`--items ${path}: must have a column of numbers beside item_id`)
  const columns = names.map((name) => items.numbers(name))
  const needed = itemsWithInteractions(train)
  const cells = new Float64Array(pairs.itemIds.length * names.length)
  pairs.itemIds.forEach((id, item) => {
    const row = rowOf.get(id)
    if (row !== undefined) columns.forEach((column, c) => cells.set([column[row] as number], item * names.length + c))
    else if (needed[item] === 1)
      table.refuse('item_id', pairs.itemOf.indexOf(item), `must have a row in --items ${path}`)
  })
  return sparseFromDense(pairs.itemIds.length, names.length, cells)
}

function rowsById(items: CsvTable): Map<string, number> {
  const rowOf = new Map<string, number>()
  readIds(items, 'item_id').forEach((id, row) => {
    const earlier = rowOf.get(id)
    if (earlier !== undefined) items.refuse('item_id', row, `must not be there twice, but row ${earlier} has it too`)
    rowOf.set(id, row)
  })
  return rowOf
}

function readIds(table: CsvTable, name: string): readonly string[] {
  const ids = table.column(name)
  const empty = ids.findIndex((id) => id.trim() === '')
  return empty < 0 ? ids : table.refuse(name, empty, 'must not be empty')
}
