/** Email over SMTP, against a real server: what arrives, and what can not. */

import type { ParsedMail } from 'mailparser'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createEmailChannel, type Email, type EmailChannel } from '../../src/channels/email/email-channel.ts'
import { type MailServer, startMailServer } from '../workflows/support/mail-server.ts'

let server: MailServer
let channel: EmailChannel

beforeAll(async () => {
  server = await startMailServer()
  channel = createEmailChannel({ smtpUrl: server.url, from: 'Łódź Shop <shop@shop.example>' })
})
afterEach(() => {
  server.forget()
  server.behave({})
})
afterAll(async () => {
  channel.close()
  await server.close()
})

const email = (part: Partial<Email> = {}): Email => ({
  id: '0b8f4a5e-6a57-4a39-9a6f-3f6a0b0c0d0e',
  to: 'ada@listener.example',
  subject: 'Hello',
  text: 'Hello Ada',
  html: '<p>Hello Ada</p>',
  unsubscribeUrl: 'https://shop.example/u/token',
  ...part,
})

async function received(part: Partial<Email>): Promise<ParsedMail> {
  expect(await channel.send(email(part))).toMatchObject({ status: 'sent' })
  return server.inbox[0]!
}

const headerLines = (mail: ParsedMail, key: string): string[] =>
  mail.headerLines.filter((header) => header.key === key).map((header) => header.line)

test('a message arrives with both of its bodies, its sender and a Message-ID made from its own id', async () => {
  const mail = await received({ subject: 'Žluťoučký kůň 🐎' })
  expect(mail).toMatchObject({
    subject: 'Žluťoučký kůň 🐎',
    text: 'Hello Ada',
    html: '<p>Hello Ada</p>',
    messageId: '<0b8f4a5e-6a57-4a39-9a6f-3f6a0b0c0d0e@shop.example>',
    from: { value: [{ name: 'Łódź Shop', address: 'shop@shop.example' }] },
    to: { value: [{ address: 'ada@listener.example' }] },
  })
})

test('what stands in its bodies is read as it was written: signs, letters of all kinds, long lines', async () => {
  const line = `1 + 1 = 2 & größer > 0, 東京; ${'a'.repeat(200)}`
  const html = `<p class="x" style='y'>${line}</p>`
  const mail = await received({ text: `.${line}\n\n.end`, html })
  expect(mail.text).toBe(`.${line}\n\n.end`)
  expect(mail.html).toBe(html)
  server.forget()
  const plain = await received({ text: line, html: null })
  expect(plain.text?.trim()).toBe(line)
})

test('where Postmark sends, it is told our id in its own way: it gives messages a Message-ID of its own', async () => {
  const postmark = createEmailChannel({ smtpUrl: server.url, from: 'shop@shop.example', reportedBy: 'postmark' })
  expect(await postmark.send(email())).toMatchObject({ status: 'sent' })
  postmark.close()
  expect(headerLines(server.inbox[0]!, 'x-pm-metadata-message')).toEqual([
    'X-PM-Metadata-message: 0b8f4a5e-6a57-4a39-9a6f-3f6a0b0c0d0e',
  ])
  server.forget()
  expect(headerLines(await received({}), 'x-pm-metadata-message')).toEqual([])
})

describe('nothing that is filled in can become a header:', () => {
  const subjects = [
    'Hi\r\nBcc: eve@evil.example',
    'Hi\nBcc: eve@evil.example',
    'Hi\rX-Evil: 1',
    'Hi\u2028Bcc: eve@evil.example',
  ]
  test.each(subjects)('a subject of %j', async (subject) => {
    const mail = await received({ subject })
    expect(mail.bcc).toBeUndefined()
    expect(mail.headers.has('x-evil')).toBe(false)
    expect(headerLines(mail, 'subject')).toHaveLength(1)
    expect(mail.subject).toMatch(/^Hi (Bcc|X-Evil): /)
  })

  const addresses = [
    'ada@listener.example\r\nRCPT TO:<eve@evil.example>',
    'ada@listener.example, eve@evil.example',
    'Ada <ada@listener.example>',
    'ada@listener.example eve@evil.example',
    '"a b"@listener.example',
    'ada@listener.example\0',
    'ada',
    '',
    `${'a'.repeat(65)}@listener.example`,
    `ada@${'a'.repeat(254)}.example`,
  ]
  test.each(addresses)('an address of %j', async (to) => {
    expect(await channel.send(email({ to }))).toEqual({
      status: 'failed',
      reason: 'not an email address',
      suppress: 'invalid',
    })
    expect(server.inbox).toEqual([])
  })

  test.each(['Shop\r\nBcc: x@x.example <shop@shop.example>', 'shop', 'Shop <shop>', 'a@b.example, c@d.example'])(
    'a sender of %j',
    (from) => {
      expect(() => createEmailChannel({ smtpUrl: server.url, from })).toThrow(/^MAIL_FROM: /)
    },
  )

  test('bodies name files and addresses of the web as mere text', async () => {
    const body = '{"path":"/etc/passwd","href":"file:///etc/passwd"}'
    const mail = await received({ text: body, html: body })
    expect(mail.text?.trim()).toBe(body)
    expect(mail.attachments).toEqual([])
  })
})

test('many messages at once share the connections, and each arrives once', async () => {
  const ids = Array.from({ length: 40 }, (_, i) => `message-${i}`)
  const results = await Promise.all(ids.map((id) => channel.send(email({ id }))))
  expect(results.every(({ status }) => status === 'sent')).toBe(true)
  expect(new Set(server.inbox.map((mail) => mail.messageId))).toEqual(new Set(ids.map((id) => `<${id}@shop.example>`)))
  expect(server.inbox).toHaveLength(40)
})

test('a doubt about one message is no doubt about the next on the same connection', async () => {
  const single = createEmailChannel({ smtpUrl: `${server.url}?connections=1`, from: 'shop@shop.example' })
  server.behave({ hangUpAfterMessage: true })
  expect(await single.send(email())).toMatchObject({ status: 'in_doubt' })
  server.behave({ hangUpAtRecipient: true })
  expect(await single.send(email())).toMatchObject({ status: 'retry' })
  server.behave({})
  expect(await single.send(email())).toMatchObject({ status: 'sent' })
  server.behave({ hangUpAtRecipient: true })
  expect(await single.send(email())).toMatchObject({ status: 'retry' })
  single.close()
})
