/** Customers out again: masked unless asked for, no formulas, whole files or none. */

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { csvLine } from '../../src/domain/csv-cell.ts'
import { type ImportShop, masterKey, openImportShop } from './support/importing.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
let shop: ImportShop

beforeAll(async () => {
  shop = await openImportShop()
  const lines = [
    'customer_id,email,phone,firstName,plan',
    'x1,ada@inbox.example,+442079460958,Ada,"=HYPERLINK(""http://evil.example"")"',
    'x2,,,,@SUM(A1)',
    '-3,,,,"a ""b"", c"',
  ]
  await shop.run('customers', shop.file('people.csv', lines.join('\n')))
  await shop.rows(
    `WITH s AS (INSERT INTO segments (kind, key, version, status, created_at) VALUES ('segment', 'vip', 'v', 'live', now()) RETURNING id)
     INSERT INTO segment_members (segment_id, customer_id, since) SELECT s.id, c.id, now() FROM s, customers c WHERE external_id = 'x1'`,
  )
})
afterAll(() => shop.close())

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, DATABASE_URL: shop.url, PERENNIAL_MASTER_KEY: masterKey.toString('hex') }
  return spawnSync(process.execPath, [main, 'export', ...args], { encoding: 'utf8', timeout: 100_000, env })
}

test('a segment comes out masked; in full only when asked for, and that is recorded', async () => {
  const columns = ['--columns', 'customer_id,email,phone,personal.firstName,stage']
  expect(run('segment', 'vip', ...columns).stdout).toBe(
    `customer_id,email,phone,personal.firstName,stage\r\nx1,a•••@inbox.example,"'+44•••••958",A•••,acquire\r\n`,
  )
  const exports = () => shop.rows(`SELECT action, detail FROM audit_entries WHERE action = 'export'`)
  expect(await exports()).toEqual([])
  const { stdout } = run('segment', 'vip', ...columns, '--with-personal', '--format', 'jsonl')
  expect(JSON.parse(stdout)).toEqual({
    customer_id: 'x1',
    email: 'ada@inbox.example',
    phone: '+442079460958',
    'personal.firstName': 'Ada',
    stage: 'acquire',
  })
  expect(await exports()).toEqual([{ action: 'export', detail: { segment: 'vip' } }])
})

test('what a spreadsheet would run as a formula is a text, and any reader of RFC 4180 reads it back', () => {
  const out = join(shop.folder, 'all.csv')
  const { status, stdout } = run('customers', '--columns', 'customer_id,traits.plan', '--out', out, '--json')
  expect({ status, customers: (JSON.parse(stdout) as { customers: number }).customers }).toEqual({
    status: 0,
    customers: 3,
  })
  const rows = parse<Record<string, string>>(readFileSync(out, 'utf8'), { columns: true })
  expect(rows.sort((a, b) => ((a['customer_id'] ?? '') > (b['customer_id'] ?? '') ? 1 : -1))).toEqual([
    { customer_id: '-3', 'traits.plan': 'a "b", c' },
    { customer_id: 'x1', 'traits.plan': `'=HYPERLINK("http://evil.example")` },
    { customer_id: 'x2', 'traits.plan': `'@SUM(A1)` },
  ])
  expect(run('customers', '--out', out)).toMatchObject({ status: 2 })
  expect(readdirSync(shop.folder).filter((name) => name.endsWith('.part'))).toEqual([])
})

test.each([
  ['=1+1', `"'=1+1"\r\n`],
  ['+1', `"'+1"\r\n`],
  ['-1+1', `"'-1+1"\r\n`],
  ['@x', `"'@x"\r\n`],
  ['\tx', `"'\tx"\r\n`],
  ['\rx', `"'\rx"\r\n`],
  [-1.5, '-1.5\r\n'],
  ['a,b', '"a,b"\r\n'],
  [null, '\r\n'],
])('the cell %j is written as %j', (value, line) => expect(csvLine([value])).toBe(line))

test.each([
  ['a column of the table that is nobody’s business', ['customers', '--columns', 'wrapped_key'], '--columns'],
  ['SQL for a column', ['customers', '--columns', `stage'); DROP TABLE customers; --`], '--columns'],
  ['SQL for a segment', ['segment', `vip' OR '1'='1`], 'There is no segment'],
  ['a folder that is not there', ['customers', '--out', '/nowhere/at/all.csv'], '--out'],
])('%s is refused: status 2, one line', async (_, args, expected) => {
  const { status, stderr } = run(...args)
  expect({ status, lines: stderr.trim().split('\n').length }).toEqual({ status: 2, lines: 1 })
  expect(stderr).toContain(expected)
  expect(await shop.rows('SELECT count(*)::int AS customers FROM customers')).toEqual([{ customers: 3 }])
})

test('an import by the command line says in its status whether lines were rejected, and in no stream what they held', () => {
  const env = { ...process.env, DATABASE_URL: shop.url, PERENNIAL_MASTER_KEY: masterKey.toString('hex') }
  const importing = (...args: string[]) =>
    spawnSync(process.execPath, [main, 'import', ...args], { encoding: 'utf8', timeout: 100_000, env })
  const path = join(shop.folder, 'secret.csv')
  writeFileSync(path, 'customer_id,email\ny1,secret@nowhere\ny2,\n')
  const first = importing('customers', path, '--json')
  expect(first.status).toBe(3)
  expect(first.stdout + first.stderr).not.toContain('secret@')
  expect(JSON.parse(first.stdout)).toMatchObject({ counts: { lines: 2, rejected: 1 }, outcome: 'imported' })
  expect(readFileSync(`${path}.rejects.csv`, 'utf8')).toContain('secret@nowhere')
  expect(importing('customers', path, '--map', 'nope=email')).toMatchObject({ status: 2 })
  expect(importing('orders', path)).toMatchObject({ status: 2 })
})
