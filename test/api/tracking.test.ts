/** The tracking API over HTTP, against a real database: what is accepted, what is refused, and what is kept. */

import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { send, startTestServer, type TestServer } from './support/test-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())

let sequence = 0
const unique = (): string => `m-${sequence++}`
const track = (more: object = {}): Record<string, unknown> => ({
  userId: 'u1',
  event: 'Seen',
  messageId: unique(),
  ...more,
})

interface StoredEvent {
  readonly message_id: string
  readonly type: string
  readonly name: string | null
  readonly user_id: string | null
  readonly occurred_at: Date
  readonly properties: Record<string, unknown>
  readonly context: Record<string, unknown> | null
  readonly sealed: Buffer | null
}

async function stored(messageId: unknown): Promise<StoredEvent[]> {
  const { rows } = await server.database.pool.query<StoredEvent>('SELECT * FROM events WHERE message_id = $1', [
    messageId,
  ])
  return rows
}

describe('every kind of call is stored before it is answered', () => {
  test.each([
    ['identify', { traits: { plan: 'pro' } }, { plan: 'pro' }],
    ['track', { event: 'Order Completed', properties: { total: 12.5 } }, { total: 12.5 }],
    ['page', { name: 'Home', properties: { path: '/' } }, { path: '/' }],
    ['screen', { name: 'Start' }, {}],
    ['alias', { previousId: 'anon-1' }, { previousId: 'anon-1' }],
    ['group', { groupId: 'g1', traits: { size: 3 } }, { groupId: 'g1', traits: { size: 3 } }],
  ])('%s', async (type, more, properties) => {
    const messageId = unique()
    const { status, json } = await send(server, type, { userId: 'u1', messageId, ...more })
    expect({ status, json }).toEqual({ status: 200, json: { success: true, accepted: 1, duplicates: 0, rejected: [] } })
    const [event, ...others] = await stored(messageId)
    expect(event).toMatchObject({ type, user_id: 'u1', properties })
    expect(others).toEqual([])
  })

  test('a call without a message id gets one', async () => {
    const { rows: before } = await server.database.pool.query('SELECT 1 FROM events')
    expect((await send(server, 'track', { anonymousId: 'a1', event: 'Seen' })).json.accepted).toBe(1)
    expect((await send(server, 'track', { anonymousId: 'a1', event: 'Seen' })).json.accepted).toBe(1)
    const { rows: after } = await server.database.pool.query('SELECT 1 FROM events')
    expect(after.length).toBe(before.length + 2)
  })

  test("the browser library's short paths, plain text and key in the body work, from any page", async () => {
    const messageId = unique()
    const body = { ...track({ messageId }), writeKey: server.writeKey }
    const { status } = await send(server, 't', body, { key: null, headers: { 'content-type': 'text/plain' } })
    expect(status).toBe(200)
    expect(await stored(messageId)).toHaveLength(1)
    const preflight = await fetch(`${server.url}/v1/t`, { method: 'OPTIONS' })
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
  })

  test('gzip', async () => {
    const call = track()
    const { status } = await send(server, 'track', gzipSync(JSON.stringify(call)), {
      headers: { 'content-encoding': 'gzip' },
    })
    expect(status).toBe(200)
    expect(await stored(call['messageId'])).toHaveLength(1)
  })
})

describe('the same event again changes nothing', () => {
  test('sent twice, one after the other', async () => {
    const call = track()
    expect((await send(server, 'track', call)).json).toMatchObject({ accepted: 1, duplicates: 0 })
    const again = await send(server, 'track', { ...call, event: 'Something else' })
    expect(again.json).toMatchObject({ success: true, accepted: 0, duplicates: 1 })
    expect((await stored(call['messageId'])).map((event) => event.name)).toEqual(['Seen'])
  })

  test('sent twenty times at once', async () => {
    const call = track()
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(server, 'track', call)))
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    expect(answers.reduce((sum, { json }) => sum + (json.accepted ?? 0), 0)).toBe(1)
    expect(await stored(call['messageId'])).toHaveLength(1)
  })

  test('twice in one batch', async () => {
    const call = { ...track(), type: 'track' }
    const { json } = await send(server, 'batch', { batch: [call, call, { ...track(), type: 'track' }] })
    expect(json).toMatchObject({ accepted: 2, duplicates: 1 })
  })
})

