/** Files that are not what they say, and paths that lead elsewhere. */

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { InputError } from '../../src/intake/import/input-error.ts'
import { type ImportShop, openImportShop } from './support/importing.ts'

let shop: ImportShop

beforeAll(async () => {
  shop = await openImportShop()
})
afterAll(() => shop.close())

const header = 'order_id,customer_id,date,sku,price\n'
const good = (id: string): string => `${id},p1,2025-05-01,tea,5\n`

describe('a file that cannot be imported at all is refused in one sentence', () => {
  const cases: [string, () => string, RegExp][] = [
    ['nothing', () => shop.file('empty.csv', ''), /is empty/],
    ['UTF-16', () => shop.file('utf16.csv', Buffer.from(`\uFEFF${header}`, 'utf16le')), /UTF-16/],
    [
      'a picture',
      () => shop.file('png.csv', Buffer.from('89504e470d0a1a0a0000000d', 'hex')),
      /must be UTF-8|null bytes/,
    ],
    ['null bytes', () => shop.file('null.csv', `order_id,\0,b\n`), /null bytes/],
    ['not gzip', () => shop.file('plain.csv.gz', header), /must be a gzip file/],
    ['half a gzip', () => shop.file('half.csv.gz', gzipSync(header + good('1').repeat(9)).subarray(0, 40)), /damaged/],
    [
      'a zip bomb',
      () => shop.file('bomb.csv.gz', gzipSync(Buffer.concat([Buffer.from(header), Buffer.alloc(90 << 20, 'a')]))),
      /200 times/,
    ],
    ['a JSON list', () => shop.file('list.json', '[{"order_id":1}]'), /JSON lines/],
    ['a header that is a line of 10 MB', () => shop.file('wide.csv', 'a'.repeat(10 << 20)), /too long/],
    ['a column twice', () => shop.file('twice.csv', 'order_id,order_id,customer_id,date,price\n'), /twice/],
    [
      'a column without a name',
      () => shop.file('nameless.csv', 'order_id,,customer_id,date,price\n'),
      /column 2 must have a name/,
    ],
    ['a header with an open quote', () => shop.file('open.csv', '"order_id,customer_id\n1,2\n'), /header must close/],
    ['a column missing', () => shop.file('missing.csv', 'order_id,date,price\n'), /must be customer_id/],
    ['a folder', () => shop.folder, /must be a file/],
    ['a device', () => '/dev/zero', /must be a file/],
    ['nothing there', () => join(shop.folder, '../../nowhere/at/all.csv'), /that exists/],
    ['a null in the path', () => `${shop.folder}/a\0b.csv`, /that exists/],
  ]
  test.each(cases)('%s', async (_, path, message) => {
    const error = await shop.run('orders', path()).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(InputError)
    expect((error as Error).message).toMatch(message)
    expect((error as Error).message).not.toContain('\n')
  })
})

describe('a bad line costs itself and nothing more', () => {
  const cases: [string, string | Buffer, number, string][] = [
    ['a line of 10 MB', `${'x'.repeat(10 << 20)}\n`, 1, 'at most'],
    ['a quote that is never closed', '"9,p1,2025-05-01,tea,5\n', 1, 'must close the quote'],
    ['text after a closing quote', '"9"9,p1,2025-05-01,tea,5\n', 1, 'between a closing quote'],
    ['a null byte', '9,p\0,2025-05-01,tea,5\n', 1, 'U+0000'],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from('9,p'), Buffer.from([0xff]), Buffer.from(',2025-05-01,tea,5\n')]),
      1,
      'UTF-8',
    ],
    ['too many values', '9,p1,2025-05-01,tea,5,6\n', 1, 'as many values'],
    ['an empty line', '\n\r\n', 0, ''],
  ]
  test.each(cases)('%s', async (name, line, rejected, rule) => {
    const id = `b${cases.findIndex(([other]) => other === name)}`
    const content = Buffer.concat([
      Buffer.from(`\uFEFF${header}${good(`${id}a`)}`),
      Buffer.from(line),
      Buffer.from(good(`${id}b`)),
    ])
    const report = await shop.run('orders', shop.file(`${id}.csv`, content))
    expect(report.counts['order lines']).toBe(2)
    expect(report.counts['rejected'] ?? 0).toBe(rejected)
    const told = report.firstRejected.map(({ line, column, rule: broken }) => [line, column, broken.includes(rule)])
    expect(told).toEqual(rejected > 0 ? [[3, '', true]] : [])
  })

  test('a quoted value may hold commas, quotes and line ends', async () => {
    const content = `order_id,customer_id,date,sku,price,product_name\n"q1","p,1",2025-05-01,s1,5,"a ""b""\nc"\nq2,p2,2025-05-01,s2,5,6" plate\n`
    const report = await shop.run('orders', shop.file('quoted.csv', content))
    expect(report.counts).toMatchObject({ 'order lines': 2 })
    expect(await shop.rows(`SELECT name FROM products WHERE product_key IN ('s1', 's2') ORDER BY product_key`)).toEqual(
      [{ name: 'a "b"\nc' }, { name: '6" plate' }],
    )
  })
})

test('standard input is imported, packed or not', async () => {
  const stdin = Readable.from([gzipSync(header + good('stdin'))])
  const report = await shop.run('orders', '-', { stdin, rejects: undefined })
  expect(report.counts['order lines']).toBe(1)
})

test('rejected lines never go into a file that is something else, nor through a link', async () => {
  const path = shop.file('rejecting.csv', `${header}9,,2025-05-01,tea,5\n`)
  const precious = join(shop.folder, 'precious.txt')
  writeFileSync(precious, 'mine')
  const link = join(shop.folder, 'link.csv')
  symlinkSync(precious, link)
  mkdirSync(join(shop.folder, 'a-folder'))
  for (const rejects of [precious, link, join(shop.folder, 'a-folder'), join(shop.folder, 'no/such/folder.csv')]) {
    await expect(shop.run('orders', path, { rejects })).rejects.toThrow(/--rejects/)
  }
  expect(readFileSync(precious, 'utf8')).toBe('mine')
  expect(existsSync(join(shop.folder, 'no'))).toBe(false)
})
