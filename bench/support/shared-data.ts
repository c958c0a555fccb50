/** The public data sets that benches run on; they are no part of the checkout. */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'

const root = new URL('../../', import.meta.url)
const folder = new URL(`${process.env['PERENNIAL_SHARED'] ?? '../shared'}/data/`, root)

/** Why a data file is missing, or undefined if it is there. */
export function missingData(name: string): string | undefined {
  if (existsSync(new URL(name, folder))) return undefined
  return `${name} is not in ${fileURLToPath(folder)} (PERENNIAL_SHARED names the folder above)`
}

/** The text of a data file; unpacked if its name ends in .gz. */
export function dataText(name: string): string {
  const bytes = readFileSync(new URL(name, folder))
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}

/** The rows of a CSV file with a header. */
export function dataRows(name: string): Record<string, string>[] {
  return parse(dataText(name), { columns: true })
}

/** Where a data file is. */
export function dataPath(name: string): URL {
  return new URL(name, folder)
}