describe('a bad call is refused with the field and the rule', () => {
  test.each<[string, string, unknown, string, RegExp]>([
    ['nobody', 'track', { event: 'Seen' }, 'userId', /must be given, or anonymousId/],
    ['a number as user id', 'track', track({ userId: 42 }), 'userId', /a number given, must be a text/],
    ['a list as user id', 'track', track({ userId: ['u1'] }), 'userId', /a list given/],
    ['an empty user id', 'track', track({ userId: '  ' }), 'userId', /must not be empty/],
    ['a user id that means nobody', 'track', track({ userId: 'undefined' }), 'userId', /must name one person/],
    [
      'a very long user id',
      'track',
      track({ userId: 'x'.repeat(257) }),
      'userId',
      /257 characters given, must have at most 256/,
    ],
    ['an address in the event name', 'track', track({ event: 'Mail to ann@example.org' }), 'event', /must not hold/],
    ['an address in the name of a page', 'page', { userId: 'u1', name: 'ann@example.org' }, 'name', /must not hold/],
    ['no event name', 'track', track({ event: null }), 'event', /must be given/],
    ['an object as event name', 'track', track({ event: {} }), 'event', /an object given, must be a text/],
    ['a text as properties', 'track', track({ properties: 'a=b' }), 'properties', /a text given, must be an object/],
    ['a list as traits', 'identify', { userId: 'u1', traits: [] }, 'traits', /a list given, must be an object/],
    ['a number as message id', 'track', track({ messageId: 7 }), 'messageId', /a number given/],
    [
      'a time that is none',
      'track',
      track({ timestamp: 'yesterday' }),
      'timestamp',
      /"yesterday" given, must be an ISO 8601/,
    ],
    ['the 30th of February', 'track', track({ timestamp: '2026-02-30T00:00:00Z' }), 'timestamp', /must be an ISO 8601/],
    ['seconds since 1970', 'track', track({ timestamp: 1_700_000_000 }), 'timestamp', /must be an ISO 8601/],
    ['another type than the path', 'track', track({ type: 'page' }), 'type', /must be "track"/],
    ['no previous id', 'alias', { userId: 'u1' }, 'previousId', /must be given/],
    ['no group id', 'group', { userId: 'u1' }, 'groupId', /must be given/],
  ])('%s', async (_name, path, body, field, rule) => {
    const { status, json } = await send(server, path, body)
    expect(status).toBe(400)
    expect(json.error?.field).toBe(field)
    expect(json.rejected?.[0]?.errors[0]?.message).toMatch(rule)
  })

  test.each<[string, string, string]>([
    [
      'in a property',
      '{"userId":"u1","event":"Seen","properties":{"a":{"b":["ok","x\\u0000y"]}}}',
      'properties.a.b[1]',
    ],
    ['in the name of a property', '{"userId":"u1","event":"Seen","properties":{"a\\u0000":1}}', 'properties.a\u0000'],
    [
      'in a personal trait',
      '{"userId":"u1","type":"identify","traits":{"email":"a\\u0000@example.org"}}',
      'traits.email',
    ],
    ['in the user id', '{"userId":"u\\u0000","event":"Seen"}', 'userId'],
    ['in the event name', '{"userId":"u1","event":"Se\\u0000en"}', 'event'],
    ['in the message id', '{"userId":"u1","event":"Seen","messageId":"m\\u0000"}', 'messageId'],
  ])('a null byte %s', async (_name, body, field) => {
    const { status, json } = await send(server, body.includes('traits') ? 'identify' : 'track', body)
    expect(status).toBe(400)
    expect(json.rejected?.[0]?.errors).toContainEqual({ field, message: expect.stringMatching(/null character/) })
  })

  test('half of a surrogate pair', async () => {
    const { status, json } = await send(server, 'track', '{"userId":"u1","event":"Seen","properties":{"a":"\\ud83d"}}')
    expect({ status, field: json.error?.field }).toEqual({ status: 400, field: 'properties.a' })
  })

  test('a number beyond all numbers', async () => {
    const { status, json } = await send(server, 'track', '{"userId":"u1","event":"Seen","properties":{"a":1e999}}')
    expect({ status, field: json.error?.field }).toEqual({ status: 400, field: 'properties.a' })
  })

  test('thousands of levels', async () => {
    const deep = `{"userId":"u1","event":"Seen","properties":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}}`
    const { status, json } = await send(server, 'track', deep)
    expect(status).toBe(400)
    expect(json.error?.message).toMatch(/must not be nested more than 12 levels deep/)
  })

  test.each<[string, string, RegExp]>([
    ['no JSON', 'userId=u1', /no valid JSON/],
    ['JSON that is cut off', '{"userId":"u1"', /no valid JSON/],
    ['nothing', ' ', /is empty/],
    ['a list', '[]', /must be a JSON object/],
    ['a prototype', '{"userId":"u1","event":"Seen","properties":{"__proto__":{"admin":true}}}', /no valid JSON/],
  ])('a body that is %s', async (_name, body, rule) => {
    const { status, json } = await send(server, 'track', body)
    expect(status).toBe(400)
    expect(json.error?.message).toMatch(rule)
  })

  test('a content type or encoding that nobody speaks', async () => {
    expect((await send(server, 'track', track(), { headers: { 'content-type': 'application/xml' } })).status).toBe(415)
    expect((await send(server, 'track', track(), { headers: { 'content-encoding': 'br' } })).status).toBe(415)
    const broken = await send(server, 'track', 'this is no gzip', { headers: { 'content-encoding': 'gzip' } })
    expect(broken.status).toBe(400)
  })

  test('no error repeats what may be personal', async () => {
    const address = 'ann.secret@example.org'
    const { json } = await send(server, 'identify', {
      userId: 7,
      traits: { email: `${address}\u0000`, note: address },
      event: address,
    })
    expect(JSON.stringify(json)).not.toContain('ann.secret')
    await send(server, 'track', `{"userId":"${address}",`)
    expect(server.logged.join('')).not.toContain('ann.secret')
  })
})

