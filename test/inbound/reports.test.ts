/**
 * Bounces (row "RFC 3464"), complaints (row "RFC 5965"), signed return paths (row "VERP"), and what providers report: from
 * the wire to the ledger, the list of suppressed addresses, and journeys.
 */

import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import nodemailer from 'nodemailer'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type MailListener, startMailListener } from '../../src/inbound/mail-listener.ts'
import { type SnsMessage, snsText } from '../../src/inbound/provider-signatures.ts'
import { readUnsubscribeToken, unsubscribeUrl } from '../../src/store/links.ts'
import { takeMailReports } from '../../src/store/mail-reports.ts'
import { readReturnPath, returnPath } from '../../src/store/return-path.ts'
import { consentsOf, customerId, live, plant } from '../api/support/people.ts'
import { startTestServer, type TestServer } from '../api/support/test-server.ts'
import { mailSamples, providerSamples } from './support/samples.ts'

const domain = 'bounces.shop.example'
const topic = 'arn:aws:sns:eu-west-1:123456789012:ses'
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const certificate = rsa.publicKey.export({ format: 'pem', type: 'spki' }).toString()
const fetched: string[] = []

let server: TestServer
let listener: MailListener
beforeAll(async () => {
  server = await startTestServer({
    mailHooks: {
      ses: topic,
      sendGridKey: ec.publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
      postmarkAuth: 'postmark:secret',
      mailgunKey: 'mailgun-key',
    },
    fetchText: async (url) => {
      fetched.push(url)
      return certificate
    },
  })
  listener = await startMailListener({
    host: '127.0.0.1',
    port: 0,
    domain,
    log: pino({ level: 'silent' }),
    ours: {
      returnPath: (address) => readReturnPath(server.vault, address),
      unsubscribeLink: (token) => readUnsubscribeToken(server.vault, token),
    },
    take: async (reports) => void (await takeMailReports(server, reports, server.time.nowMs)),
  })
})
afterAll(async () => {
  await listener.close()
  await server.close()
})

interface Somebody {
  readonly id: string
  readonly messageId: string
  readonly email: string
  readonly path: string
  readonly unsubscribeUrl: string
}

let person = 0
async function somebody(): Promise<Somebody> {
  const userId = `r${person++}`
  const email = `${userId}@example.org`
  await live(server, [{ type: 'identify', userId, traits: { email, consent: { email: true } } }])
  const id = await customerId(server, userId)
  server.time.nowMs += 60_000
  const messageId = await plant(server, { customerId: id })
  const link = unsubscribeUrl(server.vault, 'https://shop.example', messageId)
  return { id, messageId, email, path: returnPath(server.vault, domain, messageId), unsubscribeUrl: link }
}

/** Through a real SMTP conversation. @returns the code of the answer. */
async function mail(to: string, raw: string, from = ''): Promise<number> {
  const transport = nodemailer.createTransport({
    host: '127.0.0.1',
    port: listener.port,
    secure: false,
    ignoreTLS: true,
  })
  try {
    await transport.sendMail({ envelope: { from, to: [to] }, raw })
    return 250
  } catch (error) {
    return (error as { responseCode?: number }).responseCode ?? 0
  } finally {
    transport.close()
  }
}

async function suppressed(email: string): Promise<string | undefined> {
  const { rows } = await server.database.pool.query<{ reason: string }>(
    `SELECT reason FROM suppressions WHERE channel = 'email' AND address_hash = $1`,
    [server.vault.lookupHash('email', email)],
  )
  return rows[0]?.reason
}

async function ledger(messageId: string): Promise<object | undefined> {
  const { rows } = await server.database.pool.query(
    'SELECT status, reason, delivered_at IS NOT NULL AS delivered FROM messages WHERE id = $1',
    [messageId],
  )
  return rows[0] as object | undefined
}

