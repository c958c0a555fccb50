/** Segments over HTTP and in the console: what is told, to whom, and what is refused. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildSegments } from '../../src/store/segments/build-segments.ts'
import { noteSizes } from '../../src/store/segments/segment-upkeep.ts'
import { customerId, live } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await live(server, [
    ...Array.from({ length: 3 }, (_, i) => ({ type: 'identify', userId: `u${i}`, traits: { city: 'Rome' } })),
    { type: 'identify', userId: 'ann', traits: { city: 'Oslo' } },
  ])
  await server.database.pool.query(
    `INSERT INTO campaigns (kind, key, version, name, status, document, published_at)
     VALUES ('segment', 'romans', 'v1', 'Romans <1>', 'live', $1, now())`,
    [JSON.stringify({ name: 'Romans <1>', if: { all: [{ 'trait.city': 'Rome' }] } })],
  )
  const nowMs = (): number => server.time.nowMs
  const none = { segments: new Set<string>(), traits: new Set<string>() }
  await buildSegments({ database: server.database, nowMs, interests: async () => none })
  await noteSizes(server.database.pool, server.time.nowMs)
  await noteSizes(server.database.pool, server.time.nowMs + 3_600_000)
})
afterAll(() => server.close())

async function ask(path: string, body?: unknown): Promise<{ status: number; json: Record<string, unknown> }> {
  const response = await fetch(`${server.url}/api/${path}`, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { authorization: `Bearer ${server.adminToken}`, 'content-type': 'application/json' },
  })
  return { status: response.status, json: (await response.json()) as Record<string, unknown> }
}

test('segments are listed with their sizes, shown with their history, and read page by page', async () => {
  expect((await ask('segments')).json['segments']).toMatchObject([{ key: 'romans', status: 'live', size: 3 }])
  const shown = (await ask('segments/romans')).json
  expect(shown).toMatchObject({ name: 'Romans <1>', history: [{ size: 3 }, { size: 3 }] })
  expect(shown['sample']).toHaveLength(3)
  const first = (await ask('segments/romans/members?limit=2')).json as { members: unknown[]; cursor: string }
  const rest = (await ask(`segments/romans/members?limit=2&cursor=${first.cursor}`)).json
  expect([first.members.length, (rest['members'] as unknown[]).length, rest['cursor']]).toEqual([2, 1, null])
  expect((await ask('segments/nobody')).status).toBe(404)
  expect((await ask('segments/romans/members?cursor=x')).status).toBe(400)
})

test('a customer tells the segments that hold them', async () => {
  const id = await customerId(server, 'u1')
  expect((await ask(`customers/${id}`)).json['segments']).toMatchObject([{ key: 'romans' }])
  expect((await ask(`customers/${await customerId(server, 'ann')}`)).json['segments']).toEqual([])
})

test('a document that is not saved is counted, with a sample; nothing is written', async () => {
  const answer = await ask('segments/preview', { name: 'North', if: { 'trait.city': 'Oslo' } })
  expect(answer).toMatchObject({ status: 200, json: { count: 1, sample: [await customerId(server, 'ann')] } })
  expect((await ask('segments')).json['segments']).toHaveLength(1)
  const bad = await ask('segments/preview', { name: 'North', if: { 'orders.count': { at_least: 'two' } } })
  expect(bad).toMatchObject({ status: 400, json: { error: { field: 'if.orders.count.at_least' } } })
})

test('nobody reads segments without a token', async () => {
  for (const path of ['segments', 'segments/romans', 'segments/romans/members']) {
    expect((await fetch(`${server.url}/api/${path}`)).status).toBe(401)
  }
  expect((await fetch(`${server.url}/segments`, { redirect: 'manual' })).status).toBe(303)
})

test('the console shows them in words, and runs nothing that a name says', async () => {
  const login = await fetch(`${server.url}/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ token: server.adminToken }),
  })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  const page = async (path: string): Promise<string> => (await fetch(server.url + path, { headers: { cookie } })).text()
  expect(await page('/segments')).toContain('Romans &lt;1&gt;')
  const one = await page('/segments/romans')
  expect(one).toContain('trait city is Rome')
  expect(one).toContain('<polyline')
  expect(await page('/segments/nobody')).toContain('There is no segment')
  expect(await page(`/customers/${await customerId(server, 'u1')}`)).toContain('href="/segments/romans"')
})
