import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SendMailOptions } from 'nodemailer'
import nodemailer from 'nodemailer'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { MailCatcher } from '../../src/embedded/mail-catcher.ts'
import { startMailCatcher } from '../../src/embedded/mail-catcher.ts'
import { ServiceError } from '../../src/embedded/service-error.ts'

interface Listed {
  readonly total: number
  readonly messages: readonly { readonly id: string; readonly to: string[]; readonly subject: string }[]
}

interface Shown {
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly headers: readonly { readonly name: string; readonly value: string }[]
}

let home: string
let catcher: MailCatcher

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'perennial-mail-'))
  catcher = await startMailCatcher({ home })
})

afterEach(async () => {
  await catcher.close()
  rmSync(home, { recursive: true, force: true })
})

async function send(message: SendMailOptions): Promise<void> {
  const transport = nodemailer.createTransport(catcher.smtpUrl)
  try {
    await transport.sendMail({ from: 'shop@perennial.example', text: 'Hello', ...message })
  } finally {
    transport.close()
  }
}

async function get<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await fetch(catcher.uiUrl + path, init)
  return (await response.json()) as T
}

describe('a message that nodemailer sends', () => {
  test('is listed and shown in full, with every header', async () => {
    await send({
      to: 'ana@example.com',
      subject: 'Žluťoučký kůň für Ána',
      html: '<p>Hi <b>Ána</b></p><script>alert(1)</script>',
      list: { unsubscribe: { url: 'https://shop.example/u/1', comment: 'Unsubscribe' } },
    })
    const { total, messages } = await get<Listed>('/api/messages')
    expect(total).toBe(1)
    expect(messages[0]).toMatchObject({ to: ['ana@example.com'], subject: 'Žluťoučký kůň für Ána' })

    const mail = await get<Shown>(`/api/messages/${messages[0]?.id}`)
    expect(mail.text.trim()).toBe('Hello')
    expect(mail.html).toContain('<b>Ána</b>')
    expect(mail.headers).toContainEqual({ name: 'list-unsubscribe', value: '<https://shop.example/u/1> (Unsubscribe)' })
  })

  test('is still there after a restart, also when a line of the index was cut short', async () => {
    await send({ to: 'ana@example.com', subject: 'first' })
    await catcher.close()
    appendFileSync(join(home, 'mail', 'index.jsonl'), '{"id":"half a li')
    catcher = await startMailCatcher({ home })
    await send({ to: 'ana@example.com', subject: 'second' })
    await catcher.close()
    catcher = await startMailCatcher({ home })
    const { messages } = await get<Listed>('/api/messages')
    expect(messages.map(({ subject }) => subject)).toEqual(['second', 'first'])
  })

  test('goes to the address of the envelope, several at once included', async () => {
    await send({ to: 'ana@example.com, ben@example.com', bcc: 'Cleo@example.com', subject: 'all' })
    await send({ to: 'ben@example.com', subject: 'ben' })
    const to = async (address: string): Promise<number> => (await get<Listed>(`/api/messages?to=${address}`)).total
    expect([await to('ana@example.com'), await to('ben@example.com'), await to('cleo@EXAMPLE.com')]).toEqual([1, 2, 1])
    expect(await to('nobody@example.com')).toBe(0)
  })

  test('with a name and a password is taken as well', async () => {
    const { port, hostname } = new URL(catcher.smtpUrl)
    const transport = nodemailer.createTransport({ host: hostname, port: Number(port), auth: { user: 'a', pass: 'b' } })
    await transport.sendMail({ from: 'a@example.com', to: 'b@example.com', text: 'x' })
    transport.close()
    expect((await get<Listed>('/api/messages')).total).toBe(1)
  })
})