async function events(messageId: string): Promise<string[]> {
  const { rows } = await server.database.pool.query<{ name: string }>(
    `SELECT name FROM events WHERE properties ->> 'message_id' = $1 ORDER BY id`,
    [messageId],
  )
  return rows.map(({ name }) => name)
}

const outcomes = {
  gone: { reason: 'bounce', status: 'failed', event: ['Email Bounced'] },
  soft: { reason: undefined, status: 'failed', event: ['Email Bounced'] },
  complaint: { reason: 'complaint', status: 'sent', event: ['Email Marked as Spam'] },
  delivered: { reason: undefined, status: 'sent', event: [] },
  none: { reason: undefined, status: 'sent', event: [] },
} as const

describe('by mail', () => {
  test.each(mailSamples({ path: '', to: '', unsubscribeUrl: '' }).map(({ name, says }) => [name, says] as const))(
    '%s: %s, at once, and once',
    async (name, says) => {
      const who = await somebody()
      const sample = mailSamples({ ...who, to: who.email }).find((one) => one.name === name)
      const isComplaint = name.includes('spam, by')
      for (let times = 0; times < 2; times++) {
        expect(await mail(isComplaint ? `complaints@${domain}` : who.path, sample?.body ?? '')).toBe(250)
      }
      expect(await suppressed(who.email)).toBe(outcomes[says].reason)
      expect(await ledger(who.messageId)).toMatchObject({ status: outcomes[says].status })
      expect(await events(who.messageId)).toEqual(outcomes[says].event)
    },
  )

  test('a forged return path is refused, and suppresses nobody', async () => {
    const who = await somebody()
    const other = await somebody()
    const [body] = mailSamples({ ...who, to: who.email })
    const signature = who.path.slice(who.path.indexOf('.'))
    for (const path of [
      `b+${other.messageId}${signature}`,
      who.path.replace(/\.[0-9a-f]/, (found) => (found === '.0' ? '.1' : '.0')),
      who.path.replace('b+', 'u+'),
      who.path.replace(domain, 'elsewhere.example'),
      `anybody@${domain}`,
      `b+@${domain}`,
    ]) {
      expect(await mail(path, body?.body ?? '')).toBe(550)
    }
    expect(await suppressed(who.email)).toBeUndefined()
    expect(await suppressed(other.email)).toBeUndefined()
  })

  test('mail servers may change the case of a return path', async () => {
    const who = await somebody()
    const [sample] = mailSamples({ ...who, to: who.email })
    expect(await mail(who.path.toUpperCase().replace(domain.toUpperCase(), domain), sample?.body ?? '')).toBe(250)
    expect(await suppressed(who.email)).toBe('bounce')
  })

  test('a report that names somebody else suppresses only whom the message went to', async () => {
    const who = await somebody()
    const bystander = await somebody()
    const [sample] = mailSamples({ ...who, to: bystander.email })
    await mail(who.path, sample?.body ?? '')
    expect(await suppressed(bystander.email)).toBeUndefined()
    expect(await suppressed(who.email)).toBe('bounce')
  })

  test('a complaint without a signature of ours suppresses nobody', async () => {
    const who = await somebody()
    const forged = {
      path: `b+${who.messageId}.${'0'.repeat(24)}@${domain}`,
      to: who.email,
      unsubscribeUrl: `https://shop.example/u/${who.messageId}.${'A'.repeat(22)}`,
    }
    for (const { name, body } of mailSamples(forged).filter(({ says }) => says === 'complaint')) {
      expect([name, await mail(`complaints@${domain}`, body)]).toEqual([name, 250])
    }
    expect(await suppressed(who.email)).toBeUndefined()
  })

  test('what keeps coming back softly is given up after five messages, not before', async () => {
    const who = await somebody()
    for (let n = 1; n <= 5; n++) {
      expect(await suppressed(who.email)).toBeUndefined()
      const messageId = await plant(server, { customerId: who.id, step: `soft-${n}` })
      const path = returnPath(server.vault, domain, messageId)
      const soft = mailSamples({ ...who, path, to: who.email }).find(({ name }) => name === 'mailbox full')
      await mail(path, soft?.body ?? '')
      await mail(path, soft?.body ?? '')
    }
    expect(await suppressed(who.email)).toBe('bounce')
  })

  test('who cannot be reached because we are blocked is not given up', async () => {
    const who = await somebody()
    for (const name of ['refused as spam', 'our own sender refused']) {
      for (let n = 1; n <= 6; n++) {
        const messageId = await plant(server, { customerId: who.id, step: `${name}-${n}` })
        const path = returnPath(server.vault, domain, messageId)
        await mail(path, mailSamples({ ...who, path, to: who.email }).find((one) => one.name === name)?.body ?? '')
        expect(await ledger(messageId)).toMatchObject({ status: 'failed' })
      }
    }
    expect(await suppressed(who.email)).toBeUndefined()
  })

  test('a mail to the address of List-Unsubscribe ends such messages, whatever it says', async () => {
    const who = await somebody()
    const path = returnPath(server.vault, domain, who.messageId, 'unsubscribe')
    expect(path.indexOf('@')).toBeLessThanOrEqual(64)
    expect(await mail(path, 'Subject: \r\n\r\n', 'someone@else.example')).toBe(250)
    expect(await consentsOf(server, who.id)).toEqual(['email * withdrawn (unsubscribe)'])
  })

  test('and once more for whoever has come back in between', async () => {
    const who = await somebody()
    const path = returnPath(server.vault, domain, who.messageId, 'unsubscribe')
    expect(await mail(path, 'Subject: \r\n\r\n', 'someone@else.example')).toBe(250)
    server.time.nowMs += 60_000
    await server.database.pool.query(
      `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
       VALUES ($1, 'email', '*', 'granted', $2, 'preference-page', 'page')`,
      [who.id, new Date(server.time.nowMs)],
    )
    expect(await consentsOf(server, who.id)).toEqual(['email * granted (page)'])
    server.time.nowMs += 60_000
    expect(await mail(path, 'Subject: \r\n\r\n', 'someone@else.example')).toBe(250)
    expect(await consentsOf(server, who.id)).toEqual(['email * withdrawn (unsubscribe)'])
  })

  test('what is under way hears of it', async () => {
    const who = await somebody()
    await plant(server, { customerId: who.id, status: 'planned', step: 'next' })
    const [sample] = mailSamples({ ...who, to: who.email })
    await mail(who.path, sample?.body ?? '')
    const { rows } = await server.database.pool.query(`SELECT FROM news WHERE customer_id = $1 AND kind = 'contact'`, [
      who.id,
    ])
    expect(rows).toHaveLength(1)
  })
})

