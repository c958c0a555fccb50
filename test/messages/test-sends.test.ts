/** Tests of templates: they really leave, say that they are tests, and nothing of them stays but a line in the audit. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readTestTeam } from '../../src/api/admin/test-recipients.ts'
import { createEmailChannel, type EmailChannel } from '../../src/channels/email/email-channel.ts'
import { createSmsChannel } from '../../src/channels/sms/sms-channel.ts'
import { type SmsCatcher, startSmsCatcher } from '../../src/embedded/sms-catcher.ts'
import { createApiKey } from '../../src/store/api-keys.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { holdSending, releaseSending } from '../../src/store/sending-hold.ts'
import { suppress } from '../../src/store/suppressions.ts'
import { live } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { perennial } from '../cli/support/in-process.ts'
import { signIn } from '../console/support/sign-in.ts'
import { type CampaignDirectory, campaignDirectory } from '../store/support/campaign-directory.ts'
import { type Sink, startSink } from '../support/smtp/sink.ts'

const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a-token' }
const home = mkdtempSync(join(tmpdir(), 'perennial-test-'))
const arrived: { to: string; content: Buffer }[] = []
let server: TestServer
let sink: Sink
let twin: SmsCatcher
let email: EmailChannel
let directory: CampaignDirectory

beforeAll(async () => {
  sink = await startSink({ onMessage: (to, content) => void arrived.push({ to, content }) })
  twin = await startSmsCatcher({ home, account })
  email = createEmailChannel({ smtpUrl: sink.url, from: 'Garden Shop <shop@example.org>' })
  const sms = createSmsChannel({ ...account, from: '+15005550006', apiUrl: twin.url })
  server = await startTestServer({ testChannels: { email, sms } })
  directory = campaignDirectory({
    'templates/spring.email.html':
      '---\nsubject: Spring, {{ customer.firstName }}\n---\n<p>Hello {{ customer.firstName }}</p>',
    'templates/spring.email.txt': 'Hello {{ customer.firstName }}',
    'templates/spring.de.email.txt': '---\nsubject: Frühling\n---\nHallo {{ customer.firstName }}',
    'templates/soon.sms.txt': 'Soon, {{ customer.firstName }}.',
  })
  await publishCampaigns(server.database, directory.path, server.time.nowMs)
  await live(server, [
    { type: 'identify', userId: 'grace', traits: { email: 'grace@inbox.example', firstName: 'Grace' } },
  ])
})
afterAll(async () => {
  directory.remove()
  email.close()
  await server.close()
  await Promise.all([sink.close(), twin.close()])
  rmSync(home, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly json: {
    readonly results?: readonly { readonly status: string }[]
    readonly error?: { readonly message: string; readonly field?: string }
  }
}

async function ask(template: string, body: unknown, token = server.adminToken): Promise<Answer> {
  const response = await fetch(`${server.url}/api/templates/${template}/test`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, json: (await response.json()) as Answer['json'] }
}

async function lastMail(): Promise<{ to: string; subject: string | undefined; text: string; raw: string }> {
  const { to, content } = arrived.at(-1) ?? { to: '', content: Buffer.alloc(0) }
  const { subject, text = '' } = await simpleParser(content)
  return { to, subject, text, raw: content.toString() }
}

const count = async (text: string): Promise<unknown> =>
  (await server.database.pool.query<{ n: number }>(text)).rows[0]?.n

test('it leaves as the message would, marked, with links that change nothing, and is in no ledger', async () => {
  expect(await ask('spring', { to: 'Ada@Example.org' })).toEqual({
    status: 200,
    json: { channel: 'email', results: [{ status: 'sent', reason: null }] },
  })
  const mail = await lastMail()
  expect([mail.to, mail.subject]).toEqual(['ada@example.org', '[Test] Spring, Ada'])
  expect(mail.text).toContain('Unsubscribe: https://shop.example/u/preview')
  expect(mail.raw).toMatch(/List-Unsubscribe: <https:\/\/shop\.example\/u\/preview>/)
  for (const method of ['GET', 'POST']) {
    const page = await fetch(`${server.url}/u/preview`, { method })
    expect([page.status, (await page.text()).includes('nothing has changed')]).toEqual([200, true])
  }
  expect(await ask('spring', { to: ['ada@example.org'], customer: 'grace', locale: 'de' })).toMatchObject({
    status: 200,
  })
  expect(await lastMail()).toMatchObject({ subject: '[Test] Frühling', to: 'ada@example.org' })
  expect((await lastMail()).text).toContain('Hallo Grace')
  expect(await count('SELECT count(*)::int AS n FROM messages')).toBe(0)
  const { rows } = await server.database.pool.query(
    `SELECT action, detail FROM audit_entries WHERE action IN ('test-message', 'preview') ORDER BY id`,
  )
  expect(rows).toEqual([
    { action: 'test-message', detail: { template: 'spring', recipients: 1, outside: 0 } },
    { action: 'preview', detail: {} },
    { action: 'test-message', detail: { template: 'spring', recipients: 1, outside: 0 } },
  ])
})

test('nobody outside of the team by mistake, nobody on the suppression list at all, and no crowd', async () => {
  const before = arrived.length
  const refused = await ask('spring', { to: ['ada@example.org', 'stranger@elsewhere.example'] })
  expect(refused).toMatchObject({ status: 409, json: { error: { field: 'confirmed' } } })
  expect(refused.json.error?.message).not.toContain('stranger')
  const addressHash = server.vault.lookupHash('email', 'gone@example.org')
  const suppression = { channel: 'email', addressHash, reason: 'complaint', detail: null, atMs: 0 } as const
  await suppress(server.database.pool, suppression)
  for (const [body, status] of [
    [{ to: 'gone@example.org', confirmed: true }, 409],
    [{ to: 'no address' }, 400],
    [{ to: [] }, 400],
    [{ to: Array.from({ length: 11 }, (_, i) => `a${i}@example.org`) }, 400],
    [{ to: 'ada@example.org', customer: 'nobody' }, 404],
    [{ to: 'ada@example.org', more: 1 }, 400],
  ] as const)
    expect([body, (await ask('spring', body)).status]).toEqual([body, status])
  expect((await ask('none', { to: 'ada@example.org' })).status).toBe(404)
  const marketer = await createApiKey(server.database, { kind: 'marketer', name: 'Marta' })
  expect((await ask('spring', { to: 'ada@example.org' }, marketer.key)).status).toBe(403)
  expect(arrived).toHaveLength(before)
  expect(await ask('spring', { to: 'stranger@elsewhere.example', confirmed: true })).toMatchObject({ status: 200 })
  expect(arrived).toHaveLength(before + 1)
  await server.database.pool.query(
    `INSERT INTO audit_entries (at, actor, action, detail) VALUES (now(), 'x', 'test-message', '{"recipients": 200}')`,
  )
  expect((await ask('spring', { to: 'ada@example.org' })).status).toBe(429)
  await server.database.pool.query(`DELETE FROM audit_entries WHERE actor = 'x'`)
})

test('where all sending is stopped no test leaves either', async () => {
  const before = arrived.length
  const { pool } = server.database
  await holdSending(pool, { extent: 'everything', reason: 'a restored copy', by: 'x' }, server.time.nowMs)
  const refused = await ask('spring', { to: 'ada@example.org' })
  expect([refused.status, refused.json.error?.message]).toEqual([409, expect.stringContaining('a restored copy')])
  expect(arrived).toHaveLength(before)
  await releaseSending(pool, 'x', server.time.nowMs)
  expect((await ask('spring', { to: 'ada@example.org' })).status).toBe(200)
})

test('a refusal of the mail server is told at once', async () => {
  sink.behave((stage) => (stage === 'rcpt' ? 'permanent' : undefined))
  expect((await ask('spring', { to: 'ada@example.org' })).json.results).toMatchObject([{ status: 'failed' }])
  sink.behave(() => undefined)
})

test('by SMS and by the command line', async () => {
  const options = ['--url', server.url, '--token', server.adminToken]
  const said = await perennial('templates', 'test', 'soon', '--to', '+12025550147', '--yes', ...options)
  expect(said.trim()).toBe('sent')
  const { messages } = (await (await fetch(`${twin.url}/api/messages`)).json()) as { messages: { body: string }[] }
  expect(messages.at(-1)?.body).toBe('[Test] Soon, Ada.')
  await expect(perennial('templates', 'test', 'soon', '--to', '+12025550147', ...options)).rejects.toThrow(/team/)
})

test('in the console: everybody sees it with invented eyes, an admin sends it, and is asked before it leaves the house', async () => {
  const marta = await createApiKey(server.database, { kind: 'marketer', name: 'Marta' })
  const [admin, marketer] = [await signIn(server, server.adminToken), await signIn(server, marta.key)]
  const page = async (cookie: string, path: string, form?: Record<string, string>): Promise<string> => {
    const post = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }
    return (await fetch(server.url + path, { headers: { cookie }, ...post })).text()
  }
  const shown = await page(marketer, '/templates/spring')
  expect(shown).toContain('<strong>Spring, Ada</strong>')
  expect(shown).toContain('href="/templates/spring.de"')
  expect(shown).not.toContain('name="customer"')
  expect(await page(marketer, '/templates/spring/shown')).toContain('Hello Ada')
  expect(await page(marketer, '/templates/spring', { customer: 'grace' })).not.toContain('Grace')
  const before = arrived.length
  expect(await page(marketer, '/templates/spring/test', { to: 'ada@example.org' })).toContain('Only admins')
  const asked = await page(admin, '/templates/spring/test', { to: 'x@elsewhere.example', customer: 'grace' })
  expect(asked).toMatch(/Send it there all the same/)
  expect(asked).toContain('name="confirmed"')
  expect(arrived).toHaveLength(before)
  expect(await page(admin, '/templates/spring/test', { to: 'ada@example.org, bob@example.org' })).toContain(
    'Test 2 has left',
  )
  expect(arrived).toHaveLength(before + 2)
})

test('who is of the team is said by addresses, domains and numbers; anything else is refused at the start', () => {
  const team = readTestTeam(
    ['@shop.example', 'Agency@Other.example', '+44 20 7946 0958'.replaceAll(' ', '')],
    'x.example',
  )
  const known = ['ann@shop.example', 'agency@other.example', '+442079460958', 'ann@x.example', 'ann@other.example']
  expect(known.map((one) => team.has(one))).toEqual([true, true, true, false, false])
  expect(readTestTeam([], 'X.example').has('ann@x.example')).toBe(true)
  for (const entry of ['shop', '@', '@shop', '+1', 'a@b@c.example'])
    expect(() => readTestTeam([entry], 'x.example')).toThrow(/PERENNIAL_TEST_RECIPIENTS/)
})