describe('limits', () => {
  test('ten megabytes: 413, and nothing is stored', async () => {
    const { status, json } = await send(server, 'track', track({ properties: { a: 'x'.repeat(10_000_000) } }))
    expect(status).toBe(413)
    expect(json.error?.message).toMatch(/too large, must have at most 500 KB/)
  })

  test('ten megabytes packed into ten kilobytes: 413', async () => {
    const body = gzipSync(JSON.stringify(track({ properties: { a: 'x'.repeat(10_000_000) } })))
    const { status, json } = await send(server, 'track', body, { headers: { 'content-encoding': 'gzip' } })
    expect(status).toBe(413)
    expect(json.error?.message).toMatch(/at most 500 KB/)
  })

  test('an event of more than 32 KB: 413; one of almost that: accepted', async () => {
    expect((await send(server, 'track', track({ properties: { a: 'x'.repeat(33_000) } }))).status).toBe(413)
    expect((await send(server, 'track', track({ properties: { a: 'x'.repeat(32_000) } }))).status).toBe(200)
  })

  test('in a batch only the event that is too large is refused', async () => {
    const large: Record<string, unknown> = { ...track({ properties: { a: 'ü'.repeat(20_000) } }), type: 'track' }
    const { status, json } = await send(server, 'batch', { batch: [large, { ...track(), type: 'track' }] })
    expect(status).toBe(200)
    expect(json).toMatchObject({ accepted: 1, rejected: [{ index: 0, messageId: large['messageId'] }] })
    expect(json.rejected?.[0]?.errors[0]?.message).toMatch(/bytes given, must have at most 32768/)
  })

  test.each<[string, unknown, RegExp]>([
    ['no list', { batch: {} }, /must be a list/],
    ['an empty list', { batch: [] }, /0 items given, must have 1 to 2500/],
    ['too many items', { batch: Array.from({ length: 2_501 }, () => 1) }, /2501 items given/],
  ])('a batch with %s', async (_name, body, rule) => {
    const { status, json } = await send(server, 'batch', body)
    expect(status).toBe(400)
    expect(json.error?.message).toMatch(rule)
  })
})

