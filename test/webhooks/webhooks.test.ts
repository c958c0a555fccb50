/**
 * Calls to others' addresses, row "Webhooks out" of the rules: https to a public address that was looked at and is then
 * dialled; no redirects; time and size capped; signed; tried again; given up in the open, and sent again by hand.
 */

import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isPublicAddress, urlProblem } from '../../src/channels/webhook/safe-address.ts'
import { createWebhookChannel, type WebhookResult } from '../../src/channels/webhook/webhook-channel.ts'
import type { Decision } from '../../src/domain/decision.ts'
import { saveSideEffects } from '../../src/store/decision-side-effects.ts'
import { claimCalls, listCalls, mostAttempts, settleCall } from '../../src/store/webhook-calls.ts'
import { makeCalls, RestingHosts } from '../../workers/webhook-calls.ts'
import { customerId, live } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'

interface Call {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

const calls: Call[] = []
let answer: (response: ServerResponse, call: Call) => void
let receiver: Server
let host: string
let server: TestServer

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const call = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() }
      calls.push(call)
      answer(response, call)
    })
  })
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(receiver.address() as AddressInfo).port}`
  server = await startTestServer()
})
beforeEach(async () => {
  calls.length = 0
  answer = (response) => response.writeHead(204).end()
  await server.database.pool.query('DELETE FROM webhook_calls')
})
afterAll(async () => {
  receiver.closeAllConnections()
  receiver.close()
  await server.close()
})

const channel = (more: object = {}) => createWebhookChannel({ secret: 'whsec_x', allowedHosts: [host], ...more })
const send = (url: string, more: object = {}): Promise<WebhookResult> =>
  channel(more).send({ id: 'call-1', url, body: '{"a":"ü"}' })

describe('where a call may go', () => {
  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.127.255.255',
    '0.0.0.0',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '64:ff9b::a9fe:a9fe',
    'fc00::1',
    'fd12:3456::1',
    'fe80::1',
    'ff02::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2001::1',
    'localhost',
    '',
  ])('not to %j', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })

  test.each([
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.0',
    '172.15.0.1',
    '172.32.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::1',
  ])('to %s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  test.each([
    'http://hooks.example.com/',
    'ftp://hooks.example.com/',
    'file:///etc/passwd',
    'gopher://x.example/',
    'no address',
    'https://user:password@hooks.example.com/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://localhost/',
    'https://postgres/',
    'https://db.internal/',
    'https://printer.local/',
    'https://169.254.169.254/latest/meta-data/',
  ])('%s is refused before anybody is asked', async (url) => {
    expect(urlProblem(url)).toBeDefined()
    const asked: string[] = []
    const result = await send(url, { allowedHosts: [], resolve: async (name: string) => [String(asked.push(name))] })
    expect(result).toMatchObject({ status: 'refused' })
    expect(asked).toEqual([])
    expect(JSON.stringify(result)).not.toContain('password@')
  })

  test.each([[['127.0.0.1']], [['10.0.0.1']], [['8.8.8.8', '169.254.169.254']], [['::ffff:10.0.0.1']]])(
    'a name that leads to %j is refused, whatever else it leads to',
    async (addresses) => {
      const result = await send('https://hooks.example.com/', { allowedHosts: [], resolve: async () => addresses })
      expect(result).toMatchObject({ status: 'refused', problem: expect.stringContaining('private network') })
    },
  )

  test('the address that was looked at is dialled: a name is asked once', async () => {
    let asked = 0
    const { port } = receiver.address() as AddressInfo
    const name = `rebind.example.com:${port}`
    // The first answer leads to the receiver; any later one would lead elsewhere.
    const resolve = async (): Promise<readonly string[]> => (asked++ === 0 ? ['127.0.0.1'] : ['192.0.2.1'])
    expect(await send(`http://${name}/x`, { allowedHosts: [name], resolve })).toEqual({ status: 'sent' })
    expect(asked).toBe(1)
    expect(calls[0]?.headers.host).toBe(name)
  })
})

