/** How much memory the command line takes for all of Online Retail: half a million lines. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { say } from '../support/bench.ts'
import { runToEnd } from '../support/run-to-end.ts'
import { dataRows, missingData } from '../support/shared-data.ts'
import { measured, type Outcome } from './report.ts'

/** A row that is not timed. */
export interface MemoryRow {
  readonly name: string
  readonly tool: string
  measure(): Promise<Outcome>
}

const LIMIT_MB = 1000
const TIMEOUT_MS = 5 * 60_000
const data = 'online_retail.csv.gz'
const tool = 'a limit of 1 GB'
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const recommend = {
  '--method': 'item-cosine',
  '--neighbours': '50',
  '--top': '10',
  '--test-every': '5',
  '--test-remainder': '0',
}
const rules = { '--separator': '|', '--min-support': '0.01', '--min-confidence': '0.5', '--algorithm': 'fp-growth' }

/** All rows of this part. */
export const memoryRows: readonly MemoryRow[] = [
  memoryRow('recommend', pairs, (file) => ({ '--interactions': file, ...recommend })),
  memoryRow('rules', baskets, (file) => ({ '--baskets': file, ...rules })),
]

function memoryRow(
  command: string,
  make: () => string,
  options: (file: string) => Readonly<Record<string, string>>,
): MemoryRow {
  const name = `peak memory of analyze ${command} on all of Online Retail`
  return {
    name,
    tool,
    async measure() {
      const missing = missingData(data)
      if (missing !== undefined) return { name, tool, skipped: missing }
      say(name)
      const folder = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
      try {
        const input = join(folder, 'input')
        writeFileSync(input, make())
        const args = [command, '--json', ...Object.entries(options(input)).flat()]
        return await peakOf(name, args, join(folder, 'peak'))
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
  }
}

async function peakOf(name: string, args: readonly string[], peakFile: string): Promise<Outcome> {
  const command = ['--import', here('report-peak.ts'), here('../../src/cli/main.ts'), 'analyze', ...args]
  const env = { ...process.env, PERENNIAL_PEAK_FILE: peakFile }
  const { status, lastLine } = await runToEnd(process.execPath, command, TIMEOUT_MS, env)
  if (status !== 0) throw new Error(`${name}: analyze ${args[0]} failed: ${lastLine}`)
  const ours = Number(readFileSync(peakFile, 'utf8')) / 1000
  return measured({
    name,
    tool,
    unit: 'MB',
    ours,
    reference: LIMIT_MB,
    target: 1,
    runs: [1, 1],
    agreement: `${dataRows(data).length} lines`,
  })
}

/** Each pair of a customer and an item once; a line without a customer belongs to a customer of its own invoice. */
function pairs(): string {
  const lines = dataRows(data).map((row) => `${row['customer_id'] || `guest-${row['invoice']}`},${row['stock_code']}`)
  return `customer_id,item_id\n${[...new Set(lines)].join('\n')}\n`
}

/** A line an invoice. */
function baskets(): string {
  const items = new Map<string, string[]>()
  for (const row of dataRows(data)) {
    const basket = items.get(row['invoice'] ?? '')
    if (basket === undefined) items.set(row['invoice'] ?? '', [row['stock_code'] ?? ''])
    else basket.push(row['stock_code'] ?? '')
  }
  return `${[...items.values()].map((basket) => basket.join('|')).join('\n')}\n`
}
