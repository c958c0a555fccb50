/** The admin API over HTTP: who may ask, what is found, and what is never told. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApiKey, revokeApiKey } from '../../src/store/api-keys.ts'
import { customerId, live, plant } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
let ann: string
beforeAll(async () => {
  server = await startTestServer()
  await live(server, [
    {
      type: 'identify',
      userId: 'ann',
      traits: { email: 'ann.secret@example.org', phone: '+442079460958', firstName: 'Annabelle', plan: 'pro' },
    },
    {
      type: 'track',
      userId: 'ann',
      event: 'Order Completed',
      properties: { order_id: 'o1', revenue: 30, currency: 'EUR' },
    },
    ...Array.from({ length: 4 }, (_, person) => ({ type: 'identify', userId: `shop_${person}%` })),
    { type: 'track', anonymousId: 'a1', event: 'Order Completed', properties: { revenue: 'ten' } },
  ])
  ann = await customerId(server, 'ann')
  for (let step = 0; step < 3; step++) {
    await plant(server, { customerId: ann, step: `s${step}`, status: step === 0 ? 'refused' : 'sent' })
    server.time.nowMs += 1_000
  }
})
afterAll(() => server.close())

async function get(path: string, token: string | null = server.adminToken): Promise<{ status: number; json: Answer }> {
  const response = await fetch(`${server.url}/api/${path}`, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  })
  return { status: response.status, json: (await response.json()) as Answer }
}

interface Answer {
  readonly total?: number
  readonly cursor?: string | null
  readonly customers?: readonly { readonly id: string; readonly externalId: string | null; readonly stage: string }[]
  readonly messages?: readonly { readonly id: string; readonly status: string; readonly step: string }[]
  readonly error?: { readonly message: string; readonly field?: string }
  readonly [name: string]: unknown
}

describe('who may ask', () => {
  test('nobody without a valid admin token', async () => {
    for (const path of ['customers', `customers/${ann}`, 'messages', 'status']) {
      for (const token of [null, 'pat_wrong', server.writeKey]) expect((await get(path, token)).status).toBe(401)
    }
  })

  test('a revoked token ends within seconds', async () => {
    const { id, key } = await createApiKey(server.database, { kind: 'admin', name: 'guest' })
    expect((await get('status', key)).status).toBe(200)
    expect(await revokeApiKey(server.database, id)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 5_100))
    expect((await get('status', key)).status).toBe(401)
  })

  test('anybody may ask whether we are there', async () => {
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
  })
})

describe('customers', () => {
  test.each<[string, readonly string[]]>([
    ['ann', ['ann']],
    ['an', ['ann']],
    ['nn', []],
    ['Ann.Secret@EXAMPLE.org', ['ann']],
    ['ann.secret@example', []],
    ['+44 20 7946 0958', ['ann']],
    ['shop_1', ['shop_1%']],
    ['shop%', []],
    ['%', []],
    ["' OR 1=1 --", []],
  ])('searched for %j: %j', async (search, found) => {
    const { json } = await get(`customers?search=${encodeURIComponent(search)}`)
    expect(json.customers?.map(({ externalId }) => externalId)).toEqual(found)
    expect(json.total).toBe(found.length)
  })

  test('searched for by id', async () => {
    const { json } = await get(`customers?search=${ann}`)
    expect(json.customers).toMatchObject([{ id: ann, externalId: 'ann', stage: 'acquire' }])
  })

  test('page by page everybody comes once', async () => {
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { json }: { json: Answer } = await get(`customers?limit=2&cursor=${cursor}`)
      expect(json.total).toBe(6)
      seen.push(...(json.customers ?? []).map(({ id }) => id))
      cursor = json.cursor ?? null
    }
    expect(seen).toHaveLength(6)
    expect(new Set(seen).size).toBe(6)
    expect(seen).toEqual([...seen].sort().reverse())
  })

  test('one customer, with everything but what is personal', async () => {
    const { status, json } = await get(`customers/${ann}`)
    expect(status).toBe(200)
    expect(json).toMatchObject({
      externalId: 'ann',
      stage: 'acquire',
      traits: { plan: 'pro' },
      orderCount: 1,
      revenueCents: 3_000,
      segments: [],
      scores: {},
      orders: [{ orderKey: 'o1', revenueCents: 3_000, currency: 'EUR' }],
      personal: { firstName: 'A•••', email: 'a•••@example.org', phone: '+44•••••958' },
      addresses: [{ channel: 'email', masked: 'a•••@example.org', current: true }, { channel: 'sms' }],
    })
    expect(json.messages).toHaveLength(3)
    const text = JSON.stringify(json)
    for (const secret of ['ann.secret', 'Annabelle', '7946']) expect(text).not.toContain(secret)
  })
})

describe('messages', () => {
  test('by status, journey and channel, newest first, page by page', async () => {
    expect((await get('messages?status=sent&journey=welcome&channel=email')).json).toMatchObject({
      total: 2,
      cursor: null,
    })
    expect((await get('messages?journey=nothing')).json).toMatchObject({ total: 0, messages: [] })
    const first = await get('messages?limit=2')
    expect(first.json.messages?.map(({ step }) => step)).toEqual(['s2', 's1'])
    const second = await get(`messages?limit=2&cursor=${first.json.cursor}`)
    expect(second.json.messages?.map(({ step }) => step)).toEqual(['s0'])
    expect(second.json.cursor).toBeNull()
  })
})

test('status counts each event once, and the workflows as Temporal does', async () => {
  const { json } = await get('status')
  expect(json).toMatchObject({
    events: { accepted: 7, handled: 7, waiting: 0, problems: 1 },
    news: { unread: 7 },
    customers: { total: 6, stages: { acquire: 6 } },
    messages: { sent: 2, refused: 1 },
    workflows: { open: expect.any(Number), completed: expect.any(Number), failed: expect.any(Number) },
  })
})

describe('a bad question is answered with the field and the rule', () => {
  test.each([
    ['customers?limit=0', 400, 'limit'],
    ['customers?limit=501', 400, 'limit'],
    ['customers?limit=ten', 400, 'limit'],
    ['customers?limit=1&limit=2', 400, 'limit'],
    ['customers?stage=rich', 400, 'stage'],
    ['customers?cursor=x', 400, 'cursor'],
    ['customers?search=a%00b', 400, 'search'],
    ['messages?status=lost', 400, 'status'],
    ['messages?channel=pigeon', 400, 'channel'],
    ['messages?cursor=1_2', 400, 'cursor'],
    ['messages?customer=me', 400, 'customer'],
    ['customers/me', 404, 'id'],
    ['customers/00000000-0000-4000-8000-000000000000', 404, 'id'],
    ['nothing', 404, undefined],
  ])('%s: %i', async (path, status, field) => {
    const answer = await get(path)
    expect({ status: answer.status, field: answer.json.error?.field }).toEqual({ status, field })
    expect(answer.json.error?.message).toBeTruthy()
  })
})

test('what was searched for is in no log', async () => {
  await get('customers?search=ann.secret@example.org')
  await get('customers?limit=ann.secret')
  expect(server.logged.join('')).not.toContain('ann.secret')
})
