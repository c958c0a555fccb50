/** What a provider reports of a broadcast's message finds its row: by the name under which it left, as the inbox has it. */

import { DefaultLogger, Runtime } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MailReport } from '../../src/domain/mail-report.ts'
import {
  readMailgunEvent,
  readPostmarkRecord,
  readSendGridEvents,
  readSesEvent,
} from '../../src/inbound/provider-events.ts'
import { type OurSignatures, readMail } from '../../src/inbound/read-mail.ts'
import { readUnsubscribeToken } from '../../src/store/links.ts'
import { takeMailReports } from '../../src/store/mail-reports.ts'
import { readReturnPath } from '../../src/store/return-path.ts'
import { addCrowd } from '../workflows/support/crowds.ts'
import type { ReceivedMail } from '../workflows/support/mail-server.ts'
import { createSettableClock, createStoreWorld, type StoreWorld } from '../workflows/support/store-world.ts'
import { sendAtOnce } from './support/broadcasts.ts'

Runtime.install({ logger: new DefaultLogger('ERROR') })

const clock = createSettableClock()
let world: StoreWorld
let inbox: readonly ReceivedMail[]

beforeAll(async () => {
  world = await createStoreWorld(clock)
  await addCrowd(world, ways.length)
  const mail = { reportedBy: 'postmark', bounceDomain: 'bounces.shop.example' } as const
  const page = await sendAtOnce(world, 'news', { template: 'hello' }, mail)
  if (page.sent !== ways.length) throw new Error(JSON.stringify(page))
  inbox = world.mail.inbox
})
afterAll(() => world.close())

const headerOf = (mail: ReceivedMail, name: string): string =>
  mail.headerLines.find(({ key }) => key === name)?.line.replace(/^[^:]*:\s*/, '') ?? ''
const addressOf = (mail: ReceivedMail): string => [mail.to].flat()[0]?.value[0]?.address ?? ''

/** A refusal of the mailbox, as each of them tells it. */
const ways: readonly (readonly [string, (mail: ReceivedMail) => MailReport[]])[] = [
  [
    'Postmark, by its metadata',
    (mail) =>
      readPostmarkRecord({
        RecordType: 'Bounce',
        Type: 'HardBounce',
        MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
        Metadata: { message: headerOf(mail, 'x-pm-metadata-message') },
        Email: addressOf(mail),
        Details: 'smtp;550 5.1.1 unknown',
      }),
  ],
  [
    'SES, by the Message-ID among the headers',
    (mail) =>
      readSesEvent({
        notificationType: 'Bounce',
        mail: { messageId: '0100-of-ses', headers: [{ name: 'Message-ID', value: headerOf(mail, 'message-id') }] },
        bounce: {
          bounceType: 'Permanent',
          bounceSubType: 'NoEmail',
          bouncedRecipients: [{ emailAddress: addressOf(mail), status: '5.1.1' }],
        },
      }),
  ],
  [
    'SendGrid, by the Message-ID',
    (mail) =>
      readSendGridEvents([
        {
          event: 'bounce',
          type: 'bounce',
          status: '5.1.1',
          email: addressOf(mail),
          'smtp-id': headerOf(mail, 'message-id'),
        },
      ]),
  ],
  [
    'Mailgun, by the Message-ID without its brackets',
    (mail) =>
      readMailgunEvent({
        event: 'failed',
        severity: 'permanent',
        recipient: addressOf(mail),
        message: { headers: { 'message-id': headerOf(mail, 'message-id').replaceAll(/[<>]/g, '') } },
        'delivery-status': { code: 550, message: '550 5.1.1 unknown' },
      }),
  ],
  [
    'a mail server, by the signed return path',
    (mail) =>
      readMail(
        Buffer.from(
          [
            'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
            '',
            '--b',
            'Content-Type: message/delivery-status',
            '',
            'Reporting-MTA: dns; mx.listener.example',
            '',
            `Final-Recipient: rfc822; ${addressOf(mail)}`,
            'Action: failed',
            'Status: 5.1.1',
            '',
            '--b--',
            '',
          ].join('\r\n'),
        ),
        mail.returnPath,
        ours(),
      ),
  ],
]

test.each(ways.map(([name, tell], i) => [name, i, tell] as const))('%s', async (_name, i, tell) => {
  const mail = inbox[i]!
  const rowOf = async (): Promise<object | undefined> =>
    (
      await world.database.pool.query<object>(
        `SELECT journey, status, reason,
                EXISTS (SELECT FROM suppressions s JOIN contact_points p USING (channel, address_hash)
                         WHERE p.customer_id = m.customer_id AND s.reason = 'bounce') AS suppressed
           FROM messages m WHERE '<' || id || '@shop.example>' = $1`,
        [headerOf(mail, 'message-id')],
      )
    ).rows[0]
  expect(await rowOf()).toEqual({ journey: 'broadcast:news', status: 'sent', reason: null, suppressed: false })
  const reports = tell(mail)
  // Now, and not when this broadcast went out: events are kept by month.
  expect(await takeMailReports(world, reports, Date.now())).toBe(1)
  const expected = { journey: 'broadcast:news', status: 'failed', reason: 'came back: 5.1.1', suppressed: true }
  expect(await rowOf()).toEqual(expected)
})

test('a mail to the address in List-Unsubscribe ends it for whoever it was sent to', async () => {
  const mail = inbox.at(-1)!
  const mailbox = /<mailto:([^>?]+)>/.exec(headerOf(mail, 'list-unsubscribe'))?.[1] ?? ''
  const reports = readMail(Buffer.from('Subject: anything\r\n\r\nout\r\n'), mailbox, ours())
  expect(await takeMailReports(world, reports, Date.now())).toBe(1)
  const { rows } = await world.database.pool.query(
    `SELECT w.status, w.topic FROM consents w JOIN messages m ON m.customer_id = w.customer_id
      WHERE '<' || m.id || '@shop.example>' = $1 AND w.status = 'withdrawn'`,
    [headerOf(mail, 'message-id')],
  )
  expect(rows).toEqual([{ status: 'withdrawn', topic: '*' }])
})

function ours(): OurSignatures {
  return {
    returnPath: (address) => readReturnPath(world.vault, address),
    unsubscribeLink: (token) => readUnsubscribeToken(world.vault, token),
  }
}
