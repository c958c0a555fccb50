import { randomUUID } from 'node:crypto'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { openDatabase } from '../../src/store/database.ts'
import { holdSending } from '../../src/store/sending-hold.ts'
import { Vault } from '../../src/store/vault.ts'
import type { TestDatabase } from '../support/database.ts'
import { createTestDatabase } from '../support/database.ts'
import { databaseUrl } from '../support/template-database.ts'
import { command, newHome, removeHome } from './support/launched.ts'

interface Told {
  readonly code: number | null
  readonly ok: boolean
  readonly findings: readonly {
    readonly name: string
    readonly status: string
    readonly detail: string
    readonly remedy?: string
  }[]
}

let home: string
let database: TestDatabase

beforeEach(async () => {
  home = newHome()
  database = await createTestDatabase()
})

afterEach(async () => {
  removeHome(home)
  await database.drop()
})

/** What the doctor says, of an installation with servers of its own unless the environment says otherwise. */
async function examine(env: Record<string, string> = {}): Promise<Told> {
  const servers = { DATABASE_URL: database.url, TEMPORAL_ADDRESS: inject('temporalAddress') }
  const { code, stdout } = await command(['doctor', '--home', home, '--json'], { ...servers, ...env })
  return { code, ...(JSON.parse(stdout) as Omit<Told, 'code'>) }
}

test('servers of your own that are in order are found well', async () => {
  const { code, findings } = await examine()
  expect(code).toBe(0)
  expect(findings).toContainEqual(expect.objectContaining({ name: 'migrations', status: 'ok', detail: 'all applied' }))
  expect(findings).toContainEqual(expect.objectContaining({ name: 'Temporal', status: 'ok' }))
})

test.each([
  ['a database that is down', { DATABASE_URL: 'postgresql://me:secret@127.0.0.1:1/x' }, 'PostgreSQL', /ECONNREFUSED/],
  ['a Temporal that is down', { TEMPORAL_ADDRESS: '127.0.0.1:1' }, 'Temporal', /127\.0\.0\.1:1 cannot be reached/],
  ['a namespace that is not there', { TEMPORAL_NAMESPACE: 'nowhere' }, 'Temporal', /namespace nowhere/],
  ['a mail server that is down', { SMTP_URL: 'smtp://127.0.0.1:1' }, 'email', /127\.0\.0\.1:1 cannot be reached/],
  ['half of a clock', { CLOCK_SPEED: '60' }, 'clock', /needs CLOCK_START/],
  ['half of Twilio', { TWILIO_FROM: '+15005550006' }, 'configuration', /all three are needed/],
])('%s is a failure with a remedy, and no password is shown', async (_, env, name, detail) => {
  const { code, ok, findings } = await examine(env)
  expect({ code, ok }).toEqual({ code: 1, ok: false })
  const finding = findings.find((one) => one.name === name)
  expect(finding).toMatchObject({ status: 'failure', detail: expect.stringMatching(detail) as string })
  expect(finding?.remedy).not.toBe('')
  expect(JSON.stringify(findings)).not.toContain('secret')
})

test('a database without migrations is a warning: the start applies them', async () => {
  const { code, findings } = await examine({ DATABASE_URL: databaseUrl(inject('databaseServerUrl'), 'postgres') })
  expect(code).toBe(0)
  expect(findings).toContainEqual(
    expect.objectContaining({
      name: 'migrations',
      status: 'warning',
      remedy: 'Run "perennial start": it applies them.',
    }),
  )
})

test('a migration that was edited after it was applied is a failure', async () => {
  const db = openDatabase(database.url, { maxConnections: 1 })
  await db.pool.query(`UPDATE _prisma_migrations SET checksum = 'of another text'`)
  await db.close()
  const { code, findings } = await examine()
  expect(code).toBe(1)
  expect(findings).toContainEqual(
    expect.objectContaining({
      name: 'migrations',
      status: 'failure',
      detail: expect.stringContaining('edited') as string,
    }),
  )
})

test('a database of the version before, that knows of no replaced keys yet, opens with its key; sending that is held is told', async () => {
  const older = await createTestDatabase()
  const db = openDatabase(older.url, { maxConnections: 1 })
  const customerId = randomUUID()
  const { wrapped } = new Vault(Buffer.alloc(32, 0xab)).createCustomerKey(customerId)
  await db.pool.query('INSERT INTO customer_keys (customer_id, wrapped_key, created_at) VALUES ($1, $2, now())', [
    customerId,
    wrapped,
  ])
  await db.pool.query('ALTER TABLE installation DROP COLUMN former_keys')
  await holdSending(db.pool, { extent: 'everything', reason: 'a restored copy', by: 'test' }, Date.now())
  await db.close()
  const { findings } = await examine({ DATABASE_URL: older.url, PERENNIAL_MASTER_KEY: 'ab'.repeat(32) })
  expect(findings).toContainEqual(expect.objectContaining({ name: 'personal data', status: 'ok' }))
  const detail = expect.stringContaining('a restored copy') as string
  expect(findings).toContainEqual(expect.objectContaining({ name: 'sending', status: 'warning', detail }))
  await older.drop()
})

test('a master key that does not fit the database is a failure, as is one that is gone', async () => {
  const db = openDatabase(database.url, { maxConnections: 1 })
  await db.pool.query(
    `INSERT INTO customer_keys (customer_id, wrapped_key, created_at) VALUES (gen_random_uuid(), '\\x01', now())`,
  )
  await db.close()
  const gone = await examine()
  const wrong = await examine({ PERENNIAL_MASTER_KEY: 'ab'.repeat(32) })
  for (const [told, detail] of [
    [gone, 'the master key is gone'],
    [wrong, 'does not open with this master key'],
  ] as const) {
    expect(told.code).toBe(1)
    expect(told.findings).toContainEqual(expect.objectContaining({ name: 'personal data', status: 'failure', detail }))
  }
})

test('a master key that others may read, or that is none, is told', async () => {
  mkdirSync(home, { recursive: true })
  const path = join(home, 'master.key')
  writeFileSync(path, `${'ab'.repeat(32)}\n`)
  chmodSync(path, 0o644)
  expect((await examine()).findings).toContainEqual(
    expect.objectContaining({ name: 'master key', status: 'warning', remedy: `Run "chmod 600 ${path}".` }),
  )
  writeFileSync(path, 'not a key')
  expect((await examine()).findings).toContainEqual(expect.objectContaining({ name: 'master key', status: 'failure' }))
})

test('mail that really leaves, with links that lead to this machine, is a warning', async () => {
  const { hostname, port } = new URL(database.url) // Something that listens.
  const { findings } = await examine({ SMTP_URL: `smtp://${hostname}:${port}` })
  expect(findings).toContainEqual(
    expect.objectContaining({
      name: 'email',
      status: 'warning',
      remedy: expect.stringContaining('PERENNIAL_PUBLIC_URL') as string,
    }),
  )
})
