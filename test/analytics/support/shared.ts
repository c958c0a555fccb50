/** Reference answers and real data that are no part of this repository: tests that need them skip without them. */

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = new URL(`${process.env['PERENNIAL_SHARED'] ?? '../shared'}/`, `file://${root}`)

/** Whether data and reference answers are here. */
export const hasShared = existsSync(new URL('data', folder)) && existsSync(new URL('oracles/dev', folder))

/** To be put into a test's name, so that a skipped test says what it misses. */
export const needsShared = hasShared ? '' : ' (skipped: set PERENNIAL_SHARED to the folder with data/ and oracles/)'

/** A reference answer, for example `oracle('cf')`. The caller says what it looks like. */
export function oracle(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`oracles/dev/${name}.json`, folder), 'utf8'))
}

/** The text of a data file; unpacked if its name ends in .gz. */
export function dataText(name: string): string {
  const bytes = readFileSync(new URL(`data/${name}`, folder))
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
}