describe('what is sent', () => {
  test('is signed with the time, and names itself the same at every attempt', async () => {
    expect(await send(`http://${host}/hook`)).toEqual({ status: 'sent' })
    await send(`http://${host}/hook`)
    const [first, second] = calls
    expect(first?.headers['idempotency-key']).toBe('call-1')
    expect(second?.headers['idempotency-key']).toBe('call-1')
    const [, seconds = '', given = ''] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(first?.headers['perennial-signature'])) ?? []
    const expected = createHmac('sha256', 'whsec_x').update(`${seconds}.${first?.body}`).digest('hex')
    expect(timingSafeEqual(Buffer.from(given), Buffer.from(expected))).toBe(true)
    expect(first?.body).toBe('{"a":"ü"}')
  })

  test.each<[number, WebhookResult['status']]>([
    [200, 'sent'],
    [204, 'sent'],
    [301, 'refused'],
    [302, 'refused'],
    [307, 'refused'],
    [400, 'refused'],
    [401, 'refused'],
    [404, 'refused'],
    [410, 'refused'],
    [408, 'retry'],
    [425, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
  ])('an answer of %i: %s', async (status, expected) => {
    answer = (response) => response.writeHead(status, { location: `http://${host}/elsewhere` }).end('some words')
    expect((await send(`http://${host}/hook`)).status).toBe(expected)
    expect(calls.map(({ path }) => path)).toEqual(['/hook'])
  })

  test('nobody is waited for without end, nor read without end', async () => {
    answer = () => undefined
    expect(await send(`http://${host}/silent`, { timeoutMs: 100 })).toEqual({
      status: 'retry',
      problem: 'no answer in time',
    })
    answer = (response) => {
      response.writeHead(200)
      const flood = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', flood)
      flood()
    }
    expect(await send(`http://${host}/flood`)).toEqual({ status: 'sent' })
  })

  test('nobody listens: another time', async () => {
    expect(await send('http://127.0.0.1:1/', { allowedHosts: ['127.0.0.1:1'] })).toEqual({
      status: 'retry',
      problem: 'ECONNREFUSED',
    })
  })
})

let person = 0
async function planned(url = `http://${host}/hook`): Promise<string> {
  const userId = `w${person++}`
  await live(server, [{ type: 'identify', userId, traits: { email: `${userId}@example.org` } }])
  const id = randomUUID()
  await server.database.pool.query(
    `INSERT INTO webhook_calls (id, customer_id, journey, version, step, entry_number, visit, url, payload, planned_at, due_at)
     VALUES ($1, $2, 'j', 'v', 'call', 1, 0, $3, '{"type":"journey.step","data":{"size":"42"}}', now(), now() - interval '1 s')`,
    [id, await customerId(server, userId), url],
  )
  return id
}

const make = (more: object = {}): Promise<boolean> =>
  makeCalls({ database: server.database, channel: channel(more), nowMs: () => server.time.nowMs })
const all = () => listCalls(server.database.pool, undefined, 100)
const ask = (path: string, method = 'GET'): Promise<Response> =>
  fetch(`${server.url}/api${path}`, { method, headers: { authorization: `Bearer ${server.adminToken}` } })

/** As if its time had come. */
async function due(): Promise<void> {
  await server.database.pool.query(`UPDATE webhook_calls SET due_at = now() - interval '1 s' WHERE status = 'planned'`)
}