describe('in a batch every item stands for itself', () => {
  test('good ones are accepted, bad ones are named by their place', async () => {
    const batch = [
      { ...track(), type: 'track' },
      { type: 'track', userId: 'u1' },
      7,
      { type: 'launch', userId: 'u1' },
      { type: 'identify', userId: 'u1', messageId: unique() },
    ]
    const { status, json } = await send(server, 'batch', { batch })
    expect(status).toBe(200)
    expect(json).toMatchObject({ success: true, accepted: 2, duplicates: 0 })
    expect(json.rejected?.map(({ index, errors }) => [index, errors[0]?.field])).toEqual([
      [1, 'event'],
      [2, ''],
      [3, 'type'],
    ])
  })

  test('if all are bad the answer is 400', async () => {
    const { status, json } = await send(server, 'batch', { batch: [{ type: 'track', userId: 'u1' }, 7] })
    expect(status).toBe(400)
    expect(json).toMatchObject({ success: false, accepted: 0, error: { field: 'event' } })
    expect(json.error?.message).toMatch(/and 1 more/)
  })
})

describe('without a valid key nothing is accepted', () => {
  test.each<[string, { key?: string | null; headers?: object }, object]>([
    ['no key', { key: null }, {}],
    ['an unknown key', { key: 'pwk_unknown' }, {}],
    ['an unknown key in the body', { key: null }, { writeKey: 'pwk_unknown' }],
    ['an object as key in the body', { key: null }, { writeKey: {} }],
    ['a bearer token', { key: null, headers: { authorization: 'Bearer x' } }, {}],
    ['a broken header', { key: null, headers: { authorization: 'Basic !!!' } }, {}],
  ])('%s', async (_name, options, more) => {
    const call = track(more)
    const { status, json } = await send(server, 'track', call, options)
    expect({ status, message: json.error?.message }).toEqual({
      status: 401,
      message: expect.stringMatching(/write key/),
    })
    expect(await stored(call['messageId'])).toEqual([])
  })

  test('an admin token is no write key', async () => {
    expect((await send(server, 'track', track(), { key: server.adminToken })).status).toBe(401)
  })
})

describe('time is ours', () => {
  const hourMs = 3_600_000
  const iso = (ms: number): string => new Date(ms).toISOString()

  test.each<[string, (now: number) => object, (now: number) => number]>([
    ['without a time it happened when it came', () => ({}), (now) => now],
    ['a late event keeps its time', (now) => ({ timestamp: iso(now - 30 * hourMs) }), (now) => now - 30 * hourMs],
    ['a time in the future becomes the time of receipt', (now) => ({ timestamp: iso(now + hourMs) }), (now) => now],
    [
      'a clock that is two hours ahead is set right',
      (now) => ({ sentAt: iso(now + 2 * hourMs), timestamp: iso(now + hourMs) }),
      (now) => now - hourMs,
    ],
    ['a clock that is years behind is set right', () => ({ sentAt: iso(0), timestamp: iso(0) }), (now) => now],
    [
      'a clock that is right to the second is not touched',
      (now) => ({ sentAt: iso(now - 900), timestamp: iso(now - 5_000) }),
      (now) => now - 5_000,
    ],
    [
      'an offset is understood',
      (now) => ({ timestamp: iso(now - hourMs).replace('Z', '+00:00') }),
      (now) => now - hourMs,
    ],
  ])('%s', async (_name, times, expected) => {
    const { nowMs } = server.time
    const call = track(times(nowMs))
    expect((await send(server, 'track', call)).status).toBe(200)
    expect((await stored(call['messageId']))[0]?.occurred_at.getTime()).toBe(expected(nowMs))
  })

  test("a batch's sentAt counts for its items", async () => {
    const { nowMs } = server.time
    const call: Record<string, unknown> = { ...track({ timestamp: iso(nowMs + hourMs) }), type: 'track' }
    await send(server, 'batch', { sentAt: iso(nowMs + 2 * hourMs), batch: [call] })
    expect((await stored(call['messageId']))[0]?.occurred_at.getTime()).toBe(nowMs - hourMs)
  })
})

