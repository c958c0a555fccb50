/** What comes before the first message: encryption, login, and several servers that stand in for each other. */

import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterEach, describe, expect, test } from 'vitest'
import type { SmtpMail } from '../../src/channels/email/smtp/conversation.ts'
import { openProviders, type Providers } from '../../src/channels/email/smtp/providers.ts'
import { readServerUrl } from '../../src/channels/email/smtp/server-url.ts'
import { type Sink, startSink } from '../support/smtp/sink.ts'

const file = (name: string): string => fileURLToPath(new URL(`../support/smtp/tls/${name}`, import.meta.url))
const tls = { key: readFileSync(file('key.pem')), cert: readFileSync(file('cert.pem')) }
const trusted = `ca=${encodeURIComponent(file('cert.pem'))}`

const closings: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const close of closings.splice(0)) await close()
})

const mail = (to = 'ada@listener.example'): SmtpMail => ({
  from: 'shop@shop.example',
  to,
  content: Buffer.from('Subject: Hello\r\n\r\nHello\r\n'),
})

interface Strict {
  readonly port: number
  /** What came: over which protection, by whom. */
  readonly received: { readonly secure: boolean; readonly user: unknown }[]
}

async function strictServer(options: SMTPServerOptions): Promise<Strict> {
  const received: Strict['received'] = []
  const server = new SMTPServer({
    ...tls,
    logger: false,
    closeTimeout: 100,
    onAuth: ({ username, password }, _session, done) =>
      username === 'shop' && password === 'p@ss w0rd'
        ? done(null, { user: username })
        : done(Object.assign(new Error('no'), { responseCode: 535 })),
    onData(stream, session, done) {
      stream.resume()
      stream.once('end', () => {
        received.push({ secure: session.secure, user: session.user || undefined })
        done()
      })
    },
    ...options,
  })
  server.on('error', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  closings.push(() => new Promise<void>((resolve) => server.close(() => resolve())))
  return { port: (server.server.address() as AddressInfo).port, received }
}

function providers(urls: string): Providers {
  const opened = openProviders(urls)
  closings.unshift(() => opened.close())
  return opened
}

async function send(urls: string, to?: string): Promise<string> {
  const result = await providers(urls).send(mail(to), 'marketing', 'first')
  return 'reason' in result ? `${result.status}: ${result.reason}` : result.status
}

describe('encryption:', () => {
  test('STARTTLS is used where it is required, and the certificate is checked', async () => {
    const { port, received } = await strictServer({ authOptional: true })
    expect(await send(`smtp://localhost:${port}?tls=required&${trusted}`)).toBe('sent')
    expect(received).toEqual([{ secure: true, user: undefined }])
    expect(await send(`smtp://localhost:${port}?tls=required`)).toMatch(/^retry: smtp /)
    expect(received).toHaveLength(1)
  })

  test('where it is required and the server has none, nothing is sent', async () => {
    const { port, received } = await strictServer({ authOptional: true, disabledCommands: ['STARTTLS'] })
    expect(await send(`smtp://localhost:${port}?tls=required&${trusted}`)).toBe(
      'retry: smtp has no STARTTLS, which is required',
    )
    expect(received).toEqual([])
    expect(await send(`smtp://localhost:${port}`)).toBe('sent')
    expect(received).toEqual([{ secure: false, user: undefined }])
  })

  test('smtps: is encrypted from the first byte', async () => {
    const { port, received } = await strictServer({ authOptional: true, secure: true })
    expect(await send(`smtps://localhost:${port}?${trusted}`)).toBe('sent')
    expect(received).toEqual([{ secure: true, user: undefined }])
  })
})

describe('login:', () => {
  const login = `shop:${encodeURIComponent('p@ss w0rd')}`
  test.each(['PLAIN', 'LOGIN'])('AUTH %s', async (method) => {
    const { port, received } = await strictServer({ authMethods: [method] })
    expect(await send(`smtp://${login}@localhost:${port}?tls=required&${trusted}`)).toBe('sent')
    expect(received).toEqual([{ secure: true, user: 'shop' }])
  })

  test('wrong credentials say nothing about the message: it is tried again', async () => {
    const { port, received } = await strictServer({})
    expect(await send(`smtp://shop:wrong@localhost:${port}?tls=required&${trusted}`)).toMatch(/^retry: smtp 535/)
    expect(received).toEqual([])
  })

  test('a server that knows no method of ours is not told the password', async () => {
    const { port } = await strictServer({ authMethods: ['CRAM-MD5'] })
    expect(await send(`smtp://${login}@localhost:${port}?tls=required&${trusted}`)).toBe(
      'retry: smtp has neither AUTH PLAIN nor AUTH LOGIN',
    )
  })
})

describe('several servers:', () => {
  async function sinks(): Promise<[Sink, Sink]> {
    const both = [await startSink(), await startSink()] as const
    for (const one of both) closings.push(() => one.close())
    return [...both]
  }

  test('the second one gets what the first one certainly has not taken', async () => {
    const [first, second] = await sinks()
    const both = providers(`${first.url} ${second.url}`)
    const statusOf = async (): Promise<string> => (await both.send(mail(), 'marketing', 'first')).status
    expect(await statusOf()).toBe('sent')
    expect([first.counts.accepted, second.counts.accepted]).toEqual([1, 0])
    await first.close()
    expect(await statusOf()).toBe('sent')
    expect(await statusOf()).toBe('sent')
    expect([first.counts.accepted, second.counts.accepted]).toEqual([1, 2])
  })

  test.each(['dot', 'ack'] as const)(
    'what may have been taken (a break at %s) is not given to the second',
    async (stage) => {
      const [first, second] = await sinks()
      first.behave((at) => (at === stage ? 'drop' : undefined))
      const outcomes = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          providers(`${first.url} ${second.url}`).send(mail(`ada.${i}@listener.example`), 'marketing', 'first'),
        ),
      )
      expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['in_doubt']))
      expect(second.counts.accepted).toBe(0)
    },
  )

  test('a no to one message is an answer, and no reason to ask another server', async () => {
    const [first, second] = await sinks()
    first.behave((at) => (at === 'rcpt' ? 'temporary' : undefined))
    expect(await send(`${first.url} ${second.url}`)).toBe('retry: smtp 451 4.3.0')
    first.behave((at) => (at === 'rcpt' ? 'permanent' : undefined))
    expect(await send(`${first.url} ${second.url}`)).toBe('failed: smtp 550 5.1.1')
    expect(second.counts.accepted).toBe(0)
  })

  test('each gets what it is meant for', async () => {
    const [first, second] = await sinks()
    const both = providers(`${first.url}?domains=big.example ${second.url}?only=marketing`)
    await both.send(mail('a@big.example'), 'marketing', 'first')
    await both.send(mail('a@small.example'), 'marketing', 'first')
    expect([first.counts.accepted, second.counts.accepted]).toEqual([1, 1])
    expect(await both.send(mail('a@small.example'), 'transactional', 'first')).toEqual({
      status: 'retry',
      reason: 'no SMTP server is meant for this message',
    })
  })
})