describe('what becomes of it', () => {
  test('it is saved with the decision that asked for it, once', async () => {
    await live(server, [{ type: 'identify', userId: 'asked', traits: { email: 'asked@example.org' } }])
    const webhook = {
      id: randomUUID(),
      journey: 'j',
      version: 'v',
      step: 'call',
      entryNumber: 1,
      visit: 0,
      url: `http://${host}/hook`,
      data: { size: '42' },
    }
    const decision = { runs: [], tasks: [], assignments: [], traits: {}, webhooks: [webhook] } as unknown as Decision
    const save = { customerId: await customerId(server, 'asked'), decision, decidedAtMs: server.time.nowMs }
    for (let times = 0; times < 2; times++) await saveSideEffects(server.database.pool, [save])
    await make()
    expect(await all()).toMatchObject([{ id: webhook.id, status: 'sent' }])
    expect(JSON.parse(calls[0]?.body ?? '')).toMatchObject({
      journey: 'j',
      step: 'call',
      entry: 1,
      data: { size: '42' },
      customer: { userId: 'asked' },
    })
  })

  test("it is made once, by whoever is first, with the shop's own name for the customer", async () => {
    const id = await planned()
    await Promise.all([make(), make(), make()])
    expect(await all()).toMatchObject([{ id, status: 'sent', attempts: 1 }])
    expect(calls.map(({ body }) => JSON.parse(body) as object)).toMatchObject([
      { id, type: 'journey.step', data: { size: '42' }, customer: { userId: `w${person - 1}` } },
    ])
    expect(calls[0]?.body).not.toContain('@example.org')
  })

  test('an outage is tried again, later and later, and given up in the open; then by hand', async () => {
    answer = (response) => response.writeHead(503).end()
    const id = await planned()
    const waits: number[] = []
    for (let round = 0; round < 2 * mostAttempts && (await all())[0]?.status === 'planned'; round++) {
      await make()
      const [row] = await all()
      if (row?.status === 'planned') waits.push(row.dueAt.getTime() - Date.now())
      await due()
    }
    const made = calls.length
    expect(await all()).toMatchObject([{ attempts: mostAttempts }])
    expect(waits[8]).toBeGreaterThan((waits[0] ?? 0) * 8)
    expect(await all()).toMatchObject([{ id, status: 'dead', problem: 'http 503' }])
    await make()
    expect(calls).toHaveLength(made)

    expect(await (await ask('/webhooks?status=dead')).json()).toMatchObject({ webhooks: [{ id, problem: 'http 503' }] })
    answer = (response) => response.writeHead(200).end()
    expect((await ask(`/webhooks/${randomUUID()}/resend`, 'POST')).status).toBe(404)
    expect(await (await ask(`/webhooks/${id}/resend`, 'POST')).json()).toEqual({ resent: 1 })
    await make()
    expect(await all()).toMatchObject([{ id, status: 'sent' }])
    expect((await ask('/webhooks')).status).toBe(200)
    expect((await fetch(`${server.url}/api/webhooks`)).status).toBe(401)
  })

  test('what a refusal says is not tried again by itself', async () => {
    answer = (response) => response.writeHead(410).end('gone: ada@example.org')
    await planned()
    await make()
    await due()
    await make()
    expect(calls).toHaveLength(1)
    expect(await all()).toMatchObject([{ status: 'refused', problem: 'http 410' }])
  })

  test('who died in the middle is followed by somebody else, under the same name; the dead change nothing', async () => {
    const id = await planned()
    const [held] = await claimCalls(server.database.pool, 10)
    expect(await claimCalls(server.database.pool, 10)).toEqual([]) // The lease holds.
    await due()
    await make()
    expect(calls[0]?.headers['idempotency-key']).toBe(id)
    await settleCall(server.database.pool, held ?? { id, attempts: 1 }, { status: 'retry', problem: 'late' }, 0)
    expect(await all()).toMatchObject([{ id, status: 'sent', attempts: 2 }])
  })

  test('a receiver that is silent holds up nobody else', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const silentHost = `127.0.0.1:${(silent.address() as AddressInfo).port}`
    const last = await planned()
    await server.database.pool.query(
      `INSERT INTO webhook_calls (id, customer_id, journey, version, step, entry_number, visit, url, payload, planned_at, due_at)
       SELECT gen_random_uuid(), customer_id, 'j', 'v', 'call', 1 + n, 0, $1, payload, now(), now() - interval '1 min'
         FROM webhook_calls, generate_series(1, 40) AS n`,
      [`http://${silentHost}/hook`],
    )
    const resting = new RestingHosts()
    const needs = { database: server.database, nowMs: () => server.time.nowMs }
    const patient = channel({ timeoutMs: 200, allowedHosts: [host, silentHost] })
    expect(await makeCalls({ ...needs, channel: patient }, resting)).toBe(true)
    await makeCalls({ ...needs, channel: patient }, resting)
    silent.closeAllConnections()
    silent.close()
    expect((await all()).find(({ id }) => id === last)).toMatchObject({ status: 'sent' })
  })

  test('a call into the private network is refused where it is made, whatever was published', async () => {
    await planned('https://169.254.169.254/latest/meta-data/')
    await make()
    expect(await all()).toMatchObject([{ status: 'refused', problem: expect.stringContaining('private network') }])
  })
})
