/** What Mailgun says of messages in doubt when it is asked, over real HTTP. */

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createMailgunLookup, type FindMail } from '../../src/channels/email/mailgun-lookup.ts'
import { readConfig } from '../../src/config.ts'
import { askAboutMail } from '../../workers/doubtful-mail.ts'
import { customerId, live, plant } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'

const email = 'ann@example.org'
let server: TestServer
let ann: string
let mailgun: Server
let find: FindMail
let asked: URL[] = []
/** By Message-ID: its events as Mailgun keeps them. */
const kept = new Map<string, object[]>()
let fault: { readonly status: number; readonly body: string } | undefined

beforeAll(async () => {
  server = await startTestServer()
  await live(server, [{ type: 'identify', userId: 'ann', traits: { email } }])
  ann = await customerId(server, 'ann')
  mailgun = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://mailgun')
    asked.push(url)
    const isUs = request.headers.authorization === `Basic ${Buffer.from('api:a-key').toString('base64')}`
    const items = kept.get(url.searchParams.get('message-id') ?? '') ?? []
    const isFound = url.pathname === '/v3/mail.shop.example/events' && request.method === 'GET'
    response.writeHead(fault?.status ?? (isUs ? (isFound ? 200 : 404) : 401), { 'content-type': 'application/json' })
    response.end(fault?.body ?? JSON.stringify(isUs ? { items, paging: {} } : { message: `no, ${email}` }))
  })
  await new Promise<void>((resolve) => mailgun.listen(0, '127.0.0.1', () => resolve()))
  const apiUrl = `http://127.0.0.1:${(mailgun.address() as AddressInfo).port}`
  find = createMailgunLookup({ apiKey: 'a-key', domain: 'mail.shop.example', apiUrl })
})
beforeEach(async () => {
  await server.database.pool.query('DELETE FROM messages')
  await server.database.pool.query('DELETE FROM suppressions')
  kept.clear()
  asked = []
  fault = undefined
})
afterAll(async () => {
  await server.close()
  await new Promise((resolve) => mailgun.close(resolve))
})

async function doubtful(step = 'hello'): Promise<string> {
  const id = await plant(server, { customerId: ann, status: 'in_doubt', step })
  await server.database.pool.query(
    `UPDATE messages SET transmitting_at = $2, attempts = 1, reason = 'smtp ECONNRESET after the message' WHERE id = $1`,
    [id, new Date(server.time.nowMs)],
  )
  return id
}
const event = (id: string, name: string, more: object = {}): object => ({
  event: name,
  timestamp: server.time.nowMs / 1_000,
  recipient: email,
  message: { headers: { 'message-id': `${id}@shop.example` } },
  ...more,
})
const ask = (beforeMs = server.time.nowMs + 1, by = find): Promise<number> =>
  askAboutMail({ ...server, find: by, senderDomain: 'shop.example', nowMs: () => server.time.nowMs }, beforeMs)

async function fate(id: string): Promise<object | undefined> {
  const { rows } = await server.database.pool.query<object>(
    `SELECT status, reason, delivered_at IS NOT NULL AS delivered, (SELECT reason FROM suppressions) AS suppressed
       FROM messages WHERE id = $1`,
    [id],
  )
  return rows[0]
}
const gone = { severity: 'permanent', reason: 'bounce', 'delivery-status': { code: 550, message: '550 5.1.1 unknown' } }
const settled = { reason: null, delivered: false, suppressed: null }

describe('a message in doubt that Mailgun', () => {
  test.each<[string, (id: string) => object[], object]>([
    ['has taken is sent', (id) => [event(id, 'accepted')], { ...settled, status: 'sent' }],
    [
      'has delivered is sent, and arrived',
      (id) => [event(id, 'accepted'), event(id, 'delivered')],
      { ...settled, status: 'sent', delivered: true },
    ],
    [
      'got back has failed, and its address is out',
      (id) => [event(id, 'accepted'), event(id, 'failed', gone)],
      { status: 'failed', reason: 'came back: 5.1.1', delivered: false, suppressed: 'bounce' },
    ],
    [
      'still tries to deliver is sent',
      (id) => [event(id, 'accepted'), event(id, 'failed', { severity: 'temporary' })],
      { ...settled, status: 'sent' },
    ],
    [
      'rejected has failed',
      (id) => [event(id, 'rejected', { reject: { reason: 'no' } })],
      { ...settled, status: 'failed', reason: 'the provider refused it' },
    ],
    [
      'confuses with another one stays in doubt',
      () => [event('00000000-0000-4000-8000-000000000000', 'delivered')],
      {
        ...settled,
        status: 'in_doubt',
        reason: 'smtp ECONNRESET after the message; the provider was asked, and does not know it',
      },
    ],
  ])('%s', async (_name, events, expected) => {
    const id = await doubtful()
    kept.set(`${id}@shop.example`, events(id))
    expect(await ask()).toBe(1)
    expect(await fate(id)).toEqual(expected)
    expect(await ask()).toBe(0)
  })

  test('does not know stays in doubt, is not sent again, and is asked about once', async () => {
    const id = await doubtful()
    expect(await ask()).toBe(1)
    expect(await fate(id)).toMatchObject({ status: 'in_doubt', reason: expect.stringContaining('does not know it') })
    expect(await ask()).toBe(0)
    const begin = Number(asked[0]?.searchParams.get('begin'))
    expect(begin).toBeGreaterThan(server.time.nowMs / 1_000 - 120)
    expect(begin).toBeLessThan(server.time.nowMs / 1_000)
  })

  test('may not have noted yet is not asked about', async () => {
    await doubtful()
    expect(await ask(server.time.nowMs)).toBe(0)
    expect(asked).toEqual([])
  })
})

test.each<[string, { readonly status: number; readonly body: string }, string]>([
  ['an outage', { status: 503, body: 'busy' }, 'mailgun answered 503'],
  ['no JSON', { status: 200, body: '<html>' }, 'JSON'],
  ['no events', { status: 200, body: '{"message":"hello"}' }, 'something else than events'],
])('%s ends no doubt: it is asked again another time', async (_name, answer, problem) => {
  const id = await doubtful()
  fault = answer
  await expect(ask()).rejects.toThrow(problem)
  expect(await fate(id)).toMatchObject({ status: 'in_doubt', reason: 'smtp ECONNRESET after the message' })
})

test('a wrong key is an error that repeats nothing of the answer', async () => {
  await doubtful()
  const apiUrl = `http://127.0.0.1:${(mailgun.address() as AddressInfo).port}`
  const wrong = createMailgunLookup({ apiKey: 'wrong', domain: 'mail.shop.example', apiUrl })
  await expect(ask(undefined, wrong)).rejects.toThrow(/^mailgun answered 401$/)
})

test('the key and the domain come together, or not at all', () => {
  expect(readConfig({}).mailgun).toBeUndefined()
  expect(() => readConfig({ MAILGUN_API_KEY: 'a-key' })).toThrow('MAILGUN_DOMAIN')
  expect(readConfig({ MAILGUN_API_KEY: 'a-key', MAILGUN_DOMAIN: 'mail.shop.example' }).mailgun).toEqual({
    apiKey: 'a-key',
    domain: 'mail.shop.example',
    apiUrl: 'https://api.mailgun.net',
  })
})
