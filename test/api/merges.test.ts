/** Merging and undoing it over HTTP and by the command line. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { customerId, live } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

let server: TestServer
let ann: string
let anna: string
beforeAll(async () => {
  server = await startTestServer()
  await live(server, [
    { type: 'identify', userId: 'ann', traits: { email: 'ann.secret@example.org', plan: 'pro' } },
    { type: 'identify', userId: 'anna', traits: { email: 'anna.secret@example.org' } },
    { type: 'track', event: 'Order Completed', userId: 'anna', properties: { order_id: 'o1', revenue: 5 } },
  ])
  ;[ann, anna] = [await customerId(server, 'ann'), await customerId(server, 'anna')]
})
afterAll(() => server.close())

async function post(
  path: string,
  body: unknown,
  token = server.adminToken,
): Promise<{ status: number; body: unknown }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const response = await fetch(`${server.url}/api${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, body: await response.json() }
}

function run(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const target = ['--url', server.url, '--token', server.adminToken]
  return new Promise((resolve) => {
    execFile(process.execPath, [main, 'customer', ...args, ...target], { timeout: 100_000 }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
  })
}

test.each<[what: string, path: () => string, body: () => unknown, status: number, words: RegExp]>([
  ['no id', () => '/customers/ann/merge', () => ({ into: 'x' }), 400, /id: must be/],
  ['nobody to merge into', () => `/customers/${ann}/merge`, () => ({}), 400, /into: must be/],
  ['a field that nobody knows', () => `/customers/${ann}/merge`, () => ({ intoo: anna }), 400, /intoo: is not known/],
  [
    'a dry run that is neither',
    () => `/customers/${ann}/merge`,
    () => ({ into: anna, dryRun: 'yes' }),
    400,
    /dryRun: must be/,
  ],
  ['a list', () => `/customers/${ann}/merge`, () => [], 400, /must be a JSON object/],
  ['oneself', () => `/customers/${ann}/merge`, () => ({ into: ann }), 409, /into themselves/],
  ['nothing to undo', () => `/customers/${ann}/unmerge`, () => ({}), 409, /nobody else/],
])('is refused: %s', async (_what, path, body, status, words) => {
  const answer = await post(path(), body())
  expect(answer.status).toBe(status)
  expect(JSON.stringify(answer.body)).toMatch(words)
})

test('only who may change everything may merge', async () => {
  expect((await post(`/customers/${anna}/merge`, { into: ann }, server.writeKey)).status).toBe(401)
})

test('the command line shows, tries, merges, and brings back', { timeout: 120_000 }, async () => {
  expect((await run('merge', 'anna', 'ann')).stderr).toContain('Nothing was merged: --dry-run')
  const dry = JSON.parse((await run('merge', 'anna', 'ann', '--dry-run', '--json')).stdout) as object
  expect(dry).toMatchObject({ outcome: 'merged', customerId: anna, into: ann, dryRun: true, moved: { orders: 1 } })
  expect(await customerId(server, 'anna')).toBe(anna)

  expect((await run('merge', 'anna', ann, '--yes')).stdout).toContain(`${anna} is part of ${ann} now`)
  // The id that came with whoever is part of somebody else now leads to that one.
  expect((await run('show', '--external-id', 'anna', '--json')).stdout).toContain(`"id":"${ann}"`)
  const shown = await run('show', '--external-id', 'ann')
  expect(shown.stdout).toMatch(/orders +1\n/)
  expect(shown.stdout).toContain(anna)
  expect(shown.stdout).not.toContain('secret')
  expect((await run('unmerge', anna, '--yes')).stdout).toContain(`${anna} is back`)
  expect(await customerId(server, 'anna')).toBe(anna)
  expect((await run('show', '--external-id', 'nobody')).stderr).toContain('No customer has the id "nobody"')
})
