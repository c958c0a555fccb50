/** The whole Online Retail file, against a recount in another language; and its odd lines, one by one. */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refundRule } from '../../src/intake/import/refunds.ts'
import { retailRules } from '../../src/intake/import/retail.ts'
import { type ImportShop, openImportShop } from './support/importing.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const data = fileURLToPath(
  new URL(`${process.env['PERENNIAL_SHARED'] ?? '../shared'}/data/online_retail.csv.gz`, `file://${root}`),
)
const python = spawnSync('python3', ['--version']).status === 0
const missing = !existsSync(data)
  ? ' (skipped: set PERENNIAL_SHARED to the folder with data/online_retail.csv.gz)'
  : python
    ? ''
    : ' (skipped: there is no python3)'

interface Recount {
  readonly lines: number
  readonly customers: number
  readonly orders: number
  readonly products: number
  readonly orderLines: number
  readonly refundsByProduct: number
  readonly refundsByCustomer: number
  readonly rejected: Readonly<Record<string, number>>
  readonly people: Readonly<Record<string, readonly [number, number, number]>>
}

let shop: ImportShop

beforeAll(async () => {
  shop = await openImportShop()
})
afterAll(() => shop.close())

describe.skipIf(missing !== '')(`the whole file${missing}`, () => {
  let recount: Recount

  beforeAll(async () => {
    const script = join(root, 'test/import/support/retail_recount.py')
    const { stdout, stderr, status } = spawnSync('python3', [script, data], { encoding: 'utf8', maxBuffer: 1 << 26 })
    if (status !== 0) throw new Error(stderr)
    recount = JSON.parse(stdout) as Recount
  })

  test('every total is that of the recount, also of each customer', { timeout: 400_000 }, async () => {
    const rejects = join(shop.folder, 'rejects.csv')
    const report = await shop.run('retail', data, { rejects })
    expect(report.counts).toMatchObject({
      lines: recount.lines,
      'order lines': recount.orderLines,
      'refund lines': recount.refundsByProduct + recount.refundsByCustomer,
      'refund lines matched by product': recount.refundsByProduct,
      'refund lines matched by customer': recount.refundsByCustomer,
      'customers made': recount.customers,
      'orders made': recount.orders,
      'products made': recount.products,
      ...byRule(recount.rejected),
    })
    const taken = (report.counts['order lines'] ?? 0) + (report.counts['refund lines'] ?? 0)
    expect(taken + (report.counts['rejected'] ?? 0)).toBe(recount.lines)
    expect(readFileSync(rejects, 'utf8').split('\r\n')).toHaveLength((report.counts['rejected'] ?? 0) + 2)

    const people = await shop.rows<{ id: string; is: [number, number, number] }>(
      `SELECT external_id AS id, json_build_array(order_count, revenue_cents, refunded_cents) AS is FROM customers`,
    )
    expect(Object.fromEntries(people.map(({ id, is }) => [id, is]))).toEqual(recount.people)
    expect(await shop.rows('SELECT count(*)::int AS lines FROM order_lines')).toEqual([{ lines: recount.orderLines }])
  })

  test('nothing of it is news, everybody has their stage, and the segments know whom to look at', async () => {
    expect(await shop.rows('SELECT count(*)::int AS news FROM news')).toEqual([{ news: 0 }])
    const misplaced = await shop.rows(
      `SELECT external_id FROM customers WHERE CASE stage WHEN 'acquire' THEN order_count > 0
         WHEN 'activate' THEN order_count <> 1 ELSE order_count < 2 END`,
    )
    expect(misplaced).toEqual([])
    const unmarked = await shop.rows(
      'SELECT id FROM customers WHERE id NOT IN (SELECT customer_id FROM dirty_customers)',
    )
    expect(unmarked).toEqual([])
  })

  test('a second run does nothing, and says so', async () => {
    const report = await shop.run('retail', data, { rejects: join(shop.folder, 'rejects.csv') })
    expect(report.outcome).toBe('was imported before')
    expect(report.counts['lines']).toBe(recount.lines)
  })
})

function byRule(rejected: Readonly<Record<string, number>>): Record<string, number> {
  const rules: Readonly<Record<string, string>> = {
    invoice: `invoice ${retailRules.invoice}`,
    duplicate: retailRules.duplicate,
    customer: `customer_id ${retailRules.customer}`,
    paid: `unit_price ${retailRules.paid}`,
    sold: `quantity ${retailRules.sold}`,
    takenBack: `quantity ${retailRules.takenBack}`,
    refund: `invoice_date ${refundRule}`,
  }
  return Object.fromEntries(Object.entries(rejected).map(([rule, count]) => [`rejected: ${rules[rule]}`, count]))
}

