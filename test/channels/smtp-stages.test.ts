/** Whatever a server does, and wherever: the verdict on each message agrees with what the server really took. */

import { afterEach, describe, expect, test } from 'vitest'
import type { SmtpMail } from '../../src/channels/email/smtp/conversation.ts'
import { createSmtpSender, type SmtpSender } from '../../src/channels/email/smtp/sender.ts'
import { readServerUrl } from '../../src/channels/email/smtp/server-url.ts'
import type { SmtpOutcome } from '../../src/channels/email/smtp/verdict.ts'
import { type Misdeed, type Sink, type SinkOptions, type Stage, stages, startSink } from '../support/smtp/sink.ts'

/** Messages at each stage and misdeed. */
const asked = process.env['PERENNIAL_SMTP_MESSAGES']
const count = Number(asked ?? 60)
/** Silence costs each message its time. */
const slowly = Math.min(count, 50, Number(asked ?? 10))
const early = Number(asked ?? 8)
const longestMs = 30_000 + count * 60

const patience = { sessionMs: 400, silenceMs: 400, messageMs: 20_000, idleMs: 5_000 }

let sink: Sink
let sender: SmtpSender

afterEach(async () => {
  sender.close()
  await sink.close()
})

async function start(options: SinkOptions = {}, parameters = 'connections=4', silenceMs = 400): Promise<string[]> {
  const accepted: string[] = []
  sink = await startSink({
    ...options,
    onEntry: (entry) => entry.outcome === 'accepted' && accepted.push(entry.recipient),
  })
  sender = createSmtpSender(readServerUrl(`${sink.url}?${parameters}`), { ...patience, silenceMs })
  return accepted
}

const mail = (to: string, size = 300): SmtpMail => ({
  from: 'shop@shop.example',
  to,
  content: Buffer.from(`Message-ID: <${to}>\r\nSubject: Hello\r\n\r\n.${'hello, hello, hello\r\n'.repeat(size / 20)}`),
})

/** So many at once: nobody waits so long in the queue that they are told to come another time. */
const wave = 100

async function inWaves<T>(recipients: readonly string[], send: (to: string) => Promise<T>): Promise<T[]> {
  const outcomes: T[] = []
  for (let from = 0; from < recipients.length; from += wave) {
    outcomes.push(...(await Promise.all(recipients.slice(from, from + wave).map(send))))
  }
  return outcomes
}

const isBad = (recipient: string | undefined): boolean => recipient?.startsWith('bad') === true

/** What may be said of a bad message, by where the server misbehaved; after the dot only a reply tells. */
const expected: Readonly<Record<Stage, Readonly<Record<Misdeed, SmtpOutcome['result']['status']>>>> = {
  banner: { temporary: 'retry', permanent: 'retry', drop: 'retry', hang: 'retry' },
  hello: { temporary: 'retry', permanent: 'retry', drop: 'retry', hang: 'retry' },
  mail: { temporary: 'retry', permanent: 'failed', drop: 'retry', hang: 'retry' },
  rcpt: { temporary: 'retry', permanent: 'failed', drop: 'retry', hang: 'retry' },
  data: { temporary: 'retry', permanent: 'failed', drop: 'retry', hang: 'retry' },
  body: { temporary: 'retry', permanent: 'retry', drop: 'in_doubt', hang: 'in_doubt' },
  dot: { temporary: 'retry', permanent: 'failed', drop: 'in_doubt', hang: 'in_doubt' },
  ack: { temporary: 'retry', permanent: 'retry', drop: 'in_doubt', hang: 'in_doubt' },
}
const misdeeds: readonly Misdeed[] = ['temporary', 'permanent', 'drop', 'hang']
const known: readonly Stage[] = ['rcpt', 'data', 'dot', 'body', 'ack']
const cases = known.flatMap((stage) =>
  misdeeds
    .filter((misdeed) => (stage !== 'body' && stage !== 'ack') || misdeed === 'drop' || misdeed === 'hang')
    .map((misdeed) => [misdeed, stage] as const),
)

describe('of messages that go through one server side by side, every fifth meets', () => {
  test.each(cases)(
    'a misdeed (%s) at %s: it is judged right, and its neighbours arrive',
    async (misdeed, stage) => {
      const accepted = await start({
        manners: (at, recipient) => (at === stage && isBad(recipient) ? misdeed : undefined),
      })
      const recipients = Array.from({ length: misdeed === 'hang' ? slowly : count }, (_, i) =>
        i % 5 === 0 ? `bad.${i}@x.example` : `good.${i}@x.example`,
      )
      const outcomes = await inWaves(recipients, async (to) => ({
        to,
        status: (await sender.send(mail(to))).result.status,
      }))
      // The witness: whatever is `sent` was taken once; whatever may be sent again or has failed was never taken.
      const wrong = outcomes.filter(({ to, status }) => {
        const times = accepted.filter((one) => one === to).length
        return status === 'in_doubt' ? times > 1 : times !== (status === 'sent' ? 1 : 0)
      })
      expect(wrong).toEqual([])
      const bad = outcomes.filter(({ to }) => isBad(to))
      expect(new Set(bad.map(({ status }) => status))).toEqual(new Set([expected[stage][misdeed]]))
      // A refusal is one message's. A connection that breaks takes its neighbours to another one, and puts none in doubt.
      const isBroken = misdeed === 'drop' || misdeed === 'hang'
      const good = outcomes.filter(({ to }) => !isBad(to)).map(({ status }) => status)
      expect(good.filter((status) => status !== 'sent' && !(isBroken && status === 'retry'))).toEqual([])
    },
    longestMs,
  )
})

