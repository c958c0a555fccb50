/** The console over HTTP: who gets in, and that nothing that anybody sent runs in it. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { escapeHtml, html } from '../../src/console/html.ts'
import { createApiKey, revokeApiKey } from '../../src/store/api-keys.ts'
import { consoleLoginUrl } from '../../src/store/links.ts'
import { customerId, live, plant } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

const login = (token: string): Promise<Response> =>
  fetch(`${server.url}/login`, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ token }) })
const cookieOf = (response: Response): string => response.headers.get('set-cookie')?.split(';')[0] ?? ''
const get = (path: string, cookie = ''): Promise<Response> =>
  fetch(server.url + path, { redirect: 'manual', headers: { cookie } })

describe('who gets in', () => {
  test('nobody without signing in', async () => {
    for (const cookie of ['', 'perennial_session=local.9999999999999.AAAAAAAAAAAAAAAAAAAAAA', 'perennial_session=']) {
      const response = await get('/', cookie)
      expect([response.status, response.headers.get('location')]).toEqual([303, '/login'])
      expect((await get('/customers/00000000-0000-4000-8000-000000000000', cookie)).status).toBe(303)
    }
    expect((await login('pat_wrong')).status).toBe(401)
    expect((await login(server.writeKey)).status).toBe(401)
  })

  test('whoever has an admin token, until it is revoked', async () => {
    const { id, key } = await createApiKey(server.database, { kind: 'admin', name: 'guest' })
    const response = await login(key)
    expect(response.status).toBe(303)
    expect(response.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict.*; Secure$/)
    const cookie = cookieOf(response)
    expect(cookie).not.toContain(key)
    expect((await get('/', cookie)).status).toBe(200)
    await revokeApiKey(server.database, id)
    expect((await get('/', cookie)).status).toBe(303)
  })

  test('a role may look at more than it may change', async () => {
    const cookies = new Map<string, string>()
    for (const kind of ['analyst', 'marketer'] as const)
      cookies.set(kind, cookieOf(await login((await createApiKey(server.database, { kind, name: kind })).key)))
    const send = async (who: string, path: string): Promise<number> => {
      const body = new URLSearchParams({
        step: 'edit',
        id: 'guests',
        document: 'name: Guests\nif: { orders.count: { at_most: 1 } }',
      })
      const headers = { cookie: cookies.get(who) ?? '' }
      return (await fetch(server.url + path, { method: 'POST', redirect: 'manual', headers, body })).status
    }
    expect((await get('/segments', cookies.get('analyst'))).status).toBe(200)
    expect([await send('analyst', '/segments/save'), await send('marketer', '/segments/save')]).toEqual([403, 200])
    expect(await send('analyst', '/segments/guests/archive')).toBe(403)
    for (const path of ['/journeys/welcome/pause', '/journeys/welcome/resume', '/journeys/welcome/versions/1'])
      expect([await send('analyst', path), await send('marketer', path), await send('nobody', path)]).toEqual([
        403, 403, 303,
      ])
    const { rows } = await server.database.pool.query(`SELECT 1 FROM campaigns WHERE key = 'guests'`)
    expect(rows).toEqual([])
  })

  test('whoever opens the link of the start command in time', async () => {
    const link = (validMs: number): string => {
      const { pathname, search } = new URL(consoleLoginUrl(server.vault, server.url, validMs))
      return pathname + search
    }
    const response = await get(link(60_000))
    expect(response.status).toBe(200)
    expect((await get('/', cookieOf(response))).status).toBe(200)
    expect((await get(link(-1))).status).toBe(401)
    expect((await get(`${link(60_000)}x`)).status).toBe(401)
  })
})

describe('what it shows', () => {
  test('an empty shop says what to do', async () => {
    const page = await (await get('/', cookieOf(await login(server.adminToken)))).text()
    expect(page).toContain('Nobody yet')
    expect(page).toContain('Nothing has been planned yet')
  })

  test('customers, their story, and nothing personal; what was sent to us is text, never markup', async () => {
    const evil = '<script>alert(1)</script>"\'&'
    await live(server, [
      { type: 'identify', userId: evil, traits: { email: 'ann.secret@example.org', plan: evil } },
      { type: 'track', userId: evil, event: evil },
      {
        type: 'track',
        userId: evil,
        event: 'Order Completed',
        properties: { order_id: 'o1', revenue: 30, currency: 'EUR', coupon: evil },
      },
    ])
    const id = await customerId(server, evil)
    await plant(server, { customerId: id, step: evil })
    const cookie = cookieOf(await login(server.adminToken))
    const front = await get('/?search=%3Cscript%3E', cookie)
    const pages = [await front.text(), await (await get(`/customers/${id}`, cookie)).text()]
    for (const page of pages) {
      expect(page).not.toContain('<script')
      expect(page).toContain('&lt;script&gt;')
      expect(page).not.toContain('ann.secret')
    }
    expect(pages[1]).toContain('€30.00')
    expect(pages[1]).toContain('a•••@example.org')
    expect(front.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
  })

  test('somebody who is not there', async () => {
    const cookie = cookieOf(await login(server.adminToken))
    expect((await get('/customers/00000000-0000-4000-8000-000000000000', cookie)).status).toBe(404)
    expect((await get('/customers/x', cookie)).status).toBe(404)
  })
})

describe('who got what', () => {
  test('messages by what became of them, of one journey, page by page; and customers by stage', async () => {
    await live(server, [{ type: 'identify', userId: 'mary', traits: { email: 'mary.s@example.org' } }])
    const id = await customerId(server, 'mary')
    await plant(server, { customerId: id, step: 'one', status: 'refused' })
    for (let i = 0; i < 51; i++) await plant(server, { customerId: id, step: `step-${i}`, channel: 'sms' })
    await server.database.pool.query(`UPDATE messages SET reason = 'quiet-hours' WHERE status = 'refused'`)
    const cookie = cookieOf(await login(server.adminToken))
    const read = async (path: string): Promise<string> => (await get(path, cookie)).text()
    const refused = await read('/messages?status=refused')
    expect(refused).toMatch(/welcome<\/a> › one[\s\S]*>mary<\/a>[\s\S]*it is night where they live/)
    expect(refused).not.toContain('step-1')
    const first = await read('/messages?journey=welcome&channel=sms')
    const older = /href="(\/messages\?[^"]*after=[^"]*)"/.exec(first)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const steps = (page: string): string[] => [...page.matchAll(/› (step-\d+)/g)].map(([, step = '']) => step)
    const all = [...steps(first), ...steps(await read(older))]
    expect([steps(first).length, new Set(all).size]).toEqual([50, 51])
    expect(await read('/messages?journey=other')).toContain('There are none of these')
    for (const odd of ['status=x', 'after=x', 'after=1.x', 'channel=fax'])
      expect((await get(`/messages?${odd}`, cookie)).status).toBe(200)
    expect((await get('/messages')).status).toBe(303)
    expect(await read('/?stage=acquire')).toMatch(/in acquire[\s\S]*>mary<\/a>/)
    expect(await read('/?stage=refer')).toMatch(/0 in refer/)
    expect(await read('/segments')).toMatch(/href="\/segments" aria-current="page"/)
  })
})

describe('counting a segment before it is saved', () => {
  const post = (document: string, cookie: string): Promise<Response> =>
    fetch(`${server.url}/segments/try`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie },
      body: new URLSearchParams({ document }),
    })

  test('says how many, shows some of them, and saves nothing', async () => {
    await live(server, [{ type: 'identify', userId: 'roman', traits: { city: 'Rome', email: 'roman.s@example.org' } }])
    const cookie = cookieOf(await login(server.adminToken))
    expect(await (await get('/segments/try', cookie)).text()).toContain('<textarea')
    const page = await (await post('name: Romans\nif: { trait.city: Rome }', cookie)).text()
    expect(page).toMatch(/<strong class="big">1<\/strong>/)
    expect(page).toContain('>roman</a>')
    expect(page).not.toContain('roman.s@')
    expect(await (await get('/segments', cookie)).text()).toContain('No segments yet')
  })

  test('says what is wrong with what was typed, and takes it for nothing but text', async () => {
    const cookie = cookieOf(await login(server.adminToken))
    for (const [document, rule] of [
      ['name: [', /line 1: .*YAML/],
      ['name: X\nif: { trait.email: a }', /is a personal trait/],
      ['name: X\nif: { "</textarea><script>": 1 }', /&lt;script&gt;/],
      ['', /must|is/],
    ] as const) {
      const response = await post(document, cookie)
      expect(response.status).toBe(400)
      const page = await response.text()
      expect(page).toMatch(rule)
      expect(page).not.toContain('<script')
    }
    expect((await post('name: X', '')).status).toBe(303)
  })
})

describe('html', () => {
  test('escapes what is put in, keeps what is HTML, joins lists, leaves out what is not there', () => {
    const inner = html`<b>${'<'}</b>`
    expect(html`<p title="${'"'}">${inner}${[1, 'a&b', inner]}${null}${undefined}${false}</p>`.text).toBe(
      '<p title="&quot;"><b>&lt;</b>1a&amp;b<b>&lt;</b></p>',
    )
    expect(escapeHtml(`<>&"'`)).toBe('&lt;&gt;&amp;&quot;&#39;')
  })
})