const header = 'invoice,stock_code,description,quantity,invoice_date,unit_price,customer_id,country'

describe('odd lines', () => {
  test.each([
    ['an invoice of letters', 'A1,B,Bad debt,1,2026-01-01,5,x,UK', 'invoice', retailRules.invoice],
    ['no product', '1,,Tea,1,2026-01-01,5,x,UK', 'stock_code', retailRules.stockCode],
    ['a quantity in words', '1,B,Tea,two,2026-01-01,5,x,UK', 'quantity', retailRules.quantity],
    ['half a thing', '1,B,Tea,1.5,2026-01-01,5,x,UK', 'quantity', retailRules.quantity],
    ['more than a million', '1,B,Tea,1000001,2026-01-01,5,x,UK', 'quantity', retailRules.quantity],
    ['a day that there is not', '1,B,Tea,1,2026-02-30,5,x,UK', 'invoice_date', expect.stringContaining('moment')],
    ['another order of days', '1,B,Tea,1,31/01/2026,5,x,UK', 'invoice_date', expect.stringContaining('2026-03-31')],
    ['a comma for a point', '1,B,Tea,1,2026-01-01,"5,10",x,UK', 'unit_price', retailRules.price],
    ['a sign of currency', '1,B,Tea,1,2026-01-01,£5,x,UK', 'unit_price', retailRules.price],
    ['a price beyond reason', '1,B,Tea,1,2026-01-01,9999999999999.99,x,UK', 'unit_price', retailRules.price],
    ['nobody', '1,B,Tea,1,2026-01-01,5,,UK', 'customer_id', retailRules.customer],
    ['a gift', '1,B,Tea,1,2026-01-01,0,x,UK', 'unit_price', retailRules.paid],
    ['a correction', '1,B,Tea,1,2026-01-01,-5,x,UK', 'unit_price', retailRules.paid],
    ['nothing sold', '1,B,Tea,-1,2026-01-01,5,x,UK', 'quantity', retailRules.sold],
    ['a cancellation that sells', 'C1,B,Tea,1,2026-01-01,5,x,UK', 'quantity', retailRules.takenBack],
    ['a refund of nothing', 'C1,B,Tea,-1,2026-01-01,5,x,UK', 'invoice_date', refundRule],
    ['a value too few', '1,B,Tea,1,2026-01-01,5,x', '', expect.stringContaining('has 7')],
  ])('%s is rejected with its rule', async (name, line, column, rule) => {
    const path = shop.file(`${name}.csv`, `${header}\n${line}\n`)
    const report = await shop.run('retail', path)
    expect(report.counts['rejected']).toBe(1)
    expect(report.firstRejected).toEqual([{ line: 2, column, rule }])
    expect(await shop.rows(`SELECT FROM orders WHERE order_key = '1'`)).toEqual([])
  })

  test('a refund finds the newest order before it that holds the product, else the newest one; never more than it cost', async () => {
    const path = shop.file(
      'refunds.csv',
      [
        header,
        // In the file before what they take back: the order of lines does not matter.
        'C9,TEA,Tea,-1,2026-01-10,5,r1,UK',
        'C9,POT,Pot,-1,2026-01-10,7,r1,UK',
        'C8,TEA,Tea,-9,2026-01-10,5,r2,UK',
        '91,TEA,Tea,2,2026-01-01,5,r1,UK',
        '92,CUP,Cup,2,2026-01-02,9.995,r1,UK',
        '93,TEA,Tea,3,2026-01-20,5,r1,UK',
        '94,TEA,Tea,2,2026-01-05,5,r2,UK',
      ].join('\n'),
    )
    const { counts } = await shop.run('retail', path)
    expect(counts).toMatchObject({ 'refund lines matched by product': 2, 'refund lines matched by customer': 1 })
    const orders = await shop.rows(
      `SELECT order_key, revenue_cents, refunded_cents FROM orders WHERE order_key LIKE '9_' ORDER BY order_key`,
    )
    expect(orders).toEqual([
      { order_key: '91', revenue_cents: 1000, refunded_cents: 500 },
      { order_key: '92', revenue_cents: 1999, refunded_cents: 700 },
      { order_key: '93', revenue_cents: 1500, refunded_cents: 0 },
      { order_key: '94', revenue_cents: 1000, refunded_cents: 1000 },
    ])
    const [customer] = await shop.rows(`SELECT order_count, refunded_cents FROM customers WHERE external_id = 'r1'`)
    expect(customer).toEqual({ order_count: 3, refunded_cents: 1200 })
  })
})
