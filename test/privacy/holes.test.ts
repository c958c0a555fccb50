/** Holes that others had, each closed here: who may ask, whom a revoked key lets in, what stored text may do. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEmailChannel } from '../../src/channels/email/email-channel.ts'
import { createApiKey, revokeApiKey } from '../../src/store/api-keys.ts'
import { customerId, live } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { startMailServer } from '../workflows/support/mail-server.ts'

let server: TestServer
let routes: { readonly method: string; readonly url: string }[]
beforeAll(async () => {
  server = await startTestServer()
  routes = server.routes.filter(({ url }) => url.startsWith('/api/'))
})
afterAll(() => server.close())

const ask = (method: string, url: string, token?: string): Promise<Response> =>
  fetch(server.url + url.replaceAll(/:\w+/g, randomUUID()), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
    },
    ...(method === 'GET' ? {} : { body: '{}' }),
  })

describe('the admin API', () => {
  test('refuses every one of its routes to whoever has no key, a write key, or a key of somebody’s own making', async () => {
    expect(routes.length).toBeGreaterThan(8)
    const { id, key } = await createApiKey(server.database, { kind: 'admin', name: 'gone' })
    await revokeApiKey(server.database, id)
    for (const { method, url } of routes) {
      for (const token of [undefined, server.writeKey, 'pat_made-up', key]) {
        expect([method, url, (await ask(method, url, token)).status]).toEqual([method, url, 401])
      }
    }
  })

  test('lets marketers and analysts look, and nothing else', async () => {
    // These count and compute, and change nothing.
    const looks = new Set(['/api/segments/preview', '/api/planner'])
    const open = routes.filter(
      ({ method, url }) => (method !== 'GET' && !looks.has(url)) || /export|erasures/.test(url),
    )
    expect(open.map(({ url }) => url)).toContain('/api/customers/:id/erase')
    for (const kind of ['marketer', 'analyst'] as const) {
      const { key } = await createApiKey(server.database, { kind, name: kind })
      expect((await ask('GET', '/api/status', key)).status).toBe(200)
      for (const { method, url } of open) {
        expect([url, (await ask(method, url, key)).status]).toEqual([url, 403])
      }
    }
  })

  test('opens personal data for an admin who asks, and writes that down; others see masks, or nothing', async () => {
    await live(server, [
      { type: 'identify', userId: 'ida', traits: { email: 'ida.secret@example.org', phone: '+442079460958' } },
    ])
    const id = await customerId(server, 'ida')
    const seen = async (token: string, query = ''): Promise<string> =>
      (await ask('GET', `/api/customers/${id}${query}`, token)).text()
    const { key: marketer } = await createApiKey(server.database, { kind: 'marketer', name: 'm' })
    const { key: analyst } = await createApiKey(server.database, { kind: 'analyst', name: 'a' })
    for (const token of [server.adminToken, marketer]) expect(await seen(token)).toContain('i•••@example.org')
    expect(await seen(marketer, '?personal=open')).not.toContain('secret')
    expect(await seen(analyst)).not.toMatch(/example\.org|958/)
    expect(await seen(server.adminToken, '?personal=open')).toContain('ida.secret@example.org')
    const { rowCount } = await server.database.pool.query(`SELECT FROM audit_entries WHERE action = 'open'`)
    expect(rowCount).toBe(1)
  })
})

test('a session of the console ends with the key that it was opened with, on every page', async () => {
  const { id, key } = await createApiKey(server.database, { kind: 'admin', name: 'guest' })
  const login = await fetch(`${server.url}/login`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ token: key }),
  })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  await live(server, [{ type: 'identify', userId: 'kim', traits: { email: 'kim.secret@example.org' } }])
  const page = `/customers/${await customerId(server, 'kim')}`
  const get = (path: string, method = 'GET'): Promise<Response> =>
    fetch(server.url + path, { method, redirect: 'manual', headers: { cookie } })
  expect(await (await get(page)).text()).not.toContain('kim.secret')
  expect(await (await get(page, 'POST')).text()).toContain('kim.secret@example.org')
  await revokeApiKey(server.database, id)
  for (const [path, method] of [
    ['/', 'GET'],
    [page, 'GET'],
    [page, 'POST'],
  ] as const) {
    const response = await get(path, method)
    expect([path, response.status, response.headers.get('location')]).toEqual([path, 303, '/login'])
  }
})

test('a line break in what names a message begins no header', async () => {
  const mail = await startMailServer()
  const channel = createEmailChannel({ smtpUrl: mail.url, from: 'Shop <shop@shop.example>' })
  await channel.send({
    id: '1>\r\nX-Evil: id',
    to: 'ann@example.org',
    subject: 'Hello\r\nX-Evil: subject',
    text: 'Hello',
    html: null,
    unsubscribeUrl: 'https://shop.example/u/1>\r\nX-Evil: url, <mailto:evil@example.org',
  })
  channel.close()
  await mail.close()
  const [received] = mail.inbox
  expect(received?.headers.has('x-evil')).toBe(false)
  expect([...(received?.headers.keys() ?? [])].some((name) => name.includes('evil'))).toBe(false)
  expect(() => createEmailChannel({ smtpUrl: mail.url, from: 'A\r\nBcc: b@c.example <a@b.example>' })).toThrow(
    /MAIL_FROM/,
  )
})
