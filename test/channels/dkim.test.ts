/** Signatures that an independent verifier accepts, of messages as a server receives them. */

import { spawnSync } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readDkimKey } from '../../src/channels/email/compose/dkim.ts'
import { createEmailChannel, type Email, type EmailChannel } from '../../src/channels/email/email-channel.ts'
import { type Sink, startSink } from '../support/smtp/sink.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const edwards = generateKeyPairSync('ed25519')
const received: Buffer[] = []
let sink: Sink
let channel: EmailChannel

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()

beforeAll(async () => {
  sink = await startSink({
    onMessage: (_recipient, content) =>
      received.push(Buffer.from(content.toString('latin1').replaceAll('\r\n..', '\r\n.'), 'latin1')),
  })
  channel = createEmailChannel({
    smtpUrl: sink.url,
    from: 'Łódź Shop <shop@shop.example>',
    dkim: [
      readDkimKey('rsa@shop.example=rsa', () => pem(rsa.privateKey)),
      readDkimKey('ed@shop.example=ed', () => pem(edwards.privateKey)),
    ],
  })
})
afterAll(async () => {
  channel.close()
  await sink.close()
})

const email = (part: Partial<Email> = {}): Email => ({
  id: '0b8f4a5e-6a57-4a39-9a6f-3f6a0b0c0d0e',
  to: 'ada@listener.example',
  subject: 'Hello',
  text: 'Hello Ada\n',
  html: '<p>Hello Ada</p>',
  unsubscribeUrl: 'https://shop.example/u/token',
  ...part,
})

/** Python's dkimpy, with a DNS that knows our two keys. @returns whether each signature, in order, holds. */
const verifier = `
import base64, dkim, json, sys
mails = [base64.b64decode(m) for m in json.loads(sys.argv[2])]
names = json.loads(sys.argv[1])
dns = lambda name, timeout=5: names[name.decode() if isinstance(name, bytes) else name].encode()
print(json.dumps([[dkim.DKIM(m).verify(idx=i, dnsfunc=dns) for i in range(2)] for m in mails]))
`

function verify(mails: readonly Buffer[]): boolean[][] {
  const der = rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
  const point = edwards.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')
  const names = {
    'rsa._domainkey.shop.example.': `v=DKIM1; k=rsa; p=${der}`,
    'ed._domainkey.shop.example.': `v=DKIM1; k=ed25519; p=${point}`,
  }
  const texts = mails.map((mail) => mail.toString('base64'))
  const { stdout, stderr } = spawnSync('python3', ['-c', verifier, JSON.stringify(names), JSON.stringify(texts)])
  if (stdout.length === 0) throw new Error(stderr.toString())
  return JSON.parse(stdout.toString()) as boolean[][]
}

const hasVerifier = spawnSync('python3', ['-c', 'import dkim, nacl.signing']).status === 0

async function receivedOf(parts: readonly Partial<Email>[]): Promise<Buffer[]> {
  received.length = 0
  for (const part of parts) expect(await channel.send(email(part))).toMatchObject({ status: 'sent' })
  return [...received]
}

test.skipIf(!hasVerifier)('both signatures of every kind of message hold, and break with a word changed', async () => {
  const mails = await receivedOf([
    {},
    { html: null, unsubscribeUrl: null },
    { subject: 'Žluťoučký kůň 🐎 '.repeat(9), text: 'ěščř\n.\n..\n\n\n' },
    {
      subject: 'word '.repeat(40),
      text: `${'x'.repeat(200)}\n   \n\t\nFrom me`,
      html: `<p>${'ž'.repeat(999)}</p>\n\n`,
    },
    { to: 'ada@žluť.example', subject: '' },
  ])
  expect(verify(mails)).toEqual(mails.map(() => [true, true]))
  const changed = mails.map((mail) =>
    Buffer.from(mail.toString('latin1').replace(/Subject:[^\r]*/, 'Subject: Other'), 'latin1'),
  )
  expect(verify(changed)).toEqual(mails.map(() => [false, false]))
})

test('both forms of List-Unsubscribe are signed, and From cannot be doubled', async () => {
  const [mail] = await receivedOf([{}])
  const [head = ''] = mail!.toString('latin1').split('\r\n\r\n')
  const lists = [...head.replaceAll(/\r\n[ \t]+/g, '').matchAll(/^DKIM-Signature:.*?;\s*h=([^;]*);/gm)].map(
    ([, names = '']) => names.replaceAll(/\s/g, '').split(':'),
  )
  expect(lists).toHaveLength(2)
  for (const names of lists) {
    expect(names).toEqual(
      expect.arrayContaining(['subject', 'to', 'date', 'list-unsubscribe', 'list-unsubscribe-post']),
    )
    expect(names.filter((name) => name === 'from')).toHaveLength(2)
  }
  expect(head).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click')
  expect(Math.max(...head.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(200)
})

test('a key that is none, or too short, is refused by name', () => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
  expect(() => readDkimKey('s@d.example=x', () => pem(short.privateKey))).toThrow(/^MAIL_DKIM: the key of s@d.example/)
  expect(() => readDkimKey('nonsense', () => '')).toThrow(/^MAIL_DKIM: "nonsense" must be/)
})
