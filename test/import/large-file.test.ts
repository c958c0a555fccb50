/** Files that are larger than the memory they are read with, and a process that is gone in the middle of one. */

import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ImportShop, masterKey, openImportShop } from './support/importing.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const heapMiB = 80
const invoices = 24_000
const linesEach = 10
const people = 600

let shop: ImportShop
let path: string

beforeAll(async () => {
  shop = await openImportShop()
  path = join(shop.folder, 'large.csv')
  writeInvoices(path)
})
afterAll(() => shop.close())

/** Every 20th invoice takes back what the same person's invoice before it sold; every 10th line is a gift, and rejected. */
function writeInvoices(to: string): void {
  const file = openSync(to, 'w')
  writeSync(file, 'invoice,stock_code,description,quantity,invoice_date,unit_price,customer_id,country\n')
  const name = 'A long name of a thing '.repeat(16)
  for (let invoice = 0; invoice < invoices; invoice++) {
    const takesBack = invoice % 20 === 19
    const person = (takesBack ? invoice - 1 : invoice) % people
    const date = new Date(Date.UTC(2025, 0, 1) + invoice * 600_000).toISOString()
    const lines = Array.from({ length: linesEach }, (_, i) => {
      const price = i === linesEach - 1 ? '0' : '2.50'
      return `${takesBack ? 'C' : ''}${100_000 + invoice},P${i},${name}${i},${takesBack ? -1 : 2},${date},${price},p${person},France\n`
    })
    writeSync(file, lines.join(''))
  }
  closeSync(file)
}

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function startImport(): { readonly kill: () => void; readonly ended: Promise<Ended> } {
  const env = { ...process.env, DATABASE_URL: shop.url, PERENNIAL_MASTER_KEY: masterKey.toString('hex') }
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMiB}`, main, 'import', 'retail', path, '--json'], {
    env,
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (text: Buffer) => (said.stdout += text.toString()))
  child.stderr.on('data', (text: Buffer) => (said.stderr += text.toString()))
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, ...said })))
  return { kill: () => child.kill('SIGKILL'), ended }
}

async function untilAChunkIsWritten(): Promise<void> {
  for (;;) {
    const [row] = await shop.rows<{ line: number }>('SELECT coalesce(max(next_line), 0) AS line FROM imports')
    if ((row?.line ?? 0) > 2) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

test('killed in the middle of a file that is larger than its memory, an import goes on and ends with every line once', {
  timeout: 300_000,
}, async () => {
  const first = startImport()
  await untilAChunkIsWritten()
  first.kill()
  expect((await first.ended).code).toBe(null)
  const [half] = await shop.rows<{ status: string; orders: number }>(
    'SELECT status, (SELECT count(*)::int FROM orders) AS orders FROM imports',
  )
  expect(half?.status).toBe('reading')
  expect(half?.orders).toBeGreaterThan(0)

  const { code, stdout, stderr } = await startImport().ended
  expect({ code, stderr: stderr.includes('heap') }).toEqual({ code: 3, stderr: false })
  const report = JSON.parse(stdout) as { resumedAtLine: number; counts: Record<string, number> }
  expect(report.resumedAtLine).toBeGreaterThan(2)
  const refunds = invoices / 20
  expect(report.counts).toMatchObject({
    lines: invoices * linesEach,
    rejected: invoices,
    'order lines': (invoices - refunds) * (linesEach - 1),
    'refund lines matched by product': refunds * (linesEach - 1),
    'orders made': invoices - refunds,
    // Those whose turn is always a refund never buy.
    'customers made': people - people / 20,
  })
  expect(readFileSync(`${path}.rejects.csv`, 'utf8').trim().split('\r\n')).toHaveLength(invoices + 1)
})

test('afterwards every customer’s row says what their orders come to, and every order what its lines do', async () => {
  const lines = (invoices - invoices / 20) * (linesEach - 1)
  expect(await shop.rows('SELECT count(*)::int AS lines FROM order_lines')).toEqual([{ lines }])
  const wrongOrders = await shop.rows(
    `SELECT o.order_key FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id GROUP BY o.id
     HAVING o.revenue_cents IS DISTINCT FROM sum(l.quantity * l.price_cents) OR count(l.position) <> max(l.position) + 1`,
  )
  expect(wrongOrders).toEqual([])
  const wrongPeople = await shop.rows(
    `SELECT c.external_id FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id
     HAVING (c.order_count, c.revenue_cents, c.refunded_cents, c.first_order_at, c.last_order_at)
       IS DISTINCT FROM (count(o.id), sum(o.revenue_cents), sum(o.refunded_cents), min(o.ordered_at), max(o.ordered_at))`,
  )
  expect(wrongPeople).toEqual([])
  rmSync(path)
})