describe('what is refused', () => {
  test.each([
    ['someone@refused.invalid', 550],
    ['someone@Later.invalid', 451],
  ])('an address to rehearse a refusal with: %s gets %i', async (to, responseCode) => {
    await expect(send({ to, subject: 'x' })).rejects.toMatchObject({ responseCode })
    expect((await get<Listed>('/api/messages')).total).toBe(0)
  })

  test('a message above the announced size', async () => {
    const tooLarge = send({
      to: 'ana@example.com',
      text: 'x'.repeat(100),
      attachments: [{ content: Buffer.alloc(20 * 2 ** 20) }],
    })
    await expect(tooLarge).rejects.toMatchObject({ responseCode: 552 })
    expect((await get<Listed>('/api/messages')).total).toBe(0)
  })

  test('a message whose client hangs up before the final dot', async () => {
    const socket = connect(catcher.smtpPort, '127.0.0.1')
    for (const line of ['EHLO me', 'MAIL FROM:<a@example.com>', 'RCPT TO:<b@example.com>', 'DATA']) {
      await once(socket, 'data')
      socket.write(`${line}\r\n`)
    }
    await once(socket, 'data')
    socket.end('Subject: half\r\n')
    await once(socket, 'close')
    await send({ to: 'ana@example.com', subject: 'whole' })
    expect((await get<Listed>('/api/messages')).messages.map(({ subject }) => subject)).toEqual(['whole'])
  })

  test('a taken port, in one sentence', async () => {
    const second = startMailCatcher({ home, smtpPort: catcher.smtpPort })
    await expect(second).rejects.toThrow(ServiceError)
    await expect(second).rejects.toThrow(`Port ${catcher.smtpPort} is taken`)
  })
})

describe('the page', () => {
  test('shows the HTML without letting it run scripts or reach the page around it', async () => {
    await send({
      to: 'ana@example.com',
      subject: '<img src=x onerror=alert(1)>',
      html: '<script>alert(1)</script><a href="https://shop.example/">go</a>',
    })
    const { messages } = await get<Listed>('/api/messages')
    const list = await (await fetch(`${catcher.uiUrl}/`)).text()
    expect(list).toContain('&lt;img src=x')
    expect(list).not.toContain('<img src=x')

    const response = await fetch(`${catcher.uiUrl}/messages/${messages[0]?.id}/html`)
    expect(response.headers.get('content-security-policy')).toMatch(/^sandbox (?!.*allow-scripts)/)
    expect(await response.text()).toContain('<base target="_blank">')
    const page = await (await fetch(`${catcher.uiUrl}/messages/${messages[0]?.id}`)).text()
    expect(page).toMatch(/<iframe[^>]* sandbox="allow-popups/)
  })

  test('pages through what was caught, newest first, without a gap', async () => {
    for (let number = 1; number <= 5; number++) await send({ to: 'ana@example.com', subject: `number ${number}` })
    const part = async (offset: number): Promise<string[]> =>
      (await get<Listed>(`/api/messages?limit=2&offset=${offset}`)).messages.map(({ subject }) => subject)
    expect([await part(0), await part(2), await part(4), await part(6)]).toEqual([
      ['number 5', 'number 4'],
      ['number 3', 'number 2'],
      ['number 1'],
      [],
    ])
  })

  test.each([
    ['/api/messages?limit=0', 400],
    ['/api/messages?limit=501', 400],
    ['/api/messages?offset=-1', 400],
    ['/api/messages?limit=ten', 400],
    ['/api/messages/none', 404],
    ['/messages/..%2f..%2fetc', 404],
    ['/elsewhere', 404],
  ])('answers %s with %i', async (path, status) => {
    expect((await fetch(catcher.uiUrl + path)).status).toBe(status)
  })

  test('is not for pages from elsewhere', async () => {
    await send({ to: 'ana@example.com', subject: 'private' })
    const foreign = await fetch(`${catcher.uiUrl}/api/messages`, {
      method: 'DELETE',
      headers: { origin: 'https://evil.example' },
    })
    expect(foreign.status).toBe(403)
    expect((await get<Listed>('/api/messages')).total).toBe(1)
    const own = await fetch(`${catcher.uiUrl}/api/messages`, { method: 'DELETE' })
    expect(own.status).toBe(204)
    expect((await get<Listed>('/api/messages')).total).toBe(0)
  })
})
