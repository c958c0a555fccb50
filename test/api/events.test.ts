/** Events as they came in: over the admin API, and in the console. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApiKey } from '../../src/store/api-keys.ts'
import { listEvents } from '../../src/store/event-list.ts'
import { signIn } from '../console/support/sign-in.ts'
import { live } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

interface Page {
  readonly events: readonly { readonly id: number; readonly name: string | null; readonly problem: string | null }[]
  readonly cursor: string | null
}

async function call(path: string, token = server.adminToken): Promise<{ status: number; json: Page }> {
  const response = await fetch(`${server.url}/api${path}`, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, json: (await response.json()) as Page }
}

async function pageAt(path: string): Promise<string> {
  const cookie = await signIn(server, server.adminToken)
  return (await fetch(server.url + path, { headers: { cookie } })).text()
}

test('nothing has come in: the console says how to send the first one', async () => {
  expect((await call('/events')).json).toEqual({ events: [], cursor: null })
  const page = await pageAt('/events')
  expect(page).toContain(`${server.url}/v1/track`)
})

test('newest first, page by page, by name and by what is wrong with them; nothing personal, and no markup', async () => {
  const evil = '<script>alert(1)</script>'
  await live(server, [
    { type: 'identify', userId: 'eve', traits: { email: 'eve.secret@example.org', plan: evil } },
    ...Array.from({ length: 5 }, (_, i) => ({ type: 'track', userId: 'eve', event: 'Seen', properties: { i } })),
    { type: 'track', userId: 'eve', event: evil, properties: { note: evil } },
    { type: 'track', userId: 'eve', event: 'Order Completed', properties: { revenue: 'much' } },
  ])
  const first = await call('/events?limit=3&name=Seen')
  expect(first.json.events.map(({ name }) => name)).toEqual(['Seen', 'Seen', 'Seen'])
  const second = await call(`/events?limit=3&name=Seen&cursor=${first.json.cursor}`)
  expect(second.json).toMatchObject({ events: [{ name: 'Seen' }, { name: 'Seen' }], cursor: null })
  const ids = [...first.json.events, ...second.json.events].map(({ id }) => id)
  expect(ids).toEqual(ids.toSorted((a, b) => b - a))
  const problems = await call('/events?state=problem')
  expect(problems.json.events).toMatchObject([{ name: 'Order Completed', problem: expect.any(String) }])
  expect((await call('/events?name=identify')).json.events).toHaveLength(1)
  expect((await call('/events/names')).json).toMatchObject({
    names: expect.arrayContaining([expect.objectContaining({ name: 'Seen', count: 5, problems: 0 })]),
  })
  for (const path of [
    '/events',
    '/events?live=1',
    '/events?state=problem',
    `/events?name=${encodeURIComponent(evil)}`,
  ]) {
    const page = await pageAt(path)
    expect(page).not.toContain('<script')
    expect(page).not.toContain('eve.secret')
  }
  expect(await pageAt('/events?name=Seen')).toContain('i: 4')
  expect(await pageAt('/events?state=waiting')).toContain('None waits')
})

test('what is asked for wrongly is told; whoever may only send sees nothing', async () => {
  for (const [path, field] of [
    ['/events?state=odd', 'state'],
    ['/events?cursor=x', 'cursor'],
    ['/events?limit=0', 'limit'],
  ] as const)
    expect(await call(path)).toMatchObject({ status: 400, json: { error: { field } } })
  expect((await call('/events', server.writeKey)).status).toBe(401)
  const analyst = await createApiKey(server.database, { kind: 'analyst', name: 'analyst' })
  expect((await call('/events', analyst.key)).status).toBe(200)
})

test('of many events a page of a rare name costs a look at the newest ones, and says where to look further', async () => {
  await server.database.pool.query(
    `INSERT INTO events (message_id, type, name, user_id, occurred_at, received_at, properties, handled_at)
     SELECT 'many-' || i, 'track', CASE WHEN i = 1 THEN 'Rare' ELSE 'Usual' END, 'ann', $1, $1, '{}', $1
       FROM generate_series(1, 20500) i`,
    [new Date(server.time.nowMs)],
  )
  const { pool } = server.database
  const first = await listEvents(pool, { name: 'Rare', limit: 10 })
  expect(first.events).toEqual([])
  const second = await listEvents(pool, { name: 'Rare', limit: 10, before: first.next ?? 0 })
  expect(second.events.map(({ messageId }) => messageId)).toEqual(['many-1'])
  expect(second.next).toBeNull()
})
