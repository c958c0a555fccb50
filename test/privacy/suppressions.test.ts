/** The suppression list by command, file and HTTP; and numbers that say nothing about anybody. */

import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { customerId, live } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'perennial-test-'))
let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], {
      env: { ...process.env, DATABASE_URL: server.databaseUrl },
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('exit', (status) => resolve({ status, stdout, stderr }))
  })
}

const suppressions = (...args: string[]): Promise<Ended> =>
  run(['suppressions', ...args, '--url', server.url, '--token', server.adminToken])

async function reasonOf(channel: string, address: string): Promise<string | undefined> {
  const hash = server.vault.lookupHash(channel === 'email' ? 'email' : 'phone', address)
  const { rows } = await server.database.pool.query<{ reason: string }>(
    'SELECT reason FROM suppressions WHERE channel = $1 AND address_hash = $2',
    [channel, hash],
  )
  return rows[0]?.reason
}

describe('the suppression list', () => {
  test('takes a file: addresses as hashes, what is no address by its line and never by its text', async () => {
    const file = join(folder, 'list.csv')
    writeFileSync(
      file,
      '\uFEFFEmail,Reason\nAnn@Example.org,complaint\nnot-an-address,\nbob@example.org,\nann@example.org,\n',
    )
    const { status, stdout } = await suppressions('import', file, '--json')
    expect(status).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ lines: 4, added: 2, known: 1, rejected: [{ line: 3 }] })
    expect(stdout).not.toContain('not-an-address')
    expect(await reasonOf('email', 'bob@example.org')).toBe('manual')
    expect(['complaint', 'manual']).toContain(await reasonOf('email', 'ann@example.org'))
    const { rows } = await server.database.pool.query<{ all: string }>(
      `SELECT string_agg(s::text, '') AS all FROM suppressions s`,
    )
    expect(rows[0]?.all).not.toContain('example.org')
    expect((await suppressions('import', file, '--json')).stdout).toContain('"added":0')
    expect((await suppressions('import', join(folder, 'none.csv'))).status).toBe(2)
  })

  test('adds, lists and removes; what the owner said stays until the owner takes it back', async () => {
    expect((await suppressions('add', '+44 20 7946 0958', '--reason', 'stop')).stdout).toContain('1 added')
    expect((await suppressions('add', 'nobody')).status).toBe(2)
    expect((await suppressions('list', '--reason', 'stop')).stdout).toMatch(/sms\s+stop\s+[0-9a-f]{12}/)
    const refused = await suppressions('remove', '+442079460958')
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('only they can take that back')])
    expect((await suppressions('remove', 'bob@example.org')).status).toBe(0)
    expect(await reasonOf('email', 'bob@example.org')).toBeUndefined()
    expect((await suppressions('remove', 'bob@example.org')).stderr).toContain('not on the list')
  })

  test('tells the segments and the workflow of whoever has the address', async () => {
    await live(server, [{ type: 'identify', userId: 'zoe', traits: { email: 'zoe@example.org' } }])
    const id = await customerId(server, 'zoe')
    await server.database.pool.query('DELETE FROM dirty_customers')
    await suppressions('add', 'zoe@example.org')
    const { rowCount } = await server.database.pool.query('SELECT FROM dirty_customers WHERE customer_id = $1', [id])
    expect(rowCount).toBe(1)
  })
})

describe('numbers that say nothing about anybody', () => {
  const privacy = (...args: string[]): Promise<Ended> => run(['privacy', ...args])

  test('a budget pays for answers until it is spent, also across processes and at once', async () => {
    expect((await privacy('budget', '--create', 'press', '--epsilon', '1')).status).toBe(0)
    expect((await privacy('budget', '--create', 'press', '--epsilon', '9')).status).toBe(2)
    const asked = await Promise.all(
      [1, 2, 3].map(() => privacy('count', '--budget', 'press', '--epsilon', '0.5', '--json')),
    )
    expect(asked.map(({ status }) => status).sort((a, b) => Number(a) - Number(b))).toEqual([0, 0, 2])
    expect(asked.find(({ status }) => status === 2)?.stderr).toContain('privacy budget')
    const { stdout } = await privacy('budget', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ budgets: [{ name: 'press', epsilon: 1, spent: 1 }] })
    expect((await privacy('count', '--budget', 'none')).status).toBe(2)
  })

  test('an anonymised file names nobody, and nobody stands alone in it', async () => {
    await live(
      server,
      Array.from({ length: 23 }, (_, i) => ({
        type: 'identify',
        userId: `anon-${i}`,
        traits: { email: `anon-${i}@example.org`, firstName: `Name${i}`, country: ['GB', 'DE', 'FR'][i % 3] },
      })),
    )
    const out = join(folder, 'anonymous.csv')
    const { status, stdout } = await privacy('anonymised', '--k', '5', '--out', out, '--json')
    expect(status).toBe(0)
    const { smallestGroup } = JSON.parse(stdout) as { smallestGroup: number }
    expect(smallestGroup).toBeGreaterThanOrEqual(5)
    const [head, ...lines] = readFileSync(out, 'utf8').trim().split('\n')
    expect(head).toBe('country,first_seen,orders,revenue,stage')
    expect(lines.join()).not.toMatch(/anon|Name|@/)
    const groups = Map.groupBy(lines, (line) => line.slice(0, line.lastIndexOf(',')))
    for (const group of groups.values()) expect(group.length).toBeGreaterThanOrEqual(5)
    expect((await privacy('anonymised', '--k', '1', '--out', join(folder, 'no.csv'))).status).toBe(2)
    expect((await privacy('anonymised', '--k', '9999', '--out', join(folder, 'no.csv'))).status).toBe(2)
    expect((await privacy('anonymised', '--out', out)).status).not.toBe(0) // Writes over nothing.
  })
})
