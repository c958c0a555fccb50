/** Opens and clicks, as people, mail programs and scanners make them. Row "Tracking links" of the rules for messages. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { judgeHits } from '../../src/store/hit-verdicts.ts'
import { unsubscribeUrl } from '../../src/store/links.ts'
import { clickUrl, linkIdOf, pixelUrl, saveTargets, shortUrls, trapLink } from '../../src/store/tracked-links.ts'
import { consentsOf, customerId, live, plant } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'

const browser = { 'user-agent': 'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_1) AppleWebKit/605.1.15 Safari/605.1.15' }
const targets = ['https://shop.example/a', 'https://shop.example/b?x=1&y=2', 'https://elsewhere.example/c'] as const

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
  await saveTargets(server.database.pool, targets, server.time.nowMs)
})
afterAll(() => server.close())

let person = 0
async function somebody(channel = 'email'): Promise<{ readonly id: string; readonly messageId: string }> {
  const userId = `t${person++}`
  const traits = { email: `${userId}@example.org`, phone: `+44207946${1000 + person}`, consent: { email: true } }
  await live(server, [{ type: 'identify', userId, traits }])
  const id = await customerId(server, userId)
  const messageId = await plant(server, { customerId: id, channel })
  server.time.nowMs += 60_000
  return { id, messageId }
}

const link = (messageId: string, target: string = targets[0]): string =>
  clickUrl(server.vault, server.url, messageId, linkIdOf(target))

function visit(url: string, headers: Record<string, string> = browser, method = 'GET'): Promise<Response> {
  return fetch(url, { method, redirect: 'manual', headers })
}

interface Hit {
  readonly kind: string
  readonly people: number
  readonly machines: number
  readonly machine_sign: string | null
  readonly verdict: string | null
}

/** Judges what has come, as if it had waited long enough. */
async function hitsOf(messageId: string): Promise<Hit[]> {
  while (await judgeHits(server.database, server.time.nowMs, 0));
  const { rows } = await server.database.pool.query<Hit>(
    'SELECT kind, people, machines, machine_sign, verdict FROM message_hits WHERE message_id = $1 ORDER BY kind, link',
    [messageId],
  )
  return rows
}

async function eventsOf(messageId: string): Promise<readonly { name: string; properties: object; user_id: string }[]> {
  const { rows } = await server.database.pool.query<{ name: string; properties: object; user_id: string }>(
    `SELECT name, properties, user_id FROM events WHERE properties ->> 'message_id' = $1 ORDER BY id`,
    [messageId],
  )
  return rows
}

/** Moves what was seen into the past of the database's own clock, so that the next hit comes later. */
async function later(messageId: string, seconds: number): Promise<void> {
  await server.database.pool.query(
    `UPDATE message_hits SET seen_at = seen_at - make_interval(secs => $2) WHERE message_id = $1`,
    [messageId, seconds],
  )
}

