/** A person stops all sending: nothing of what is held leaves, by whichever door it was asked for, until somebody lets it go on. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { UsageError } from '../../src/cli/usage-error.ts'
import { createApiKey } from '../../src/store/api-keys.ts'
import { createLedger } from '../../src/store/ledger.ts'
import type { ClaimedMessage, SealedRecipient } from '../../src/store/ledger-types.ts'
import { holdSending, releaseSending } from '../../src/store/sending-hold.ts'
import { claimCalls } from '../../src/store/webhook-calls.ts'
import { customerId, live, plant } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { perennial } from '../cli/support/in-process.ts'
import { signIn } from '../console/support/sign-in.ts'

let server: TestServer
let ada: string
beforeAll(async () => {
  server = await startTestServer()
  const traits = { email: 'ada@example.org', phone: '+12015550123' }
  await live(server, [{ type: 'identify', userId: 'ada', traits }])
  ada = await customerId(server, 'ada')
})
afterAll(() => server.close())
beforeEach(async () => {
  for (const table of ['sending_pauses', 'messages', 'webhook_calls']) await sql(`DELETE FROM ${table}`)
})

const sql = async <Row extends object>(text: string, ...values: unknown[]): Promise<Row[]> =>
  (await server.database.pool.query<Row>(text, values)).rows

const holder = { owner: 'test', attempt: randomUUID() }
const claim = (id: string): Promise<{ readonly outcome: string }> =>
  createLedger(server.database).claim(id, holder, server.time.nowMs)

async function planned(channel: 'email' | 'sms', messageClass: 'marketing' | 'transactional'): Promise<string> {
  const id = await plant(server, { customerId: ada, status: 'planned', channel, step: `${channel}-${messageClass}` })
  await sql('UPDATE messages SET message_class = $2 WHERE id = $1', id, messageClass)
  return id
}

async function outcomes(): Promise<string[]> {
  const kinds = (['email', 'sms'] as const).flatMap((channel) =>
    (['marketing', 'transactional'] as const).map((messageClass) => ({ channel, messageClass })),
  )
  const found: string[] = []
  for (const { channel, messageClass } of kinds) {
    await sql('DELETE FROM messages')
    found.push(`${channel} ${messageClass}: ${(await claim(await planned(channel, messageClass))).outcome}`)
  }
  return found
}

const api = async (
  path: string,
  body?: object,
  token = server.adminToken,
): Promise<{ status: number; body: unknown }> => {
  const response = await fetch(`${server.url}/api${path}`, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  })
  return { status: response.status, body: await response.json() }
}

const held = (extent: 'marketing' | 'everything'): Promise<boolean> =>
  holdSending(server.database.pool, { extent, reason: 'a bad template', by: 'test' }, server.time.nowMs)

test('held marketing waits on every channel, receipts go; held everything nothing goes; afterwards all do', async () => {
  await held('marketing')
  expect(await outcomes()).toEqual([
    'email marketing: postponed',
    'email transactional: claimed',
    'sms marketing: postponed',
    'sms transactional: claimed',
  ])
  await held('everything')
  expect(await outcomes()).toEqual(Array.from({ length: 4 }, () => expect.stringMatching(/: postponed$/)))
  expect(await releaseSending(server.database.pool, 'test', server.time.nowMs)).toBe(2)
  expect(await outcomes()).toEqual(Array.from({ length: 4 }, () => expect.stringMatching(/: claimed$/)))
})

test('a message that was in hand when everything was stopped does not leave either', async () => {
  const ledger = createLedger(server.database)
  const id = await planned('email', 'transactional')
  const claimed = await ledger.claim(id, holder, server.time.nowMs)
  if (claimed.outcome !== 'claimed') throw new Error(claimed.outcome)
  const transmit = (one: { message: ClaimedMessage; recipient: SealedRecipient }): Promise<{ outcome: string }> =>
    ledger.transmit(one, holder, server.time.nowMs, 60_000, () => ({ allowed: true }))
  await held('everything')
  expect(await transmit(claimed)).toEqual({ outcome: 'lost' })
  expect(await claim(id)).toMatchObject({ outcome: 'postponed' })
})

test('webhook calls wait while everything is held, and only then', async () => {
  await sql(
    `INSERT INTO webhook_calls (id, customer_id, journey, version, step, entry_number, visit, url, payload, status, attempts, due_at, planned_at)
     VALUES (gen_random_uuid(), $1, 'welcome', 'v1', 'call', 1, 1, 'https://shop.example/hook', '{}', 'planned', 0, now() - interval '1 min', now())`,
    ada,
  )
  await held('everything')
  expect(await claimCalls(server.database.pool, 10)).toEqual([])
  await releaseSending(server.database.pool, 'test', server.time.nowMs)
  await held('marketing')
  expect(await claimCalls(server.database.pool, 10)).toHaveLength(1)
})

test('by the API: admins only, a reason is needed, twice is no error, the status and the audit tell', async () => {
  const { key: marketer } = await createApiKey(server.database, { kind: 'marketer', name: 'Marta' })
  expect((await api('/sending/pause', { reason: 'x' }, marketer)).status).toBe(403)
  expect(await api('/sending/pause', { reason: ' ' })).toMatchObject({
    status: 400,
    body: { error: { field: 'reason' } },
  })
  await planned('email', 'marketing')
  const waiting = { marketing: 1, transactional: 0 }
  const paused = await api('/sending/pause', { reason: 'restored', extent: 'everything' })
  expect(paused.body).toMatchObject({ changed: true, held: { extent: 'everything', reason: 'restored' }, waiting })
  expect((await api('/sending/pause', { reason: 'again', extent: 'everything' })).body).toMatchObject({
    changed: false,
    held: { reason: 'restored' },
  })
  expect((await api('/status')).body).toMatchObject({ held: { extent: 'everything', reason: 'restored' } })
  expect((await api('/sending/resume', {})).body).toEqual({ changed: true, held: null, waiting })
  expect((await api('/sending/resume', {})).body).toMatchObject({ changed: false })
  expect((await api('/status')).body).toMatchObject({ held: null })
  const audit = await sql<{ action: string }>(`SELECT action FROM audit_entries WHERE detail ? 'sending' ORDER BY at`)
  expect(audit.slice(-2).map(({ action }) => action)).toEqual(['pause', 'resume'])
})

test('by the command line, also where only the database is up: what is dear is asked about', async () => {
  process.env['DATABASE_URL'] = server.databaseUrl
  try {
    await planned('sms', 'marketing')
    await expect(perennial('pause', '--reason', 'x')).rejects.toThrow(/--all must be given/)
    await expect(perennial('pause', '--all', '--reason', ' ')).rejects.toThrow(/reason: must have 1 to 200/)
    await expect(perennial('pause', '--all', '--reason', 'copy', '--transactional')).rejects.toThrow(/add --yes/)
    expect(await perennial('pause', '--all', '--reason', 'copy', '--transactional', '--yes')).toMatch(
      /^Nothing is sent since \d{4}-\S+Z: copy\. 1 marketing and 0 transactional messages wait\.$/,
    )
    await expect(perennial('resume', '--all')).rejects.toThrow(/1 marketing and 0 .* Add --yes/)
    await expect(perennial('resume', '--all')).rejects.toThrow(UsageError)
    expect(await perennial('resume', '--all', '--yes')).toMatch(/^Sending goes on/)
    const there = ['--url', server.url, '--token', server.adminToken]
    expect(await perennial('pause', '--all', '--reason', 'far', ...there)).toMatch(/^No marketing is sent since/)
    expect(await perennial('resume', '--all', '--yes', ...there)).toMatch(/^Sending goes on/)
  } finally {
    delete process.env['DATABASE_URL']
  }
})

test('in the console: stopped and let go on, each after a question; others may only look', async () => {
  const { key } = await createApiKey(server.database, { kind: 'analyst', name: 'Anna' })
  const [admin, analyst] = [await signIn(server, server.adminToken), await signIn(server, key)]
  const page = async (path: string, form?: Record<string, string>, cookie = admin): Promise<string> => {
    const body = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
    const response = await fetch(server.url + path, { redirect: 'manual', headers: { cookie }, ...body })
    return `${response.status} ${await response.text()}`
  }
  const wish = { extent: 'everything', reason: 'wrong <b>price</b>' }
  expect(await page('/sending/pause', wish, analyst)).toMatch(/^403/)
  expect(await page('/sending', undefined, analyst)).not.toContain('<button class="quiet" name="extent"')
  expect(await page('/sending/pause', wish)).toMatch(/^200[\s\S]*Stop sending\?[\s\S]*wrong &lt;b&gt;price/)
  expect(await page('/sending')).toContain('Messages leave as planned.')
  expect(await page('/sending/pause', { ...wish, sure: 'yes' })).toMatch(/^303/)
  expect(await page('/sending')).toMatch(/Nothing is sent<\/strong> since[\s\S]*wrong &lt;b&gt;price/)
  expect(await page('/')).toContain('Sending is stopped')
  expect(await page('/sending/resume', {})).toMatch(/^200[\s\S]*Let sending go on\?/)
  expect(await page('/sending/resume', { sure: 'yes' })).toMatch(/^303/)
  expect(await page('/sending')).toContain('Messages leave as planned.')
})

test('after a copy was restored: what may have left is put in doubt, only while sending is held, and is not sent', async () => {
  const before = new Date(server.time.nowMs + 1).toISOString()
  const [marketing, receipt] = [await planned('email', 'marketing'), await planned('email', 'transactional')]
  const there = ['--url', server.url, '--token', server.adminToken]
  expect((await api('/messages/doubt', { plannedBefore: 'yesterday' })).body).toMatchObject({
    error: { field: 'plannedBefore' },
  })
  await expect(perennial('messages', 'doubt', '--planned-before', before, ...there)).rejects.toThrow(
    /put 2 messages in doubt/,
  )
  const doubt = (...more: string[]): Promise<string> =>
    perennial('messages', 'doubt', '--planned-before', before, '--yes', ...more, ...there)
  await expect(doubt()).rejects.toThrow(/must be held/)
  await held('marketing')
  await expect(doubt()).rejects.toThrow(/must be held/)
  expect(await doubt('--class', 'marketing')).toMatch(/^1 are in doubt/)
  expect((await api('/messages/doubt', { plannedBefore: new Date(0).toISOString(), dryRun: true })).body).toEqual({
    open: 0,
  })
  await releaseSending(server.database.pool, 'test', server.time.nowMs)
  expect(await claim(marketing)).toMatchObject({ outcome: 'settled', status: 'in_doubt' })
  expect(await claim(receipt)).toMatchObject({ outcome: 'claimed' })
})
