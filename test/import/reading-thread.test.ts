/** Large files are read in a thread of their own: it may die, or be told to stop, and nothing is left half-written. */

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ImportNeeds } from '../../src/intake/import/import-file.ts'
import { InputError } from '../../src/intake/import/input-error.ts'
import type { Database } from '../../src/store/database.ts'
import { type ImportShop, openImportShop } from './support/importing.ts'

let shop: ImportShop

beforeAll(async () => {
  shop = await openImportShop()
})
afterAll(() => shop.close())

const chunkLines = 100
const inThread: Partial<ImportNeeds> = { chunkLines, threadFromBytes: 0 }
const orders = 1_000
/** So many of them have a price that is none. */
const rejected = orders / 10

/** @param last what stands on the last line beside what is read of it. */
function ordersFile(name: string, last: object = {}): string {
  const lines = Array.from({ length: orders }, (_, i) => ({
    order_id: `${name}${i}`,
    customer_id: `p${i % 37}`,
    date: '2025-05-01',
    sku: 'tea',
    price: i % 10 === 3 ? 'x' : '1.10',
    ...(i === orders - 1 ? last : {}),
  }))
  return shop.file(`${name}.jsonl`, lines.map((line) => JSON.stringify(line)).join('\n'))
}

/** What of the file is in the database is what the import says of it; its customers wait to be put into their stage. */
async function expectWhole(name: string): Promise<number> {
  const [row] = await shop.rows<{ made: number; there: number; lines: number; next: number }>(
    `SELECT coalesce((counts ->> 'orders made')::int, 0) AS made, next_line::int AS next,
            (SELECT count(*)::int FROM orders WHERE order_key LIKE $1 || '%') AS there,
            (SELECT count(*)::int FROM order_lines JOIN orders ON orders.id = order_id WHERE order_key LIKE $1 || '%') AS lines
       FROM imports WHERE status = 'reading'`,
    [name],
  )
  expect(row).toMatchObject({ there: row?.made, lines: row?.made })
  return row?.next ?? 0
}

async function expectGoesOn(name: string, path: string): Promise<void> {
  const next = await expectWhole(name)
  const report = await shop.run('orders', path, {}, inThread)
  expect(report.resumedAtLine).toBe(next)
  expect(report.counts).toMatchObject({
    lines: orders,
    'orders made': orders - rejected,
    'order lines': orders - rejected,
    rejected,
  })
  expect(await shop.rows('SELECT count(*)::int AS there FROM orders WHERE order_key LIKE $1', [`${name}%`])).toEqual([
    { there: orders - rejected },
  ])
  expect(readFileSync(`${path}.rejects.csv`, 'utf8').trim().split('\r\n')).toHaveLength(rejected + 1)
}

/** The database, which tells when so many transactions of the import have ended. */
function after(transactions: number, tell: () => void): Database {
  let ended = 0
  return new Proxy(shop.database, {
    get: (database, name) =>
      name === 'transaction'
        ? async (work: Parameters<typeof database.transaction>[0]) => {
            const result = await database.transaction(work)
            if (++ended === transactions) tell()
            return result
          }
        : (Reflect.get(database, name) as unknown),
  })
}

test('a cancelled import ends after the chunk that is being written, and the next run goes on there', async () => {
  const path = ordersFile('cancelled')
  const cancel = new AbortController()
  const database = after(2, () => cancel.abort(new Error('somebody has thought better of it')))
  await expect(shop.run('orders', path, {}, { ...inThread, database, signal: cancel.signal })).rejects.toThrow(/better/)
  expect(await expectWhole('cancelled')).toBeLessThan(orders)
  await expectGoesOn('cancelled', path)
})

test('a thread that dies ends the import with an error, and the next run goes on after the last chunk', async () => {
  // A line that the reading needs far more memory for than the thread has.
  const path = ordersFile('dead', { rows: Array.from({ length: 300_000 }, () => ({})) })
  const dying = shop.run('orders', path, {}, { ...inThread, threadHeapMiB: 16 })
  await expect(dying).rejects.toThrow(/memory/)
  await expectWhole('dead')
  await expectGoesOn('dead', path)
})

test('a packed file that is damaged in its middle is refused in a sentence by whoever reads it', async () => {
  const { gzipSync } = await import('node:zlib')
  const packed = gzipSync(readFileSync(ordersFile('damaged')))
  const path = shop.file('damaged.jsonl.gz', packed.subarray(0, packed.length - 100))
  const error = await shop.run('orders', path, {}, inThread).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(InputError)
  expect((error as Error).message).toMatch(/damaged/)
})
