import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import nodemailer from 'nodemailer'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Launched } from './support/launched.ts'
import {
  command,
  end,
  launch,
  newHome,
  nothingLeft,
  processesOf,
  removeHome,
  showsProcesses,
} from './support/launched.ts'

// Each of these brings up whole installations, some of them twice.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

async function query<Row extends pg.QueryResultRow>(databaseUrl: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

function track(url: string, writeKey: string, messageId: string): Promise<Response> {
  return fetch(`${url}/v1/track`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`,
    },
    body: JSON.stringify({ userId: 'ada', event: 'Product Viewed', messageId, properties: { product_id: 'sku-1' } }),
  })
}

describe('an installation that runs', () => {
  let home: string
  let running: Launched

  beforeAll(async () => {
    home = newHome()
    running = await launch(home)
  })

  afterAll(async () => {
    await end(running, 'SIGTERM')
    removeHome(home)
  })

  test('says where everything is, in one line, and everything is there', async () => {
    const { ready, stdout } = running
    expect(stdout).toHaveLength(1)
    expect(ready.writeKey).toMatch(/^pwk_/)
    expect(ready.adminToken).toMatch(/^pat_/)
    const [temporal, mail, sms] = await Promise.all(
      [ready.temporalUi, ready.mailUi, ready.smsUi].map((url) => fetch(url)),
    )
    expect([temporal?.status, mail?.status, sms?.status]).toEqual([200, 200, 200])
    const transport = nodemailer.createTransport(ready.smtp)
    await expect(transport.verify()).resolves.toBe(true)
    transport.close()
    expect(await query(ready.databaseUrl, 'SELECT 1 FROM _prisma_migrations LIMIT 1')).toHaveLength(1)
    expect((await track(ready.url, ready.writeKey ?? '', 'from-the-test')).status).toBe(200)
  })

  test('refuses a second start in the same home, in one sentence, and goes on', async () => {
    const second = await command(['start', '--home', home, '--port', '0', '--ready-json'])
    expect(second).toMatchObject({ code: 1, stdout: '' })
    expect(second.stderr).toContain(`perennial: Perennial already runs in ${home} at ${running.ready.url}`)
    expect(second.stderr.trim().split('\n')).toHaveLength(1)
    expect((await fetch(running.ready.mailUi)).status).toBe(200)
  })

  test('stands beside another one in another home', async () => {
    const otherHome = newHome()
    const other = await launch(otherHome)
    const addresses = (ready: Launched['ready']): string[] => [
      ready.url,
      ready.temporalAddress,
      ready.temporalUi,
      ready.mailUi,
      ready.smsUi,
      ready.smtp,
    ]
    const all = [...addresses(running.ready), ...addresses(other.ready)]
    expect(new Set(all).size).toBe(all.length)
    // The key of one opens nothing at the other.
    expect((await track(other.ready.url, running.ready.writeKey ?? '', 'not-here')).status).toBe(401)
    await end(other, 'SIGTERM')
    removeHome(otherHome)
    expect((await track(running.ready.url, running.ready.writeKey ?? '', 'still-here')).status).toBe(200)
  })

  test('lends its neighbours to a second machine that runs the API only', async () => {
    const { databaseUrl, temporalAddress, smtp, writeKey } = running.ready
    const neighbours = { DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: temporalAddress, SMTP_URL: smtp }
    const masterKey = readFileSync(join(home, 'master.key'), 'utf8').trim()
    const otherHome = newHome()
    const other = await launch(otherHome, ['--port', '0', '--only', 'api'], {
      ...neighbours,
      PERENNIAL_MASTER_KEY: masterKey,
    })
    expect((await track(other.ready.url, writeKey ?? '', 'by-the-other-machine')).status).toBe(200)
    const handled = (): Promise<object[]> =>
      query(databaseUrl, `SELECT 1 FROM events WHERE message_id = 'by-the-other-machine' AND handled_at IS NOT NULL`)
    await expect.poll(handled, { timeout: 60_000 }).toHaveLength(1)
    expect(await end(other, 'SIGTERM')).toBe(0)

    const start = ['start', '--home', otherHome, '--port', '0', '--only']
    const stranger = await command([...start, 'api'], { ...neighbours, PERENNIAL_MASTER_KEY: 'ab'.repeat(32) })
    expect(stranger).toMatchObject({ code: 2, stderr: expect.stringContaining('is not the key') as string })
    const lost = await command([...start, 'intake'], { ...neighbours, PERENNIAL_MASTER_KEY: masterKey })
    expect(lost).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('PERENNIAL_PUBLIC_URL must be set') as string,
    })
    expect((await command([...start, 'api,cron'])).stderr).toContain('must name api, intake, lifecycle, not "cron"')
    removeHome(otherHome)
  })

  test('gives keys to the command line and takes them back', async () => {
    const made = await command(['keys', 'create', '--kind', 'write', '--name', 'shop', '--home', home, '--json'])
    const { id, key } = JSON.parse(made.stdout) as { id: string; key: string }
    expect((await track(running.ready.url, key, 'with-new-key')).status).toBe(200)

    const listed = await command(['keys', 'list', '--home', home, '--json'])
    expect(listed.stdout).not.toContain(key)
    expect((JSON.parse(listed.stdout) as { keys: object[] }).keys).toContainEqual(
      expect.objectContaining({ id, kind: 'write', name: 'shop', revokedAt: null }),
    )
    expect((await command(['keys', 'revoke', id, '--home', home])).code).toBe(0)
    expect((await command(['keys', 'revoke', id, '--home', home])).code).toBe(2)
    await expect
      .poll(async () => (await track(running.ready.url, key, 'too-late')).status, { timeout: 60_000 })
      .toBe(401)
  })

  test('is well by the examination of the doctor', async () => {
    const { code, stdout } = await command(['doctor', '--home', home, '--json'])
    const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: { name: string; status: string }[] }
    expect(findings.filter(({ status }) => status === 'failure')).toEqual([])
    expect({ ok, code }).toEqual({ ok: true, code: 0 })
    const wellNames = findings.filter(({ status }) => status === 'ok').map(({ name }) => name)
    expect(wellNames).toEqual(
      expect.arrayContaining(['PostgreSQL', 'migrations', 'personal data', 'Temporal', 'processes']),
    )
  })

  test('tells its status to the command line of this machine, and to nobody with another token', async () => {
    const accepted = async (): Promise<number> => {
      const { stdout } = await command(['status', '--home', home, '--json'])
      return (JSON.parse(stdout) as { events: { accepted: number } }).events.accepted
    }
    const before = await accepted()
    await track(running.ready.url, running.ready.writeKey ?? '', 'one-more')
    await track(running.ready.url, running.ready.writeKey ?? '', 'one-more')
    expect(await accepted()).toBe(before + 1)
    const other = await command(['status', '--home', home, '--token', 'pat_made-up'])
    expect(other).toMatchObject({ code: 2, stderr: `perennial: ${running.ready.url} does not know this admin token\n` })
  })
})

describe('the end of an installation', () => {
  let home: string
  let launched: Launched | undefined

  afterEach(async () => {
    if (launched) await end(launched, 'SIGKILL')
    await nothingLeft(home)
    removeHome(home)
  })

  test.runIf(showsProcesses)('by Ctrl-C leaves no process, and the next start finds the same data', async () => {
    home = newHome()
    launched = await launch(home)
    const { writeKey = '' } = launched.ready
    expect((await track(launched.ready.url, writeKey, 'before')).status).toBe(200)
    const pids = processesOf(home).map(({ pid }) => pid)
    expect(pids.length).toBeGreaterThanOrEqual(6) // Launcher, supervisor, PostgreSQL, Temporal, and the product's own.

    expect(await end(launched, 'SIGINT')).toBe(0)
    expect(processesOf(home, pids)).toEqual([])

    launched = await launch(home)
    expect(launched.ready.writeKey).toBeUndefined()
    expect((await track(launched.ready.url, writeKey, 'after')).status).toBe(200)
    const rows = await query<{ message_id: string }>(
      launched.ready.databaseUrl,
      'SELECT message_id FROM events ORDER BY received_at',
    )
    expect(rows.map((row) => row.message_id)).toEqual(['before', 'after'])
    await end(launched, 'SIGTERM')
  })

  test.runIf(showsProcesses)(
    'by kill -9 of everything that was started here stops what was started below',
    async () => {
      home = newHome()
      launched = await launch(home)
      const { writeKey = '', url } = launched.ready
      expect((await track(url, writeKey, 'before')).status).toBe(200)
      const family = processesOf(home).filter(({ args }) => args.includes('start --home'))
      expect(family).toHaveLength(2) // The launcher and the supervisor.
      for (const { pid } of family) process.kill(pid, 'SIGKILL')

      // Straight away, while the old ones are still ending.
      launched = await launch(home)
      const rows = await query<{ message_id: string }>(launched.ready.databaseUrl, 'SELECT message_id FROM events')
      expect(rows.map((row) => row.message_id)).toEqual(['before'])
      // A server's child looks like its parent for a moment.
      const servers = (): number =>
        processesOf(home).filter(({ args }) => /postgres -D|server start-dev/.test(args)).length
      await expect.poll(servers, { timeout: 30_000 }).toBe(2)
      await end(launched, 'SIGTERM')
    },
  )

  test.runIf(showsProcesses)('by kill -9 of the launcher alone stops everything', async () => {
    home = newHome()
    launched = await launch(home)
    await end(launched, 'SIGKILL')
    await nothingLeft(home)
    expect(processesOf(home)).toEqual([])
  })
})

test('a taken port is said in one sentence, and nothing is left running', async () => {
  const home = newHome()
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const { port } = holder.address() as AddressInfo
  const { code, stderr } = await command(['start', '--home', home, '--port', String(port)])
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `perennial: Port ${port} is taken: choose another with --port, or --port 0 for any\n`,
  })
  await nothingLeft(home)
  holder.close()
  removeHome(home)
})

test.each([
  ['a port that is none', ['start', '--port', '70000'], {}, /^perennial: --port: "70000"/],
  [
    'a database that cannot be reached',
    ['start'],
    { DATABASE_URL: 'postgresql://me:secret@127.0.0.1:1/x' },
    /^perennial: DATABASE_URL: PostgreSQL at 127\.0\.0\.1:1 cannot be used/,
  ],
  [
    'a Temporal that cannot be reached',
    ['start'],
    { TEMPORAL_ADDRESS: '127.0.0.1:1' },
    /perennial: TEMPORAL_ADDRESS: Temporal at 127\.0\.0\.1:1 cannot be used/,
  ],
  [
    'half of a clock',
    ['start'],
    { CLOCK_SPEED: '60' },
    /^perennial: CLOCK_SPEED: 60 needs CLOCK_START and CLOCK_ANCHOR/,
  ],
  ['keys where nothing runs', ['keys', 'list'], {}, /^perennial: Nothing runs in/],
  ['a status where nothing runs', ['status'], {}, /^perennial: Nothing runs in/],
])('%s is said in one sentence', async (_, args, env, sentence) => {
  const home = newHome()
  const { code, stderr } = await command([...args, ...(args[1] === '--port' ? [] : ['--home', home])], env)
  expect(code).not.toBe(0)
  const said = stderr.split('\n').filter((line) => line.startsWith('perennial:'))
  expect(said).toHaveLength(1)
  expect(said[0]).toMatch(sentence)
  expect(stderr).not.toContain('secret')
  await nothingLeft(home)
  removeHome(home)
})
