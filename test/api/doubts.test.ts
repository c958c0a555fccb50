/** Messages in doubt: what there is, a person's word, the provider's word; and what monitoring sees of it. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSmsChannel, type SmsChannel } from '../../src/channels/sms/sms-channel.ts'
import { type SmsCatcher, startSmsCatcher } from '../../src/embedded/sms-catcher.ts'
import { createApiKey } from '../../src/store/api-keys.ts'
import { takeMailReports } from '../../src/store/mail-reports.ts'
import { askAbout } from '../../workers/doubtful-sms.ts'
import { customerId, live, plant } from './support/people.ts'
import { startTestServer, type TestServer } from './support/test-server.ts'

const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a-token' }
const phone = '+12025550147'
let server: TestServer
let home: string
let twin: SmsCatcher
let sms: SmsChannel
let ann: string

beforeAll(async () => {
  server = await startTestServer()
  home = mkdtempSync(join(tmpdir(), 'perennial-test-'))
  twin = await startSmsCatcher({ home, account })
  sms = createSmsChannel({ ...account, from: '+15005550006', apiUrl: twin.url })
  await live(server, [{ type: 'identify', userId: 'ann', traits: { email: 'ann@example.org', phone } }])
  ann = await customerId(server, 'ann')
})
beforeEach(() => server.database.pool.query('DELETE FROM messages'))
afterAll(async () => {
  await twin.close()
  await server.close()
  rmSync(home, { recursive: true, force: true })
})

async function ask(method: string, path: string, body?: object, token = server.adminToken) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  const text = await response.text()
  return {
    status: response.status,
    text,
    json: (path === '/metrics' ? {} : JSON.parse(text)) as Record<string, unknown>,
  }
}

async function doubtful(more: { readonly channel?: string; readonly step?: string } = {}): Promise<string> {
  const id = await plant(server, { customerId: ann, status: 'in_doubt', ...more })
  const at = new Date(server.time.nowMs)
  await server.database.pool.query(
    `UPDATE messages SET transmitting_at = $2, claimed_by = 'a#1', reason = 'the sender was lost while transmitting' WHERE id = $1`,
    [id, at],
  )
  return id
}

const rowOf = async (id: string) =>
  (
    await server.database.pool.query<Record<string, unknown>>(
      `SELECT status, reason, settled_at IS NOT NULL AS settled, claimed_by AS holder, provider_message_id AS sid FROM messages WHERE id = $1`,
      [id],
    )
  ).rows[0]

const unread = async (): Promise<number> =>
  (await server.database.pool.query('SELECT FROM news WHERE customer_id = $1 AND kind = $2', [ann, 'contact']))
    .rowCount ?? 0

describe('a person', () => {
  test.each([
    ['sent', { status: 'sent', reason: null, settled: true }],
    ['failed', { status: 'failed', settled: true }],
    ['retry', { status: 'planned', settled: false, holder: null }],
  ])('says "%s"', async (as, expected) => {
    const id = await doubtful()
    const before = await unread()
    expect(await ask('POST', '/api/messages/settle', { as, id })).toMatchObject({ status: 200, json: { settled: 1 } })
    expect(await rowOf(id)).toMatchObject(expected)
    expect((await unread()) - before).toBe(as === 'retry' ? 1 : 0)
    expect((await ask('POST', '/api/messages/settle', { as, id })).status).toBe(404)
    const { rowCount } = await server.database.pool.query(
      `SELECT FROM audit_entries WHERE action = 'settle' AND detail ->> 'id' = $1`,
      [id],
    )
    expect(rowCount).toBe(1)
  })

  test('sees how many there are and why, and settles all of a journey at once', async () => {
    const ids = [await doubtful(), await doubtful({ step: 'two' }), await doubtful({ channel: 'sms', step: 'three' })]
    const seen = (await ask('GET', '/api/messages/in-doubt')).json as { total: number; inDoubt: { count: number }[] }
    expect(seen.total).toBe(3)
    expect(seen.inDoubt.map(({ count }) => count)).toEqual([1, 1, 1])
    const all = { as: 'failed', all: true, journey: 'welcome', channel: 'email' }
    expect((await ask('POST', '/api/messages/settle', all)).json).toEqual({ settled: 2, kept: 0 })
    expect(await Promise.all(ids.map(rowOf))).toMatchObject([
      { status: 'failed' },
      { status: 'failed' },
      { status: 'in_doubt' },
    ])
  })

  test('cannot send again what is stale, or what the API asked for', async () => {
    const [stale, requested] = [await doubtful(), await doubtful({ step: 'two' })]
    const { pool } = server.database
    await pool.query('UPDATE messages SET expires_at = $2 WHERE id = $1', [stale, new Date(server.time.nowMs - 1)])
    await pool.query(`UPDATE messages SET journey = 'system:api' WHERE id = $1`, [requested])
    for (const id of [stale, requested]) {
      expect((await ask('POST', '/api/messages/settle', { as: 'retry', id })).status).toBe(409)
      expect(await rowOf(id)).toMatchObject({ status: 'in_doubt', settled: true })
    }
    expect((await ask('POST', '/api/messages/settle', { as: 'retry', all: true })).json).toEqual({
      settled: 0,
      kept: 2,
    })
  })

  test.each<[object, string]>([
    [{}, 'as'],
    [{ as: 'lost', id: '0195f3a0-0000-7000-8000-000000000001' }, 'as'],
    [{ as: 'sent' }, 'id'],
    [{ as: 'sent', id: 'x' }, 'id'],
    [{ as: 'sent', id: '0195f3a0-0000-7000-8000-000000000001', journey: 'x' }, 'id'],
  ])('is told what is wrong with %j', async (body, field) => {
    expect(await ask('POST', '/api/messages/settle', body)).toMatchObject({ status: 400, json: { error: { field } } })
  })
})

describe('delivery notices', () => {
  test('end a doubt, and know better than a person', async () => {
    const id = await doubtful()
    await ask('POST', '/api/messages/settle', { as: 'sent', id })
    const report = { providerMessageId: undefined, address: undefined, code: '5.1.1', source: 'dsn', isTrusted: false }
    await takeMailReports(server, [{ kind: 'bounce', messageId: id, ...report }], server.time.nowMs)
    expect(await rowOf(id)).toMatchObject({ status: 'failed', reason: 'came back: 5.1.1' })
  })
})

describe('the provider', () => {
  const looked = (): Promise<number> =>
    askAbout(
      { ...server, find: (to, ms) => sms.find?.(to, ms) ?? Promise.resolve([]), nowMs: () => Date.now() },
      Date.now() + 1,
    )

  beforeEach(() => {
    server.time.nowMs = Date.now()
  })

  test('never had it: it is sent after all', async () => {
    const id = await doubtful({ channel: 'sms' })
    const before = await unread()
    expect(await looked()).toBe(1)
    expect(await rowOf(id)).toMatchObject({ status: 'planned', settled: false, holder: null })
    expect((await unread()) - before).toBe(1)
  })

  test('never had what the API asked for: it has failed, for what it was to say is gone', async () => {
    const id = await doubtful({ channel: 'sms' })
    await server.database.pool.query(`UPDATE messages SET journey = 'system:api' WHERE id = $1`, [id])
    expect(await looked()).toBe(1)
    expect(await rowOf(id)).toMatchObject({ status: 'failed', settled: true })
  })

  test('has one that no other message of ours is: that is it', async () => {
    const known = await sms.send({ to: phone, text: 'An earlier one', statusUrl: 'http://127.0.0.1:9/' })
    await plant(server, {
      customerId: ann,
      channel: 'sms',
      sid: known.status === 'sent' ? (known.providerMessageId ?? '') : '',
    })
    const id = await doubtful({ channel: 'sms', step: 'two' })
    const taken = await sms.send({ to: phone, text: 'Hello', statusUrl: 'http://127.0.0.1:9/' })
    expect(await looked()).toBe(1)
    const sid = taken.status === 'sent' ? taken.providerMessageId : ''
    expect(await rowOf(id)).toMatchObject({ status: 'sent', sid, reason: null })
    expect(await looked()).toBe(0)
  })

  test('has several that it could be: nobody guesses, and nobody asks again', async () => {
    await sms.send({ to: phone, text: 'One', statusUrl: 'http://127.0.0.1:9/' })
    await sms.send({ to: phone, text: 'Two', statusUrl: 'http://127.0.0.1:9/' })
    const id = await doubtful({ channel: 'sms' })
    expect(await looked()).toBe(1)
    expect(await rowOf(id)).toMatchObject({
      status: 'in_doubt',
      reason: 'the provider was asked, and knows of several',
    })
    expect(await looked()).toBe(0)
  })

  test('that is away leaves the doubt as it is', async () => {
    const id = await doubtful({ channel: 'sms' })
    const away = createSmsChannel({ ...account, from: '+15005550006', apiUrl: 'http://127.0.0.1:1' })
    const find = away.find ?? (() => Promise.resolve([]))
    await expect(askAbout({ ...server, find, nowMs: () => Date.now() }, Date.now() + 1)).rejects.toThrow(/ECONNREFUSED/)
    expect(await rowOf(id)).toMatchObject({ status: 'in_doubt' })
  })
})

describe('metrics', () => {
  test('count messages by status and what stands still, for whoever has a key, and name nobody', async () => {
    await doubtful()
    await plant(server, { customerId: ann, step: 'two' })
    await server.database.pool.query(
      `INSERT INTO sending_pauses (scope, key, reason, since) VALUES ('domain', 'ann-private.example', 'x', now())`,
    )
    const { key } = await createApiKey(server.database, { kind: 'analyst', name: 'prometheus' })
    const { status, text } = await ask('GET', '/metrics', undefined, key)
    expect(status).toBe(200)
    expect(text).toContain('perennial_messages{channel="email",class="marketing",status="in_doubt"} 1')
    expect(text).toContain('perennial_messages{channel="email",class="marketing",status="sent"} 1')
    expect(text).toContain('perennial_sending_pauses{scope="domain"} 1')
    expect(text).toContain('perennial_news_unread ')
    expect(text).toMatch(/^perennial_api_process_cpu_seconds_total /m)
    expect(text).not.toMatch(/example|\+1202/)
    expect((await ask('GET', '/metrics', undefined, 'pat_wrong')).status).toBe(401)
  })
})
