import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { abandonedDatabases } from '../../src/embedded/outside-data.ts'
import type { EmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { startEmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { removeEmbeddedPostgres } from '../../src/embedded/postgres-data.ts'
import { isRunning, markProcess } from '../../src/embedded/processes.ts'
import { ServiceError } from '../../src/embedded/service-error.ts'

const isRoot = process.getuid?.() === 0

let home: string
let running: EmbeddedPostgres | undefined

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'perennial-postgres-'))
  chmodSync(home, 0o755)
})

afterEach(async () => {
  await running?.stop()
  running = undefined
  removeEmbeddedPostgres(home)
  rmSync(home, { recursive: true, force: true })
})

async function start(options: { durable: boolean } = { durable: false }): Promise<EmbeddedPostgres> {
  running = await startEmbeddedPostgres({ home, ...options })
  return running
}

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
    return rows.flat()
  } finally {
    await client.end()
  }
}

describe('what was written', () => {
  test('is there after a stop and a start', async () => {
    const first = await start()
    await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS number')
    await first.stop()
    expect(isRunning(first.mark)).toBe(false)
    const second = await start()
    expect(await ask(second.url, 'SELECT number FROM kept')).toEqual([7])
  })

  test('is there after the server was killed', async () => {
    const first = await start({ durable: true })
    await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS number')
    process.kill(first.mark.pid, 'SIGKILL')
    await first.exited
    const second = await start()
    expect(await ask(second.url, 'SELECT number FROM kept')).toEqual([7])
  })

  test('survives a first start that was killed at its last step', async () => {
    const first = await start()
    await ask(first.url, 'CREATE TABLE kept AS SELECT 7 AS number')
    await first.stop()
    const { draft } = JSON.parse(readFileSync(join(home, 'postgres.json'), 'utf8')) as { draft: string }
    renameSync(first.dataDir, join(home, draft))
    const second = await start()
    expect(await ask(second.url, 'SELECT number FROM kept')).toEqual([7])
  })
})

test('a first start that is killed half way leaves nothing that hinders the next', async () => {
  const module = fileURLToPath(new URL('../../src/embedded/postgres.ts', import.meta.url))
  const code = `const { startEmbeddedPostgres } = await import(process.argv[1]); await startEmbeddedPostgres({ home: process.argv[2] })`
  const first = spawn(process.execPath, ['--input-type=module', '-e', code, module, home], { stdio: 'ignore' })
  await expect
    .poll(() => readdirSync(home).some((name) => name.includes('draft')), { timeout: 60_000, interval: 5 })
    .toBe(true)
  first.kill('SIGKILL')
  expect(existsSync(join(home, 'postgres.json'))).toBe(false)
  expect(await ask((await start()).url, 'SELECT 1')).toEqual([1])
})

test('a server that a killed predecessor left on the same data gives way', async () => {
  const orphan = await start()
  const successor = await startEmbeddedPostgres({ home, durable: false })
  expect(isRunning(orphan.mark)).toBe(false)
  expect(await ask(successor.url, 'SELECT 1')).toEqual([1])
  await successor.stop()
})

test('a pid file that names a process of somebody else harms nobody', async () => {
  const first = await start()
  await first.stop()
  writeFileSync(join(first.dataDir, 'postmaster.pid'), `${process.ppid}\n${first.dataDir}\n`)
  const bystander = markProcess(process.ppid)
  // PostgreSQL itself decides whether it believes the file; what counts is that nothing was killed.
  await start().catch(() => undefined)
  expect(bystander).toBeDefined()
  expect(markProcess(process.ppid)).toEqual(bystander)
})

describe('the server', () => {
  test('speaks UTF-8 with the order of code points, in UTC, and keeps what it is told', async () => {
    const { url } = await start()
    expect(
      await ask(url, `SELECT current_setting('server_encoding'), current_setting('TimeZone'), 'Z' < 'a', 'ž' > 'z'`),
    ).toEqual(['UTF8', 'UTC', true, true])
    await running?.stop()
    const durable = await start({ durable: true })
    expect(await ask(durable.url, `SELECT current_setting('fsync'), current_setting('synchronous_commit')`)).toEqual([
      'on',
      'on',
    ])
  })

  test('lets nobody in without the password, and keeps it from other users', async () => {
    const { url } = await start()
    const wrong = new URL(url)
    wrong.password = 'guess'
    await expect(ask(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/)
    expect(statSync(join(home, 'postgres.json')).mode & 0o077).toBe(0)
  })

  test.runIf(isRoot)('never runs as root, and reaches its data where others may not enter the home', async () => {
    rmSync(home, { recursive: true })
    home = mkdtempSync(join(homedir(), '.perennial-private-'))
    chmodSync(home, 0o700)
    const { url, dataDir } = await start()
    expect(dataDir.startsWith(home)).toBe(false)
    expect(statSync(dataDir).uid).not.toBe(0)
    await ask(url, 'CREATE TABLE kept AS SELECT 7 AS number')
    await running?.stop()
    expect(await ask((await start()).url, 'SELECT number FROM kept')).toEqual([7])
    await running?.stop()
    expect(abandonedDatabases()).not.toContainEqual({ dataDir, home })
    const record = join(home, 'postgres.json')
    renameSync(record, `${record}.away`)
    expect(abandonedDatabases()).toContainEqual({ dataDir, home })
    renameSync(`${record}.away`, record)
    removeEmbeddedPostgres(home)
    expect(existsSync(dataDir)).toBe(false)
  })
})

describe('in one sentence:', () => {
  test('a taken port', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    await expect(startEmbeddedPostgres({ home, port, durable: false })).rejects.toThrow(
      new ServiceError(`Port ${port} is taken, PostgreSQL needs it: choose another or stop what holds it`),
    )
    holder.close()
  })

  test('data that is gone', async () => {
    const { dataDir, stop } = await start()
    await stop()
    rmSync(dataDir, { recursive: true })
    await expect(start()).rejects.toThrow(`The database of ${home} should be in ${dataDir} and is not`)
  })

  test('a record that is gone', async () => {
    const { dataDir, stop } = await start()
    await stop()
    const record = readFileSync(join(home, 'postgres.json'))
    rmSync(join(home, 'postgres.json'))
    await expect(start()).rejects.toThrow(`${dataDir} holds a database, but its record`)
    writeFileSync(join(home, 'postgres.json'), record)
    expect(await ask((await start()).url, 'SELECT 1')).toEqual([1])
  })

  test('data of another version', async () => {
    const { dataDir, stop } = await start()
    await stop()
    writeFileSync(join(dataDir, 'PG_VERSION'), '11\n')
    await expect(start()).rejects.toThrow(`The database in ${dataDir} was made by another version of PostgreSQL`)
  })

  test('settings that it refuses, in its own words', async () => {
    const { dataDir, stop } = await start()
    await stop()
    writeFileSync(join(dataDir, 'postgresql.conf'), 'no_such_setting = 1\n')
    await expect(start()).rejects.toThrow(/configuration file .* contains errors/)
  })
})
