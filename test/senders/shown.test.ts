/** What is told of identities: to the operator, in the console, of each message; and one that is paused by its own rates. */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import nodemailer from 'nodemailer'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { examineSenders } from '../../src/cli/doctor/senders.ts'
import { readConfig } from '../../src/config.ts'
import type { SenderReport } from '../../src/domain/sender-report.ts'
import { dayMs } from '../../src/domain/time.ts'
import { startMailListener } from '../../src/inbound/mail-listener.ts'
import { createLedger } from '../../src/store/ledger.ts'
import { consoleLoginUrl, readUnsubscribeToken } from '../../src/store/links.ts'
import { takeMailReports } from '../../src/store/mail-reports.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { readReturnPath, returnPath } from '../../src/store/return-path.ts'
import { breakCircuits, findPauses } from '../../src/store/sending-pauses.ts'
import { customerId, live } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { perennial } from '../cli/support/in-process.ts'
import { startNameServer } from '../deliverability/support/name-server.ts'
import { sender } from './support/senders.ts'

const folder = mkdtempSync(join(tmpdir(), 'perennial-senders-'))
let server: TestServer
let ada: string
beforeAll(async () => {
  const now = Date.now()
  const plan = { fromMs: (Math.floor(now / dayMs) - 1) * dayMs, days: [10, 20, 40] }
  const news = sender('news', {
    topics: ['news'],
    dkim: ['s1@news.example=/news.pem'],
    bounceDomain: 'bounces.news.example',
    plan,
  })
  server = await startTestServer({ senders: [news, sender('receipts', { classes: ['transactional'] })] })
  server.time.nowMs = now
  await live(server, [
    { type: 'identify', userId: 'ada', traits: { email: 'ada@listener.example', consent: { email: true } } },
  ])
  ada = await customerId(server, 'ada')
})
beforeEach(() => sql('TRUNCATE messages, sending_pauses, sender_days, message_reports CASCADE'))
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const sql = (text: string, ...values: unknown[]) => server.database.pool.query(text, values)
const there = (...args: string[]) => perennial(...args, '--url', server.url, '--token', server.adminToken)