describe('a person', () => {
  test('who follows a link gets where it leads, and journeys hear of it once', async () => {
    const { messageId } = await somebody()
    for (let times = 0; times < 3; times++) {
      const answer = await visit(link(messageId, targets[1]))
      expect(answer.status).toBe(302)
      expect(answer.headers.get('location')).toBe(targets[1])
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer')
      expect(answer.headers.get('set-cookie')).toBeNull()
    }
    expect(await hitsOf(messageId)).toMatchObject([{ kind: 'click', people: 3, machines: 0, verdict: 'person' }])
    await hitsOf(messageId)
    expect(await eventsOf(messageId)).toMatchObject([
      { name: 'Email Link Clicked', properties: { journey: 'welcome', step: 'hello', link: targets[1] } },
    ])
  })

  test('may be led to an address in any script', async () => {
    const wide = 'https://bücher.example/grün/привет?q=日本&a=%20#teil-2'
    await saveTargets(server.database.pool, [wide], server.time.nowMs)
    const { messageId } = await somebody()
    const answer = await visit(link(messageId, wide))
    expect(answer.status).toBe(302)
    expect(answer.headers.get('location')).toBe(new URL(wide).href)
  })

  test('may have a telephone whose maker is called like a machine', async () => {
    const { messageId } = await somebody()
    await visit(link(messageId), { 'user-agent': 'Mozilla/5.0 (Linux; Android 10; CUBOT X20 PRO) Chrome/120.0 Mobile' })
    expect(await hitsOf(messageId)).toMatchObject([{ kind: 'click', people: 1, verdict: 'person' }])
  })

  test('who opens it is seen by the picture', async () => {
    const { messageId } = await somebody()
    const answer = await visit(pixelUrl(server.vault, server.url, messageId))
    expect(answer.headers.get('content-type')).toBe('image/gif')
    await hitsOf(messageId)
    expect((await eventsOf(messageId)).map(({ name }) => name)).toEqual(['Email Opened'])
  })

  test('behind the picture proxy of a web mail counts: it fetches when the mail is opened', async () => {
    const { messageId } = await somebody()
    const proxy = 'Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)'
    await visit(pixelUrl(server.vault, server.url, messageId), { 'user-agent': proxy })
    expect(await hitsOf(messageId)).toMatchObject([{ kind: 'open', verdict: 'person' }])
  })

  test('who has no id of the shop is told of as well', async () => {
    const anonymousId = `anon-${person++}`
    await live(server, [{ type: 'identify', anonymousId, traits: { email: `${anonymousId}@example.org` } }])
    const { rows } = await server.database.pool.query<{ customer_id: string }>(
      `SELECT customer_id FROM identities WHERE kind = 'anonymous' AND value = $1`,
      [anonymousId],
    )
    const messageId = await plant(server, { customerId: rows[0]?.customer_id ?? '' })
    server.time.nowMs += 60_000
    await visit(link(messageId))
    await hitsOf(messageId)
    await live(server, [{ type: 'track', event: 'Something Else', anonymousId }])
    const { rows: told } = await server.database.pool.query(
      `SELECT customer_id FROM events WHERE message_id = $1 AND handled_at IS NOT NULL`,
      [`clicked:${messageId}:${linkIdOf(targets[0])}`],
    )
    expect(told).toEqual([{ customer_id: rows[0]?.customer_id }])
  })

  test('gets a short link in a text message', async () => {
    const { messageId } = await somebody('sms')
    const shorten = async () =>
      (await shortUrls(server.database.pool, server.vault, server.url, [{ messageId, targets: [targets[0]] }])).get(
        messageId,
      )!
    const short = await shorten()
    const again = await shorten()
    expect(again).toEqual(short)
    const url = short.get(targets[0]) ?? ''
    expect(new URL(url).pathname.length).toBeLessThan(16)
    expect((await visit(url)).headers.get('location')).toBe(targets[0])
    const forged = url.slice(0, -1) + (url.endsWith('A') ? 'B' : 'A')
    expect((await visit(forged)).status).toBe(404)
    await hitsOf(messageId)
    expect((await eventsOf(messageId)).map(({ name }) => name)).toEqual(['SMS Link Clicked'])
  })
})

describe('a machine', () => {
  test.each<[string, Record<string, string>, string, string]>([
    ['HEAD', browser, 'HEAD', 'head'],
    ['a browser that looks ahead', { ...browser, 'sec-purpose': 'prefetch;prerender' }, 'GET', 'prefetch'],
    ['a scanner that says so', { 'user-agent': 'Barracuda Sentinel (EE)' }, 'GET', 'agent'],
    ['a crawler', { 'user-agent': 'Mozilla/5.0 (compatible; bingbot/2.0)' }, 'GET', 'agent'],
    ['a library', { 'user-agent': 'python-requests/2.32' }, 'GET', 'agent'],
    ['no name at all', { 'user-agent': '' }, 'GET', 'no agent'],
  ])('%s: is led on, marked, and nobody is told', async (_name, headers, method, sign) => {
    const { messageId } = await somebody()
    expect((await visit(link(messageId), headers, method)).status).toBe(302)
    expect(await hitsOf(messageId)).toMatchObject([{ people: 0, machines: 1, machine_sign: sign, verdict: null }])
    expect(await eventsOf(messageId)).toEqual([])
  })

  test('that fetches every picture on arrival has opened nothing', async () => {
    const { messageId } = await somebody()
    await visit(pixelUrl(server.vault, server.url, messageId), { 'user-agent': 'Mozilla/5.0' })
    expect(await hitsOf(messageId)).toMatchObject([{ kind: 'open', people: 0, machine_sign: 'privacy proxy' }])
  })

  test('that looks like a browser and follows all links within seconds', async () => {
    const { messageId } = await somebody()
    await visit(pixelUrl(server.vault, server.url, messageId))
    for (const target of targets) await visit(link(messageId, target))
    // However slow this machine is: a scanner's hits come together.
    await server.database.pool.query('UPDATE message_hits SET seen_at = now() WHERE message_id = $1', [messageId])
    const hits = await hitsOf(messageId)
    expect(hits.map(({ verdict, machine_sign }) => [verdict, machine_sign])).toEqual(
      Array.from({ length: 4 }, () => ['machine', 'all links']),
    )
    expect(await eventsOf(messageId)).toEqual([])
  })

  test('that follows the link which no person sees', async () => {
    const { messageId } = await somebody()
    await visit(link(messageId))
    const trap = await visit(clickUrl(server.vault, server.url, messageId, trapLink))
    expect(trap.status).toBe(302)
    expect(await hitsOf(messageId)).toMatchObject([{ kind: 'click', verdict: 'machine', machine_sign: 'trap' }, {}])
    expect(await eventsOf(messageId)).toEqual([])
  })

  test('that comes before the message has arrived', async () => {
    const { id } = await somebody()
    const messageId = await plant(server, { customerId: id, status: 'transmitting', step: 'on-its-way' })
    await visit(link(messageId))
    expect(await hitsOf(messageId)).toMatchObject([{ verdict: 'machine', machine_sign: 'too soon' }])
  })

  test('does not hide the person who comes after it', async () => {
    const { messageId } = await somebody()
    await visit(clickUrl(server.vault, server.url, messageId, trapLink))
    await visit(link(messageId))
    await hitsOf(messageId)
    await later(messageId, 3_600)
    await visit(link(messageId))
    expect(await hitsOf(messageId)).toMatchObject([{ kind: 'click', people: 2, verdict: 'person' }, { kind: 'trap' }])
    expect(await eventsOf(messageId)).toHaveLength(1)
  })

  test('that comes again and again makes one row, and unsubscribes nobody', async () => {
    const { id, messageId } = await somebody()
    const unsubscribe = unsubscribeUrl(server.vault, server.url, messageId)
    for (let times = 0; times < 50; times++) {
      await Promise.all([
        visit(link(messageId), { 'user-agent': 'Slackbot' }),
        visit(unsubscribe),
        visit(unsubscribe, browser, 'HEAD'),
      ])
    }
    expect(await hitsOf(messageId)).toMatchObject([{ machines: 50 }])
    expect(await consentsOf(server, id)).toEqual(['email * granted (trait)'])
  })
})

