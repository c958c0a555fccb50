/**
 * After a person was forgotten, nothing of them can be found: not in any table, not in Temporal's store and its log, not
 * in a log of ours, in none of the ways in which texts are commonly written. A whole installation, real in all parts.
 *
 * What the mail catcher keeps is left out: it stands for the world outside, where the messages went.
 */

import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { isAbsolute, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Installation, startInstallation } from '../../src/embedded/supervisor.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'perennial-test-'))
const home = join(scratch, 'home')

const person = {
  userId: 'customer-4711',
  email: 'Rosalind.Wintergreen@Listener.Example',
  phone: '+442079460958',
  firstName: 'Rosalind-Eleonora',
  lastName: 'Wintergreen',
  street: '17 Quillfeather Lane',
}
/** Their own words, in a field that nobody knows to be personal. */
const freeText = 'please ring at the green door of Quillfeather'

let installation: Installation
let database: pg.Pool

beforeAll(async () => {
  // Noon where the demo shop takes its customers to live: nothing waits for the end of a night.
  const clock = { speed: 1, startsAtMs: Date.UTC(2026, 2, 2, 17), anchoredAtMs: Date.now() }
  installation = await startInstallation({ home, port: 0, clock })
  database = new pg.Pool({ connectionString: installation.databaseUrl })
})
afterAll(async () => {
  await database.end()
  await installation.stop()
  rmSync(scratch, { recursive: true, force: true })
})

test('a person who was written to is forgotten within a minute, without a trace, and comes back as somebody new', async () => {
  const [told, ...done] = callsOfThePerson()
  await send([identify('bystander', 'bystander@listener.example'), told as object])
  const id = await eventually('the person has been written to', writtenTo)
  await send(done)
  await eventually('they have ordered', async () => (await rowsOf('orders', id, 'customer_id')) || undefined)
  // The search finds what is there: otherwise finding nothing later would prove nothing.
  expect(await traces(dumpOfTables, [person.userId, freeText])).not.toEqual([])
  expect(await traces(() => filesOf(join(home, 'mail')))).not.toEqual([])
  expect(await cli('customer', 'export', person.userId)).toContain(person.email.toLowerCase())

  expect(await traces(exports)).not.toEqual([])

  const refused = await cliFailing('customer', 'erase', person.userId)
  expect(refused).toContain('--yes')
  const dryRun = JSON.parse(await cli('customer', 'erase', person.email, '--dry-run', '--json')) as Rows
  expect(dryRun.rows).toMatchObject({ customers: 1, customer_keys: 1, orders: 1, contact_points: 2 })
  expect(await rowsOf('customers', id)).toBe(1)

  const startedAt = performance.now()
  const erased = JSON.parse(await cli('customer', 'erase', person.userId, '--yes', '--json')) as Rows
  const tookMs = performance.now() - startedAt
  console.log(JSON.stringify({ erasureSeconds: Math.round(tookMs) / 1000, rows: erased.rows }))
  expect(tookMs).toBeLessThan(60_000)
  expect(erased.rows).toMatchObject(dryRun.rows)

  expect(await traces(dumpOfTables, [person.userId, freeText])).toEqual([])
  expect(await traces(filesOfTheHome)).toEqual([])
  expect(await traces(exports, [person.userId])).toEqual([])
  expect(await suppressed()).toBe(2)
  expect(await cliFailing('customer', 'export', person.email)).toContain('There is no customer')

  // Who was not meant is still there.
  expect(await cli('customer', 'export', 'bystander')).toContain('bystander@listener.example')

  await send([callsOfThePerson()[0] as object])
  const again = await eventually('they are back', customerNow)
  expect(again).not.toBe(id)
}, 300_000)

interface Rows {
  readonly rows: Readonly<Record<string, number>>
}

function callsOfThePerson(): object[] {
  const { userId, email, phone, firstName, lastName, street } = person
  const address = { street, city: 'Greenford' }
  return [
    { ...identify(userId, email), traits: { email, phone, firstName, lastName, address, plan: 'gold' } },
    { type: 'track', userId, event: 'Product Viewed', properties: { product_id: 'fern', note: freeText } },
    { type: 'track', userId, event: 'Invited', properties: { note: `ask ${email} for the code` } },
    { type: 'track', userId, event: 'Email Subscribed', properties: { words: 'Yes, write to me' } },
    {
      type: 'track',
      userId,
      event: 'Order Completed',
      properties: { order_id: 'o-4711', total: 24.9, currency: 'EUR', products: [{ product_id: 'fern', price: 24.9 }] },
    },
  ]
}

function identify(userId: string, email: string): object {
  return { type: 'identify', userId, traits: { email } }
}

