/** Referrals over HTTP: the link that friends open, a customer's code, and a word on what is held. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { campaignDirectory } from '../store/support/campaign-directory.ts'
import { customerId, live } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
let ada: string
beforeAll(async () => {
  server = await startTestServer()
  const directory = campaignDirectory({
    'referral.yaml':
      'name: Bring a friend\nlanding: https://shop.example/welcome?from=friends\nreward: { friend: ten }\n',
    'offers/ten.yaml': 'name: Ten\ncode_prefix: TEN\ndiscount: { type: percent, percent: 10 }\n',
  })
  await publishCampaigns(server.database, directory.path, server.time.nowMs)
  directory.remove()
  await live(server, [
    { type: 'identify', userId: 'ada' },
    { type: 'identify', userId: 'bob' },
  ])
  ada = await customerId(server, 'ada')
})
afterAll(() => server.close())

async function call(path: string, body?: unknown, token = server.adminToken) {
  const response = await fetch(`${server.url}${path}`, {
    redirect: 'manual',
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const json = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {}
  return { status: response.status, json, location: response.headers.get('location') }
}

test('a customer’s link leads to the shop with the code, and only there', async () => {
  const { json } = await call(`/api/customers/${ada}/referral`)
  expect(json['url']).toMatch(new RegExp(`/r/${String(json['code'])}$`))
  expect((await call(`/api/customers/${ada}/referral`)).json).toEqual(json)
  const { status, location } = await call(`/r/${String(json['code']).toLowerCase()}?landing=https://evil.example`)
  expect([status, location]).toEqual([
    302,
    `https://shop.example/welcome?from=friends&referral_code=${String(json['code'])}`,
  ])
  for (const path of ['/r/NOBODYS4', '/r/x', "/r/'%20OR%201=1", '/r/%00%00%00%00'])
    expect([path, (await call(path)).status]).toEqual([path, 404])
})

test('what is held is listed, released once, and not by everybody', async () => {
  const id = randomUUID()
  await server.database.pool.query(
    `INSERT INTO referrals (id, code, referrer_id, friend_id, status, reason, attributed_at, updated_at)
     VALUES ($1, 'CODE', $2, $3, 'held', 'same-address', now(), now())`,
    [id, ada, await customerId(server, 'bob')],
  )
  const { json } = await call('/api/referrals?status=held')
  expect(json).toMatchObject({ counts: { held: 1 }, referrals: [{ id, reason: 'same-address' }], cursor: null })
  expect((await call(`/api/referrals/${id}`, { decision: 'release' }, server.writeKey)).status).toBe(401)
  expect((await call(`/api/referrals/${id}`, { decision: 'forgive' })).status).toBe(400)
  expect((await call(`/api/referrals/${randomUUID()}`, { decision: 'release' })).status).toBe(404)
  expect((await call(`/api/referrals/${id}`, { decision: 'release' })).json).toMatchObject({ status: 'new' })
  expect((await call(`/api/referrals/${id}`, { decision: 'reject' })).status).toBe(409)
  expect((await call('/api/referrals?status=lost')).status).toBe(400)
  expect((await call(`/api/customers/${randomUUID()}/referral`)).status).toBe(404)
})