describe('no open redirect', () => {
  test('only a link that we made leads anywhere, and only where it was meant to', async () => {
    const one = await somebody()
    const other = await somebody()
    const signature = link(one.messageId).slice(-22)
    const evil = 'https://evil.example/'
    for (const path of [
      `/l/${other.messageId}.${linkIdOf(targets[0])}.${signature}`,
      `/l/${one.messageId}.${linkIdOf(targets[1])}.${signature}`,
      `/l/${one.messageId}.${linkIdOf(evil)}.${signature}`,
      `/l/${encodeURIComponent(evil)}.${signature}`,
      `/l/${one.messageId}.${linkIdOf(targets[0])}.${'A'.repeat(22)}`,
      `/l/${one.messageId}`,
      `/l/${pixelUrl(server.vault, server.url, one.messageId).split('/o/')[1]}`,
      '/x/1aaaaaaaa',
      '/x/..%2f..',
      `/l//evil.example/`,
    ]) {
      const answer = await visit(server.url + path)
      expect([path, answer.status]).toEqual([path, 404])
      expect(answer.headers.get('location')).toBeNull()
    }
    const right = await visit(`${link(one.messageId)}?url=${encodeURIComponent(evil)}&next=//evil.example`)
    expect(right.headers.get('location')).toBe(targets[0])
    expect(await hitsOf(other.messageId)).toEqual([])
  })

  test('a link of a message that is gone still leads to the shop, and notes nothing', async () => {
    const { messageId } = await somebody()
    const url = link(messageId)
    await server.database.pool.query('DELETE FROM messages WHERE id = $1', [messageId])
    expect((await visit(url)).headers.get('location')).toBe(targets[0])
    expect(await hitsOf(messageId)).toEqual([])
  })

  test('no link holds anything of a person', async () => {
    const { messageId } = await somebody()
    const urls = [link(messageId), pixelUrl(server.vault, server.url, messageId)]
    for (const url of urls)
      expect(decodeURIComponent(new URL(url).pathname)).toMatch(/^\/[lo]\/[0-9a-f-]{36}(\.[\w-]{16})?\.[\w-]{22}$/)
  })
})

describe('whoever does not want to be measured', () => {
  test.each([
    ['says so to everything', { tracking: false }],
    ['says so to the topic', { tracking: { offers: false } }],
  ])('%s: is led on, and nothing is noted', async (_name, consent) => {
    const { messageId } = await somebody()
    const userId = `t${person - 1}`
    await live(server, [{ type: 'identify', userId, traits: { consent } }])
    expect((await visit(link(messageId))).status).toBe(302)
    await visit(pixelUrl(server.vault, server.url, messageId))
    expect(await hitsOf(messageId)).toEqual([])
  })

  test('a no to another topic says nothing of this one, and a yes takes a no back', async () => {
    const { messageId } = await somebody()
    const userId = `t${person - 1}`
    await live(server, [
      { type: 'identify', userId, traits: { consent: { tracking: { news: false, offers: false } } } },
    ])
    server.time.nowMs += 1_000
    await live(server, [{ type: 'identify', userId, traits: { consent: { tracking: { offers: true } } } }])
    await visit(link(messageId))
    expect(await hitsOf(messageId)).toHaveLength(1)
  })

  test.each([['sec-gpc'], ['dnt']])('says so with the request itself: %s', async (header) => {
    const { messageId } = await somebody()
    expect((await visit(link(messageId), { ...browser, [header]: '1' })).status).toBe(302)
    expect(await hitsOf(messageId)).toEqual([])
  })
})