async function send(batch: readonly object[]): Promise<void> {
  const response = await fetch(`${installation.url}/v1/batch`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`${installation.firstKeys?.writeKey}:`).toString('base64')}`,
    },
    body: JSON.stringify({ batch }),
  })
  expect(response.status).toBe(200)
}

async function customerNow(): Promise<string | undefined> {
  const { rows } = await database.query<{ id: string }>('SELECT id FROM customers WHERE external_id = $1', [
    person.userId,
  ])
  return rows[0]?.id
}

async function writtenTo(): Promise<string | undefined> {
  const { rows } = await database.query<{ id: string }>(
    `SELECT c.id FROM customers c JOIN messages m ON m.customer_id = c.id AND m.status = 'sent' WHERE c.external_id = $1`,
    [person.userId],
  )
  return rows[0]?.id
}

async function rowsOf(table: string, id: string, column = 'id'): Promise<number> {
  return (await database.query(`SELECT FROM ${table} WHERE ${column} = $1`, [id])).rowCount ?? 0
}

async function suppressed(): Promise<number> {
  return (await database.query(`SELECT FROM suppressions WHERE reason = 'erased'`)).rowCount ?? 0
}

/** Every table there is, row by row, as a dump would write it. */
async function* dumpOfTables(): AsyncGenerator<readonly [string, Buffer]> {
  const { rows: tables } = await database.query<{ name: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
  )
  expect(tables.length).toBeGreaterThan(20)
  for (const { name } of tables) {
    const { rows } = await database.query<{ line: string }>(`SELECT t::text AS line FROM ${name} t`)
    yield [name, Buffer.from(rows.map(({ line }) => line).join('\n'))]
  }
}

/**
 * Everything that the installation has written to disk: PostgreSQL's own files with its write-ahead log, Temporal's
 * store with its own, logs. Personal data is sealed before it is written, so even what a database leaves behind after
 * deleting holds none of it.
 */
async function* filesOfTheHome(): AsyncGenerator<readonly [string, Buffer]> {
  const { dataDir } = JSON.parse(readFileSync(join(home, 'postgres.json'), 'utf8')) as { readonly dataDir: string }
  const seen: string[] = []
  for (const folder of [home, isAbsolute(dataDir) ? dataDir : join(home, dataDir)]) {
    for await (const [name, content] of filesOf(folder)) {
      if (/^(?:mail|sms)\//.test(name)) continue
      seen.push(name)
      yield [name, content]
    }
  }
  const parts = [/temporal\.db$/, /temporal\.db-wal$/, /pg_wal\//, /logs\//]
  expect(parts.filter((part) => !seen.some((name) => part.test(name)))).toEqual([])
}

/** What somebody takes out of the shop at this moment, opened as far as it can be. */
async function* exports(): AsyncGenerator<readonly [string, Buffer]> {
  for (const [name, ...args] of [
    ['everybody', 'customers', '--with-personal'],
    ['a segment', 'segment', 'newcomers', '--with-personal', '--format', 'jsonl'],
  ] as const) {
    const out = join(scratch, 'export')
    await cli('export', ...args, '--out', out, '--force')
    yield [name, readFileSync(out)]
  }
}

async function* filesOf(folder: string): AsyncGenerator<readonly [string, Buffer]> {
  for (const path of filesBelow(folder)) yield [relative(home, path), readFileSync(path)]
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.isFile() && statSync(path).size > 0) yield path
  }
}

/** Where the person can be found: `table or file: what`. */
async function traces(
  source: () => AsyncGenerator<readonly [string, Buffer]>,
  more: readonly string[] = [],
): Promise<string[]> {
  const { email, phone, firstName, lastName, street } = person
  const needles = [email, phone, firstName, lastName, street, ...more].flatMap(waysToWrite)
  const found: string[] = []
  for await (const [name, content] of source()) {
    const lower = Buffer.from(content.toString('latin1').toLowerCase(), 'latin1')
    for (const needle of needles) {
      if (content.includes(needle) || lower.includes(needle)) found.push(`${name}: ${needle}`)
    }
  }
  return found
}

function waysToWrite(text: string): string[] {
  const cases = [text, text.toLowerCase(), text.toUpperCase()]
  return cases.flatMap((one) => {
    const bytes = Buffer.from(one)
    // In base64 the text may begin at any of three places; its whole groups look the same there.
    const base64 = [0, 1, 2].map((shift) => {
      const shifted = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
      return shifted.slice(shift === 0 ? 0 : 4, Math.floor((shift + bytes.length) / 3) * 4)
    })
    return [one, encodeURIComponent(one), bytes.toString('hex'), bytes.toString('hex').toUpperCase(), ...base64]
  })
}

async function cli(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(args)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

async function cliFailing(...args: string[]): Promise<string> {
  const { status, stderr } = await run(args)
  expect(status).toBe(2)
  return stderr
}

function run(args: readonly string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args, '--home', home])
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('exit', (status) => resolve({ status, stdout, stderr }))
  })
}

async function eventually<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 120_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`It never came to pass that ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