describe('a stored event keeps nothing personal in the open', () => {
  test('names, addresses and numbers are sealed; the rest stays', async () => {
    const messageId = unique()
    const secrets = [
      'ann@example.org',
      'Ann',
      'Lee',
      '+442079460958',
      '1 Garden Row',
      '1990-01-02',
      '203.0.113.9',
      'Mozilla',
    ]
    await send(server, 'identify', {
      userId: 'u1',
      messageId,
      traits: {
        email: secrets[0],
        firstName: secrets[1],
        last_name: secrets[2],
        Phone: secrets[3],
        address: { street: secrets[4], country: 'GB' },
        birthday: secrets[5],
        plan: 'pro',
        consent: { email: true },
        remark: `write to ${secrets[0]}`,
      },
      context: {
        ip: secrets[6],
        userAgent: `${secrets[7]}/5.0`,
        timezone: 'Europe/London',
        page: { url: 'https://x.example/?e=ann%40example.org' },
      },
    })
    const [event] = await stored(messageId)
    expect(event?.properties).toEqual({ plan: 'pro', consent: { email: true } })
    expect(event?.context).toEqual({ timezone: 'Europe/London' })
    const open = JSON.stringify({ ...event, sealed: null })
    for (const secret of secrets) expect(open).not.toContain(secret)
    const sealed = JSON.parse(server.vault.openFromIntake(event?.sealed ?? Buffer.of(), messageId)) as object
    expect(sealed).toMatchObject({
      traits: { email: secrets[0], firstName: secrets[1], remark: `write to ${secrets[0]}` },
    })
  })

  test('addresses among the properties of an event, at any depth', async () => {
    const messageId = unique()
    const properties = {
      friend_email: 'bob@example.org',
      order: { email: 'ann@example.org', lines: ['ok', 'cc eve@example.org'] },
      products: [{ name: 'Shoe' }],
      opened_by: { 'ann@example.org': true },
    }
    await send(server, 'track', track({ messageId, properties }))
    const [event] = await stored(messageId)
    expect(event?.properties).toEqual({ order: { lines: ['ok', null] }, products: [{ name: 'Shoe' }], opened_by: {} })
    expect(event?.sealed).not.toBeNull()
  })

  test('an e-mail address as user id is kept as its keyed hash', async () => {
    const messageId = unique()
    await send(server, 'track', track({ messageId, userId: 'Ann@Example.org' }))
    const [event] = await stored(messageId)
    const hash = server.vault.lookupHash('email', 'ann@example.org').toString('hex')
    expect(event?.user_id).toBe(`email:${hash}`)
    expect(event?.sealed).not.toBeNull()
  })

  test('an address within an id is kept as a keyed hash of the id, and sending it again is still safe', async () => {
    const call = track({ userId: 'crm:ann@example.org', messageId: `welcome ann@example.org ${unique()}` })
    expect((await send(server, 'track', call)).json.accepted).toBe(1)
    expect((await send(server, 'track', call)).json.duplicates).toBe(1)
    const { rows } = await server.database.pool.query(`SELECT 1 FROM events WHERE user_id LIKE 'hashed:%'`)
    expect(rows).toHaveLength(1)
    const { rows: open } = await server.database.pool.query(
      `SELECT 1 FROM events e WHERE to_jsonb(e)::text LIKE '%ann@%'`,
    )
    expect(open).toEqual([])
  })

  test('without anything personal nothing is sealed', async () => {
    const call = track({ properties: { total: 3, name: 'Shoe' } })
    await send(server, 'track', call)
    expect((await stored(call['messageId']))[0]?.sealed).toBeNull()
  })
})