/** Mails that left under an identity, of which so many came back. */
async function sent(by: string | null, count: number, bounced = 0, messageClass = 'marketing'): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID())
  await sql(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                           template, status, planned_at, transmitting_at, settled_at, sender)
     SELECT id, $2, 'letters ' || id, 'v', 's', 1, 0, 'email', $3, 'news', 't', 'sent', $4, $4, $4, $5
       FROM unnest($1::uuid[]) AS id`,
    ids,
    ada,
    messageClass,
    new Date(server.time.nowMs),
    by,
  )
  await sql(
    `INSERT INTO message_reports (message_id, kind, source, reported_at) SELECT id, 'bounce', 'dsn', now() FROM unnest($1::uuid[]) AS id`,
    ids.slice(0, bounced),
  )
  return ids
}

test('the operator sees who is for what, what left today, and how far the plan is', async () => {
  await sent('news', 3)
  await sent('receipts', 2, 0, 'transactional')
  await sent(null, 1)
  await sql(`INSERT INTO sender_days VALUES ('news', $1, 3, 1)`, new Date(server.time.nowMs).toISOString().slice(0, 10))
  const { senders } = JSON.parse(await there('senders', '--json')) as { senders: SenderReport[] }
  expect(senders.map(({ key, domain }) => [key, domain])).toEqual([
    ['default', 'example.org'],
    ['news', 'news.example'],
    ['receipts', 'receipts.example'],
  ])
  expect(senders[1]).toMatchObject({
    topics: ['news'],
    signsWith: ['s1@news.example'],
    bounceDomain: 'bounces.news.example',
    today: { marketing: 3, transactional: 0 },
    plan: { day: 2, most: 20, used: 3, left: 17 },
    lately: { sent: 3, bounced: 0, level: 'ok' },
  })
  const table = await there('senders')
  expect(table).toContain('news: day 2 of 3 of its warm-up, 3 of 20 places used, 17 left.')
  expect(table).toMatch(/receipts .*transactional .*unsigned/)
  expect(await there('deliverability')).toContain('news (news.example): day 2 of 3 of its warm-up')

  const { pathname, search } = new URL(consoleLoginUrl(server.vault, server.url, 60_000))
  const login = await fetch(server.url + pathname + search, { redirect: 'manual' })
  const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
  const page = await (await fetch(`${server.url}/senders`, { headers: { cookie } })).text()
  expect(page).toContain('day 2 of 3 of its warm-up')
  expect(page).toContain('3 marketing')
  expect((await fetch(`${server.url}/senders`, { redirect: 'manual' })).status).toBe(303)
})

test('of a message it is told under which identity it left', async () => {
  const [id = ''] = await sent('news', 1)
  expect(await there('messages', 'list')).toMatch(/ sender\n[^]* news$/m)
  expect(await there('why', 'ada', id)).toContain('sent, under the identity news.')
  expect(await there('customer', 'show', '--external-id', 'ada', '--json')).toContain('"sender":"news"')
})

test('an identity that mailboxes complain of is paused by itself, and the others go on', async () => {
  await sent('news', 100, 6)
  await sent(null, 20)
  expect(await breakCircuits(server.database.pool, server.time.nowMs)).toContain(
    '6 addresses that do not exist of 100 messages (6.00 %) in mail of the sender news; the limit is 5.00 %',
  )
  const scopes = (await findPauses(server.database.pool)).map(({ scope, key }) => `${scope} ${key}`)
  expect(scopes).toContain('sender news')
  // All mail together is at 5 % too, for which the others are not to blame.
  expect(scopes).not.toContain('all *')
  await sql(`UPDATE sending_pauses SET lifted_at = now(), lifted_by = 'test' WHERE scope <> 'sender'`)

  const plan = async (): Promise<string> => {
    const [id = ''] = await sent(null, 1)
    await sql(`UPDATE messages SET status = 'planned', settled_at = NULL, transmitting_at = NULL WHERE id = $1`, id)
    return id
  }
  const ledger = createLedger(server.database)
  const outcome = async (key: string | null) => {
    const holder = { owner: 'test', attempt: randomUUID() }
    const claim = await ledger.claim(await plan(), holder, server.time.nowMs)
    if (claim.outcome !== 'claimed') throw new Error(claim.outcome)
    const use = { ...claim, sender: { key, day: undefined } }
    return ledger.transmit(use, holder, server.time.nowMs, 1_000, () => ({ allowed: true }))
  }
  expect(await outcome('news')).toEqual({ outcome: 'postponed', untilMs: server.time.nowMs + 15 * 60_000 })
  expect(await outcome(null)).toEqual({ outcome: 'transmit' })
  expect(await there('senders')).toMatch(/news is PAUSED \(\d+\): 6 addresses/)
})

test('with one identity alone nothing is said of identities', async () => {
  await sent(null, 100, 6)
  await breakCircuits(server.database.pool, server.time.nowMs)
  const scopes = (await findPauses(server.database.pool)).map(({ scope }) => scope)
  expect(scopes).toContain('all')
  expect(scopes).not.toContain('sender')
  expect(await there('deliverability')).not.toContain('sender ')
})

test('bounces come in at the domain of each identity, and at no other', async () => {
  const [id = ''] = await sent('news', 1)
  const listener = await startMailListener({
    host: '127.0.0.1',
    port: 0,
    domain: 'bounces.shop.example',
    otherDomains: ['bounces.news.example'],
    log: pino({ level: 'silent' }),
    ours: {
      returnPath: (address) => readReturnPath(server.vault, address),
      unsubscribeLink: (token) => readUnsubscribeToken(server.vault, token),
    },
    take: async (reports) => void (await takeMailReports(server, reports, server.time.nowMs)),
  })
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port: listener.port, ignoreTLS: true })
  const bounce = (domain: string): Promise<unknown> =>
    transport.sendMail({
      envelope: { from: '', to: returnPath(server.vault, domain, id) },
      raw: [
        'From: MAILER-DAEMON@mx.example',
        'Content-Type: multipart/report; report-type=delivery-status; boundary=x',
        '',
        '--x\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n--x',
        'Content-Type: message/delivery-status',
        '',
        'Reporting-MTA: dns; mx.example',
        '',
        'Final-Recipient: rfc822; ada@listener.example',
        'Action: failed',
        'Status: 5.1.1',
        '',
        '--x--',
        '',
      ].join('\r\n'),
    })
  await expect(bounce('bounces.other.example')).rejects.toThrow(/5\.1\.1 No such mailbox/)
  await bounce('bounces.news.example')
  const { rows } = await sql(`SELECT kind FROM message_reports WHERE message_id = $1`, id)
  expect(rows).toEqual([{ kind: 'bounce' }])
  transport.close()
  await listener.close()
})

test('"doctor" warns of topics that the policy does not have, and "doctor mail" looks at each domain', async () => {
  await publishCampaigns(
    server.database,
    fileURLToPath(new URL('../workflows/campaigns', import.meta.url)),
    server.time.nowMs,
  )
  const path = join(folder, 'senders.yaml')
  const config = (topic: string, more = '') => {
    writeFileSync(path, `senders:\n  - { key: news, from: news@news.example, topics: [${topic}]${more} }\n`)
    return readConfig({ MAIL_SENDERS: path, MAIL_FROM: 'shop@shop.example' })
  }
  expect(await examineSenders(config('offers'), server.databaseUrl)).toMatchObject([{ name: 'senders', status: 'ok' }])
  expect(await examineSenders(config('ofers'), server.databaseUrl)).toMatchObject([
    { status: 'warning', detail: expect.stringContaining('no topic "ofers" of news') },
  ])
  expect(await examineSenders(readConfig({}), server.databaseUrl)).toEqual([])

  const dns = await startNameServer()
  const code = process.exitCode
  dns.zone = { 'TXT news.example': ['v=spf1 -all'], 'MX shop.example': ['10 mx.shop.example'] }
  process.env['MAIL_SENDERS'] = path
  process.env['MAIL_FROM'] = 'shop@shop.example'
  try {
    const findings = await perennial('doctor', 'mail', '--resolver', dns.address, '--json')
    expect(findings).toContain('"name":"SPF"')
    expect(findings).toContain('"name":"news: SPF","status":"ok"')
  } finally {
    process.exitCode = code
    delete process.env['MAIL_SENDERS']
    delete process.env['MAIL_FROM']
    await dns.close()
  }
})
