/** The real purchases of the demo: the CDNOW log, and a repeatable sample of its customers. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { dayMs, type EpochMs } from '../../domain/time.ts'

export interface CdnowPurchase {
  readonly customerNumber: string
  /** The n-th line of this customer in the log, from 1. */
  readonly sequence: number
  readonly atMs: EpochMs
  readonly quantity: number
  readonly cents: number
}

const logPath = fileURLToPath(new URL('../../../demo/cdnow.csv.gz', import.meta.url))

/** All purchases of the log in order of time. The log knows days; the time of day is invented, the same at every run. */
export function readCdnow(): CdnowPurchase[] {
  const rows = parse<Record<string, string>>(gunzipSync(readFileSync(logPath)), { columns: true })
  const sequences = new Map<string, number>()
  const purchases = rows.map((row): CdnowPurchase => {
    const customerNumber = row['customer_id'] as string
    const sequence = (sequences.get(customerNumber) ?? 0) + 1
    sequences.set(customerNumber, sequence)
    return {
      customerNumber,
      sequence,
      atMs: Date.parse(`${row['date']}T00:00:00Z`) + Math.floor(shareOf(`time:${customerNumber}:${sequence}`) * dayMs),
      quantity: Number(row['quantity']),
      cents: Math.round(Number(row['amount']) * 100),
    }
  })
  return purchases.sort((a, b) => a.atMs - b.atMs)
}

/** The purchases of `count` customers, the same ones at every run, spread over the whole log. */
export function sampleCustomers(purchases: readonly CdnowPurchase[], count: number): CdnowPurchase[] {
  const numbers = [...new Set(purchases.map((purchase) => purchase.customerNumber))]
  if (count > numbers.length) throw new RangeError(`--customers: ${count} must be at most ${numbers.length}`)
  const shares = new Map(numbers.map((number) => [number, shareOf(`sample:${number}`)]))
  const chosen = new Set(numbers.sort((a, b) => (shares.get(a) ?? 0) - (shares.get(b) ?? 0)).slice(0, count))
  return purchases.filter((purchase) => chosen.has(purchase.customerNumber))
}

/** A number in [0, 1) that depends only on the text. */
export function shareOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32
}