describe('a server that misbehaves before it knows for whom', () => {
  const places = (['banner', 'hello', 'mail'] as const).flatMap((stage) =>
    misdeeds.map((misdeed) => [misdeed, stage] as const),
  )
  test.each(places)(
    '(%s at %s) takes nothing, and nothing is in doubt',
    async (misdeed, stage) => {
      const accepted = await start({ manners: (at) => (at === stage ? misdeed : undefined) })
      const recipients = Array.from({ length: early }, (_, i) => `good.${i}@x.example`)
      const outcomes = await inWaves(recipients, (to) => sender.send(mail(to)))
      expect(new Set(outcomes.map(({ result }) => result.status))).toEqual(new Set([expected[stage][misdeed]]))
      expect(accepted).toEqual([])
    },
    longestMs,
  )
})

test('all eight stages are covered', () => {
  expect(new Set([...known, 'banner', 'hello', 'mail'])).toEqual(new Set(stages))
})

test('of a large message that breaks in its middle nobody doubts: its dot had not left', async () => {
  let isOpen = false
  const manners = (at: Stage): Misdeed | undefined => (at === 'body' && !isOpen ? 'drop' : undefined)
  // A busy machine takes its time to read so much.
  const accepted = await start({ manners }, 'connections=4', 15_000)
  const outcome = await sender.send(mail('good.1@x.example', 8_000_000))
  expect(outcome.result.status).toBe('retry')
  expect(accepted).toEqual([])
  isOpen = true
  expect((await sender.send(mail('good.1@x.example', 8_000_000))).result).toMatchObject({ status: 'sent' })
  expect(accepted).toEqual(['good.1@x.example'])
})

test('a server without pipelining is spoken to a command at a time', async () => {
  const accepted = await start({
    capabilities: ['8BITMIME'],
    manners: (at, recipient) => (at === 'rcpt' && isBad(recipient) ? 'permanent' : undefined),
  })
  const results = await Promise.all(
    ['good.1', 'bad.1', 'good.2', 'bad.2', 'good.3'].map((name) => sender.send(mail(`${name}@x.example`))),
  )
  expect(results.map(({ result }) => result.status)).toEqual(['sent', 'failed', 'sent', 'failed', 'sent'])
  expect(accepted.sort()).toEqual(['good.1@x.example', 'good.2@x.example', 'good.3@x.example'])
})

test('a server that ends conversations after a few messages gets all of them, in more conversations', async () => {
  const accepted = await start({ messagesPerConnection: 3 })
  const outcomes = await Promise.all(Array.from({ length: 40 }, (_, i) => sender.send(mail(`good.${i}@x.example`))))
  expect(new Set(outcomes.map(({ result }) => result.status))).toEqual(new Set(['sent']))
  expect(new Set(accepted).size).toBe(40)
  expect(accepted).toHaveLength(40)
})

test('lines that begin with a dot arrive with it', async () => {
  let received = ''
  await start({ onMessage: (_recipient, content) => (received = content.toString()) })
  await sender.send({ from: 'a@x.example', to: 'b@x.example', content: Buffer.from('.a\r\n..b\r\nc.\r\n.\r\n') })
  expect(received.replaceAll(/(^|\r\n)\./g, '$1')).toBe('.a\r\n..b\r\nc.\r\n.\r\n')
})

test('what is larger than the server takes is not begun', async () => {
  await start({ capabilities: ['PIPELINING', 'SIZE 1000'] })
  const { result } = await sender.send(mail('good@x.example', 4_000))
  expect(result).toEqual({ status: 'failed', reason: 'smtp message too large' })
})

test('an address beyond ASCII goes to a server that takes such addresses, and to no other', async () => {
  const accepted = await start()
  const wide = { ...mail('jürgen@x.example'), needsUtf8: true }
  expect((await sender.send(wide)).result.status).toBe('sent')
  expect(accepted).toEqual(['jürgen@x.example'])
  sender.close()
  await sink.close()
  await start({ capabilities: ['PIPELINING', '8BITMIME'] })
  expect((await sender.send(wide)).result).toEqual({ status: 'failed', reason: 'smtp server without SMTPUTF8' })
})

test('what a person waits for overtakes what many get', async () => {
  const accepted = await start({ delayMs: 5 }, 'connections=1')
  const bulk = Array.from({ length: 30 }, (_, i) => sender.send(mail(`bulk.${i}@x.example`), 'bulk'))
  const first = sender.send(mail('receipt@x.example'), 'first')
  await Promise.all([...bulk, first])
  // Behind no more than what the conversation had in hand.
  expect(accepted.indexOf('receipt@x.example')).toBeLessThanOrEqual(2)
})
