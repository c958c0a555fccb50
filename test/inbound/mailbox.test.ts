/** Bounces and complaints fetched from a mailbox, over IMAP. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { MailReport } from '../../src/domain/mail-report.ts'
import { type Fetched, fetchReports, readMailboxUrl } from '../../src/inbound/mailbox.ts'
import { readUnsubscribeToken, unsubscribeUrl } from '../../src/store/links.ts'
import { takeMailReports } from '../../src/store/mail-reports.ts'
import { readReturnPath, returnPath } from '../../src/store/return-path.ts'
import { customerId, live, plant } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { type ImapServer, startImapServer } from '../support/imap-server.ts'
import { mailSamples } from './support/samples.ts'

const domain = 'bounces.shop.example'
const email = 'mailbox.reader@example.org'
let server: TestServer
let imap: ImapServer
let messageId: string

beforeAll(async () => {
  server = await startTestServer()
  await live(server, [{ type: 'identify', userId: 'm1', traits: { email } }])
  server.time.nowMs += 60_000
  messageId = await plant(server, { customerId: await customerId(server, 'm1') })
})
beforeEach(async () => {
  imap = await startImapServer('bounces@shop.example', 'p@ss word')
})
afterEach(() => imap.close())
afterAll(() => server.close())

const url = (password = 'p@ss word'): string =>
  `imap://bounces%40shop.example:${encodeURIComponent(password)}@127.0.0.1:${imap.port}/INBOX`

function samples(path = returnPath(server.vault, domain, messageId)): Map<string, string> {
  const link = unsubscribeUrl(server.vault, 'https://shop.example', messageId)
  return new Map(mailSamples({ path, to: email, unsubscribeUrl: link }).map(({ says, body }) => [says, body]))
}

function look(
  take: (reports: readonly MailReport[]) => Promise<void> = async (reports) =>
    void (await takeMailReports(server, reports, server.time.nowMs)),
  mailbox = readMailboxUrl(url()),
): Promise<Fetched> {
  const ours = {
    returnPath: (address: string) => readReturnPath(server.vault, address),
    unsubscribeLink: (token: string) => readUnsubscribeToken(server.vault, token),
  }
  return fetchReports(mailbox, ours, take)
}

const isSuppressed = async (): Promise<boolean> =>
  ((
    await server.database.pool.query('SELECT FROM suppressions WHERE address_hash = $1', [
      server.vault.lookupHash('email', email),
    ])
  ).rowCount ?? 0) > 0

test('each mail is read once: what we signed counts, what others made up or write does not, and all are marked', async () => {
  imap.deliver(samples(`b+${messageId}.${'0'.repeat(24)}@${domain}`).get('gone') ?? '')
  imap.deliver('From: a@b.example\r\nTo: bounces@shop.example\r\nSubject: Out of office\r\n\r\nBack on Monday.\r\n')
  expect(await look()).toEqual({ mails: 2, reports: 0, hasMore: false })
  expect(await isSuppressed()).toBe(false)

  imap.deliver(samples().get('gone') ?? '')
  expect(await look()).toEqual({ mails: 1, reports: 1, hasMore: false })
  expect(await isSuppressed()).toBe(true)
  expect(imap.mails.every(({ isSeen }) => isSeen)).toBe(true)
  expect(await look()).toEqual({ mails: 0, reports: 0, hasMore: false })
})

test('without return paths of their own: a bounce is known by the message that it carries along, a leave by its subject', async () => {
  const link = unsubscribeUrl(server.vault, 'https://shop.example', messageId)
  const [bounce] = mailSamples({ path: 'shop@shop.example', to: email, unsubscribeUrl: link })
  const carried = (by: string): string =>
    (bounce?.body ?? '').replace(
      'From: Shop <shop@shop.example>',
      `List-Unsubscribe: <${by}>\r\nFrom: Shop <shop@shop.example>`,
    )
  const leave = (by: string): string =>
    `From: ${email}\r\nTo: shop@shop.example\r\nSubject: unsubscribe ${by.slice(by.lastIndexOf('/') + 1)}\r\n\r\n\r\n`
  const forged = `https://shop.example/u/${messageId}.${'A'.repeat(22)}`
  const taken: MailReport[] = []
  const take = async (reports: readonly MailReport[]): Promise<void> => void taken.push(...reports)
  for (const by of [forged, link]) {
    imap.deliver(carried(by))
    imap.deliver(leave(by))
  }
  imap.deliver(leave(link).replace('Subject: ', 'Subject: Re: '))
  expect(await look(take)).toMatchObject({ mails: 5, reports: 2 })
  expect(taken).toMatchObject([
    { kind: 'bounce', messageId, code: '5.1.1', address: email },
    { kind: 'unsubscribe', messageId },
  ])
})

test('what could not be written down stays unseen, and comes again', async () => {
  imap.deliver(samples().get('complaint') ?? '')
  await expect(look(() => Promise.reject(new Error('the database is away')))).rejects.toThrow('the database is away')
  expect(imap.mails.map(({ isSeen }) => isSeen)).toEqual([false])
  const taken: MailReport[] = []
  expect(await look(async (reports) => void taken.push(...reports))).toMatchObject({ mails: 1, reports: 1 })
  expect(taken).toMatchObject([{ kind: 'complaint', messageId }])
})

test('a server that breaks off in the middle of a mail takes nothing along', async () => {
  imap.deliver(samples().get('gone') ?? '')
  imap.breakAt('FETCH')
  await expect(look()).rejects.toThrow(/^the mailbox/)
  imap.breakAt(undefined)
  expect(await look()).toMatchObject({ mails: 1 })
})

test('a wrong password is told without it, and without the words of the server', async () => {
  const error: unknown = await look(undefined, readMailboxUrl(url('wrong'))).catch((reason: unknown) => reason)
  expect(String(error)).toBe('MailboxError: the mailbox refuses user and password')
})

test.each([
  'pop3://user:hunter2@mail.example/',
  'imaps://mail.example/INBOX',
  'imaps://user:hunter2@mail.example/INBOX?every=0',
  'hunter2',
])('%s is refused, and its password not told', (text) => {
  expect(() => readMailboxUrl(text)).toThrow(/^MAIL_BOUNCE_MAILBOX: (?!.*hunter2)/)
})

test('a mailbox is named as usual', () => {
  expect(readMailboxUrl('imaps://us%40er:p%3Aw@mail.example/Bounces?every=5')).toEqual({
    host: 'mail.example',
    port: 993,
    secure: true,
    user: 'us@er',
    password: 'p:w',
    folder: 'Bounces',
    everyMs: 5_000,
  })
})