function sns(event: object | string, more: Partial<SnsMessage> = {}, key = rsa.privateKey): string {
  const message: SnsMessage = {
    Type: 'Notification',
    MessageId: 'da41e39f-ea4d-435a-b922-c6aae3915ebe',
    TopicArn: topic,
    Message: typeof event === 'string' ? event : JSON.stringify(event),
    Timestamp: '2026-11-25T10:00:00.000Z',
    SignatureVersion: '2',
    Signature: '',
    SigningCertURL: 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem',
    ...more,
  }
  const algorithm = message.SignatureVersion === '1' ? 'sha1' : 'sha256'
  const Signature = sign(algorithm, Buffer.from(snsText(message)), key).toString('base64')
  return JSON.stringify({ ...message, Signature })
}

/** A call as the provider makes it, signed. */
function call(provider: string, event: object): { readonly body: string; readonly headers: Record<string, string> } {
  switch (provider) {
    case 'ses':
      return { body: sns(event), headers: { 'content-type': 'text/plain; charset=UTF-8' } }
    case 'sendgrid': {
      const body = JSON.stringify(event)
      const timestamp = '1764064800'
      return {
        body,
        headers: {
          'content-type': 'application/json',
          'x-twilio-email-event-webhook-timestamp': timestamp,
          'x-twilio-email-event-webhook-signature': sign(
            'sha256',
            Buffer.from(timestamp + body),
            ec.privateKey,
          ).toString('base64'),
        },
      }
    }
    case 'postmark':
      return {
        body: JSON.stringify(event),
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from('postmark:secret').toString('base64')}`,
        },
      }
    default: {
      const timestamp = String(Math.floor(Date.now() / 1000))
      const signature = {
        timestamp,
        token: 'tok',
        signature: createHmac('sha256', 'mailgun-key').update(`${timestamp}tok`).digest('hex'),
      }
      return {
        body: JSON.stringify({ signature, 'event-data': event }),
        headers: { 'content-type': 'application/json' },
      }
    }
  }
}

async function post(provider: string, { body, headers }: ReturnType<typeof call>): Promise<number> {
  return (await fetch(`${server.url}/hooks/${provider}`, { method: 'POST', body, headers })).status
}

describe('by call', () => {
  test.each(providerSamples('', '').map(({ provider, name, says }) => [provider, name, says] as const))(
    '%s, %s: %s, at once, and once',
    async (provider, name, says) => {
      const who = await somebody()
      const sample = providerSamples(who.messageId, who.email).find(
        (one) => one.provider === provider && one.name === name,
      )
      for (let times = 0; times < 2; times++)
        expect(await post(provider, call(provider, sample?.event ?? {}))).toBe(204)
      expect(await suppressed(who.email)).toBe(outcomes[says].reason)
      expect(await ledger(who.messageId)).toMatchObject({ status: outcomes[says].status })
      expect(await events(who.messageId)).toEqual(outcomes[says].event)
    },
  )

  test.each(['ses', 'sendgrid', 'postmark', 'mailgun'])(
    '%s: a call that is not signed, or changed, is 403 and changes nothing',
    async (provider) => {
      const who = await somebody()
      const sample = providerSamples(who.messageId, who.email).find((one) => one.provider === provider)
      const right = call(provider, sample?.event ?? {})
      const wrong: ReturnType<typeof call>[] =
        provider === 'postmark'
          ? [
              { ...right, headers: {} },
              { ...right, headers: { authorization: 'Basic cG9zdG1hcms6d3Jvbmc=' } },
            ]
          : provider === 'mailgun'
            ? [
                { ...right, body: right.body.replace('"tok"', '"tik"') },
                { ...right, body: right.body.replace(/"signature":"\w{4}/, '"signature":"0000') },
                { ...right, body: right.body.replace(/"timestamp":"\d+"/, '"timestamp":"1000000000"') },
              ]
            : [
                { ...right, body: right.body.replace(who.email, 'victim@example.org') },
                {
                  ...right,
                  headers: { 'content-type': 'text/html' },
                  ...(provider === 'ses'
                    ? { body: right.body.replace(/"Signature":"[^"]{4}/, '"Signature":"AAAA') }
                    : {}),
                },
              ]
      for (const one of wrong) expect(await post(provider, one)).toBe(403)
      expect(await post(provider, { body: 'no json', headers: right.headers })).not.toBe(204)
      expect(await suppressed(who.email)).toBeUndefined()
      expect(await suppressed('victim@example.org')).toBeUndefined()
    },
  )

  test('SNS: another topic, a certificate from elsewhere, or another key counts for nothing', async () => {
    const who = await somebody()
    const [sample] = providerSamples(who.messageId, who.email)
    const event = sample?.event ?? {}
    const otherKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    fetched.length = 0
    for (const body of [
      sns(event, { TopicArn: 'arn:aws:sns:eu-west-1:666666666666:ses' }),
      sns(event, { SigningCertURL: 'https://evil.example/SimpleNotificationService-0123456789abcdef.pem' }),
      sns(event, {
        SigningCertURL:
          'https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem',
      }),
      sns(event, {
        SigningCertURL: 'http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem',
      }),
      sns(event, { SigningCertURL: 'https://sns.eu-west-1.amazonaws.com/other.pem' }),
      sns(event, { SignatureVersion: '3' }),
      sns(event, {}, otherKey),
    ]) {
      expect(await post('ses', { body, headers: {} })).toBe(403)
    }
    expect(fetched.filter((url) => !url.startsWith('https://sns.eu-west-1.amazonaws.com/Simple'))).toEqual([])
    expect(await suppressed(who.email)).toBeUndefined()
    expect(await post('ses', { body: sns(event, { SignatureVersion: '1' }), headers: {} })).toBe(204)
    expect(await suppressed(who.email)).toBe('bounce')
  })

  test('SNS: a subscription is confirmed at Amazon only', async () => {
    fetched.length = 0
    const confirm = (SubscribeURL: string): string =>
      sns('You have chosen to subscribe', { Type: 'SubscriptionConfirmation', Token: 't', SubscribeURL })
    const right = 'https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=t'
    expect(await post('ses', { body: confirm(right), headers: {} })).toBe(204)
    expect(await post('ses', { body: confirm('https://169.254.169.254/latest/meta-data'), headers: {} })).toBe(204)
    expect(fetched.filter((url) => !url.endsWith('.pem'))).toEqual([right])
  })

  test('CVE-2021-27910: nothing that a report says is kept but codes', async () => {
    const who = await somebody()
    const sample = providerSamples(who.messageId, who.email).find(
      ({ provider, says }) => provider === 'postmark' && says === 'gone',
    )
    await post('postmark', call('postmark', sample?.event ?? {}))
    const { rows } = await server.database.pool.query<{ text: string }>(
      `SELECT concat(r::text, s::text, e.properties::text) AS text FROM message_reports r, suppressions s, events e
        WHERE r.message_id = $1 AND s.detail LIKE 'postmark%' AND e.properties ->> 'message_id' = $1::text`,
      [who.messageId],
    )
    expect(rows.length).toBeGreaterThan(0)
    for (const { text } of rows) expect(text).not.toMatch(/script|alert|unknown/)
  })

  test('somebody whom we do not know is suppressed all the same: the provider knows', async () => {
    const [sample] = providerSamples('00000000-0000-4000-8000-000000000000', 'stranger@example.org')
    expect(await post('ses', call('ses', sample?.event ?? {}))).toBe(204)
    expect(await suppressed('stranger@example.org')).toBe('bounce')
  })

  test('SES names a message by what it answered when it took it, where it is not told to send headers along', async () => {
    const who = await somebody()
    const providerMessageId = '0100018c0a1b2c3d-6f5e2b1a-0c9d-4e8f-a7b6-c5d4e3f2a1b0-000000'
    await server.database.pool.query('UPDATE messages SET provider_message_id = $2 WHERE id = $1', [
      who.messageId,
      providerMessageId,
    ])
    const complaint = { complainedRecipients: [{ emailAddress: who.email }], complaintFeedbackType: 'abuse' }
    const event = { notificationType: 'Complaint', mail: { messageId: providerMessageId }, complaint }
    expect(await post('ses', call('ses', event))).toBe(204)
    expect(await events(who.messageId)).toEqual(['Email Marked as Spam'])
    const { rows } = await server.database.pool.query('SELECT kind FROM message_reports WHERE message_id = $1', [
      who.messageId,
    ])
    expect(rows).toEqual([{ kind: 'complaint' }])
  })

  test('whoever leaves at the provider has left, also where it names no message of ours', async () => {
    const who = await somebody()
    const event = [{ event: 'unsubscribe', email: who.email, sg_message_id: 'unknown.filter-1' }]
    expect(await post('sendgrid', call('sendgrid', event))).toBe(204)
    expect(await consentsOf(server, who.id)).toEqual(['email * withdrawn (unsubscribe)'])
  })
})