test.each([
  'http://x.example',
  'smtp://',
  'smtp://x.example?tls=maybe',
  'smtps://x.example?tls=never',
  'smtp://x.example?pool=true',
  'smtp://x.example?connections=0',
  'smtp://x.example?only=news',
])('%s is refused, and its password not told', (url) => {
  const secret = url.replace('://x', '://user:hunter2@x')
  expect(() => readServerUrl(secret)).toThrow(/^SMTP_URL: (?!.*hunter2)/)
})

test.each([
  ['OK: queued as 4bQ0Xy1', '4bQ0Xy1'],
  [
    'Ok 0100018c0a1b2c3d-6f5e2b1a-0c9d-4e8f-a7b6-c5d4e3f2a1b0-000000',
    '0100018c0a1b2c3d-6f5e2b1a-0c9d-4e8f-a7b6-c5d4e3f2a1b0-000000',
  ],
  ['2.0.0 Ok: queued as ada@listener.example', undefined],
  ['Great success', undefined],
  ['Ok', undefined],
])('a server that answers "%s" has given it the name %s', async (answer, name) => {
  const { port } = await strictServer({
    authOptional: true,
    onData(stream, _session, done) {
      stream.resume()
      stream.once('end', () => (done as (error: null, message: string) => void)(null, answer))
    },
  })
  const result = await providers(`smtp://127.0.0.1:${port}?tls=never`).send(mail(), 'marketing', 'first')
  expect(result).toEqual(name === undefined ? { status: 'sent' } : { status: 'sent', providerMessageId: name })
})
