/**
 * A process that sends the same letter in another way, as fast as it can: `nodemailer` composes each one and sends it
 * through its pool; `bare` only sends what was composed before, through our own client.
 *
 *   node bench/broadcast/peer.ts nodemailer|bare SMTP_URL COUNT CONNECTIONS [DKIM_KEY_FILE]
 */

import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import nodemailer from 'nodemailer'
import { createComposer, type Email } from '../../src/channels/email/compose/compose-email.ts'
import { readSender } from '../../src/channels/email/compose/sender-identity.ts'
import type { SmtpMail } from '../../src/channels/email/smtp/conversation.ts'
import { createSmtpSender } from '../../src/channels/email/smtp/sender.ts'
import { readServerUrl } from '../../src/channels/email/smtp/server-url.ts'
import { createMessageRenderer } from '../../src/channels/templates/render-message.ts'
import { html, readerNumber, subject, text } from './letter.ts'

const [mode = '', url = '', countText = '', connectionsText = '', keyFile] = process.argv.slice(2)
const count = Number(countText)
const connections = Number(connectionsText)
const from = 'Shop <shop@shop.example>'
const link = 'https://shop.example/u/0b8f4a5e-6a57-4a39-9a6f-3f6a0b0c0d0e.abcdefghijklmnopqrstuv'

const letters: (Email & { readonly text: string; readonly html: string | null })[] = []
const renderer = createMessageRenderer()
for (let i = 0; i < count; i++) {
  const { email, ...customer } = readerNumber(i)
  const facts = {
    customer: { ...customer },
    coupon: null,
    data: {},
    survey: null,
    shop: { name: 'Shop', url: 'https://shop.example' },
    postal_address: 'Shop, 1 Garden Row',
    unsubscribe_url: link,
    preferences_url: link.replace('/u/', '/p/'),
    confirm_url: null,
  }
  const template = { key: 'letter', version: '1', channel: 'email' as const, subject, html, text }
  letters.push({ id: `letter-${i}`, to: email, unsubscribeUrl: link, ...renderer.render(template, facts) })
}

if (mode === 'nodemailer') await report(sendWithNodemailer)
else {
  const mails = await composed()
  await report(() => sendBare(mails))
}
process.exit(0)

async function report(send: () => Promise<unknown>): Promise<void> {
  const used = process.cpuUsage()
  const startedAt = performance.now()
  await send()
  const seconds = (performance.now() - startedAt) / 1_000
  const { user, system } = process.cpuUsage(used)
  process.stdout.write(`${JSON.stringify({ perSecond: count / seconds, cpuMicros: (user + system) / count })}\n`)
}

function sendWithNodemailer(): Promise<unknown> {
  const { host, port } = readServerUrl(url)
  const dkim = keyFile && {
    domainName: 'shop.example',
    keySelector: 'bench',
    privateKey: readFileSync(keyFile, 'utf8'),
    headerFieldNames:
      'from:to:subject:date:message-id:mime-version:content-type:list-unsubscribe:list-unsubscribe-post',
  }
  const transport = nodemailer.createTransport({
    host,
    port,
    pool: true,
    maxConnections: connections,
    maxMessages: Number.POSITIVE_INFINITY,
    secure: false,
    ignoreTLS: true,
    ...(dkim ? { dkim } : {}),
  })
  return inLanes(3 * connections, async ({ id, to, subject: title, text: plain, html: rich }) => {
    await transport.sendMail({
      from,
      to,
      subject: title,
      text: plain,
      html: rich ?? '',
      messageId: `<${id}@shop.example>`,
      headers: { 'List-Unsubscribe': `<${link}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
    })
  })
}

async function composed(): Promise<SmtpMail[]> {
  const keys = keyFile
    ? [{ domain: 'shop.example', selector: 'bench', privateKey: createPrivateKey(readFileSync(keyFile)) }]
    : []
  const composer = createComposer(readSender(from), keys)
  const mails = await Promise.all(letters.map((letter) => composer.compose(letter, Date.now())))
  return mails.flatMap((mail) => mail ?? [])
}

async function sendBare(mails: readonly SmtpMail[]): Promise<void> {
  const sender = createSmtpSender(readServerUrl(`${url}?connections=${connections}`))
  let next = 0
  const lane = async (): Promise<void> => {
    for (let mail = mails[next++]; mail; mail = mails[next++]) {
      const { result } = await sender.send(mail, 'bulk')
      if (result.status !== 'sent') throw new Error(`not sent: ${JSON.stringify(result)}`)
    }
  }
  await Promise.all(Array.from({ length: 3 * connections }, lane))
  sender.close()
}

async function inLanes(lanes: number, work: (letter: (typeof letters)[number]) => Promise<void>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    for (let letter = letters[next++]; letter; letter = letters[next++]) await work(letter)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
