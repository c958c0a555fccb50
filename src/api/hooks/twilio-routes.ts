/** What Twilio tells us: what became of a message, and what people answer. Unsigned requests change nothing. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { escapeHtml } from '../../console/html.ts'
import type { ContactPolicy } from '../../domain/definitions.ts'
import { normalisePhone } from '../../store/addresses.ts'
import { customersAtAddress } from '../../store/contact-points.ts'
import { isUuid } from '../../store/customer-list.ts'
import type { Database, Queryable } from '../../store/database.ts'
import { type DeliveryReport, noteDeliveryReport } from '../../store/delivery-reports.ts'
import { confirmConsent, findSmsQuestion } from '../../store/double-opt-in.ts'
import { insertContactNews } from '../../store/news.ts'
import { resumeSms, type SmsAnswer, stopSms } from '../../store/opt-out.ts'
import { pauseSender } from '../../store/sending-pauses.ts'
import { type SuppressionReason, suppress } from '../../store/suppressions.ts'
import { retryUnreachable } from '../../store/unreachable-phones.ts'
import type { Vault } from '../../store/vault.ts'
import { ApiError } from '../api-error.ts'
import { confirmedWords } from '../customer-pages/topic-words.ts'
import { english } from '../customer-pages/words/en.ts'
import { repliesFor } from './sms-replies.ts'
import { readSmsWord } from './sms-words.ts'
import { isFromTwilio } from './twilio-signature.ts'

export interface TwilioHookNeeds {
  readonly database: Database
  readonly vault: Vault
  readonly clock: Clock
  /** Undefined: nobody can sign, so every request is refused. */
  readonly authToken: string | undefined
  /** The address under which Twilio reaches us, without the path. */
  readonly publicUrl: string
  /** Who writes, for the answers to STOP, START and HELP. */
  readonly brand: string
  readonly policy: () => Promise<ContactPolicy>
}

/** Register under `/hooks/twilio`. */
export function twilioRoutes(needs: TwilioHookNeeds): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
    const options = { bodyLimit: 64 * 1024 }
    app.post('/status', options, (request, reply) => takeStatus(needs, signedFields(needs, request), request, reply))
    app.post('/inbound', options, (request, reply) => takeAnswer(needs, signedFields(needs, request), reply))
  }
}

type Fields = (name: string) => string

/** The fields of a request that Twilio signed. @throws ApiError 403 for any other. */
function signedFields({ publicUrl, authToken }: TwilioHookNeeds, request: FastifyRequest): Fields {
  const body = typeof request.body === 'string' ? request.body : ''
  const signature = request.headers['x-twilio-signature']
  const isForm = !/json/i.test(request.headers['content-type'] ?? '')
  const signed = {
    url: publicUrl.replace(/\/$/, '') + (request.raw.url ?? ''),
    signature: typeof signature === 'string' ? signature : undefined,
    body,
    isForm,
  }
  if (authToken === undefined || !isFromTwilio(signed, authToken)) {
    throw new ApiError(403, 'The signature is missing or wrong.')
  }
  const values = isForm ? new URLSearchParams(body) : new URLSearchParams(Object.entries(JSON.parse(body) as object))
  return (name) => values.get(name)?.replaceAll('\u0000', '') ?? ''
}

const outcomes: Readonly<Record<string, DeliveryReport['outcome']>> = {
  sent: 'accepted',
  delivered: 'delivered',
  read: 'delivered',
  undelivered: 'failed',
  failed: 'failed',
}

/** Errors that speak of the number itself. */
const suppressing: Readonly<Record<string, SuppressionReason>> = {
  '21610': 'stop',
  '21211': 'invalid',
  '21614': 'invalid',
  '30005': 'invalid',
  '30006': 'invalid',
}

async function takeStatus(
  needs: TwilioHookNeeds,
  field: Fields,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const outcome = outcomes[field('MessageStatus')]
  const code = /^\d{1,6}$/.test(field('ErrorCode')) ? field('ErrorCode') : ''
  const { message } = request.query as { readonly message?: unknown }
  if (outcome !== undefined) {
    const report = {
      messageId: typeof message === 'string' && isUuid(message) ? message : undefined,
      providerMessageId: field('MessageSid'),
      outcome,
      reason: outcome === 'failed' ? `twilio:${code || 'unknown'}` : null,
      atMs: needs.clock.nowMs(),
    }
    await needs.database.transaction(async (client) => {
      if (await retryUnreachable(client, report)) return
      await noteDeliveryReport(client, report)
      if (outcome !== 'failed') return
      await suppressNumber(needs, client, field('To'), code, report.atMs)
      await pauseSender(client, { ...report, code: `twilio:${code}` }, report.atMs)
    })
  }
  return reply.code(204).send()
}

async function suppressNumber(
  { vault }: TwilioHookNeeds,
  client: Queryable,
  number: string,
  code: string,
  atMs: number,
): Promise<void> {
  const reason = suppressing[code]
  const phone = normalisePhone(number)
  if (reason === undefined || phone === undefined) return
  const addressHash = vault.lookupHash('phone', phone.e164)
  const isNew = await suppress(client, { channel: 'sms', addressHash, reason, detail: `twilio:${code}`, atMs })
  if (!isNew) return
  const customerIds = await customersAtAddress(client, 'sms', addressHash)
  await client.query('SELECT FROM customers WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE', [customerIds])
  await insertContactNews(client, customerIds, atMs)
}

/** Where Twilio handles the words itself, in whatever language an account has chosen, it says what it has understood. */
async function takeAnswer(needs: TwilioHookNeeds, field: Fields, reply: FastifyReply): Promise<FastifyReply> {
  const phone = normalisePhone(field('From'))
  const read = readSmsWord(field('Body')) ?? readSmsWord(field('OptOutType'))
  if (phone === undefined || read === undefined) return sendTwiml(reply, undefined)
  const answer = {
    addressHash: needs.vault.lookupHash('phone', phone.e164),
    word: read.word,
    atMs: needs.clock.nowMs(),
  }
  const text = await understand(needs, read.meaning, answer)
  // Where Twilio handles these words itself, it has answered already.
  return sendTwiml(reply, field('OptOutType') === '' ? text : undefined)
}

/** @returns what to answer. One confirmation, and nothing after it. */
async function understand(
  needs: TwilioHookNeeds,
  meaning: 'stop' | 'start' | 'help',
  answer: SmsAnswer,
): Promise<string | undefined> {
  const { database, brand } = needs
  const replies = await repliesFor(database.pool, answer.addressHash)
  switch (meaning) {
    case 'stop': {
      const isNew = await database.transaction((client) => stopSms(client, answer))
      return isNew ? `${brand}: ${replies.stopped}` : undefined
    }
    case 'start': {
      const wasStopped = await database.transaction((client) => resumeSms(client, answer))
      if (await confirmBySms(needs, answer)) return `${brand}: ${replies.confirmed}`
      return wasStopped ? `${brand}: ${replies.resumed}` : undefined
    }
    case 'help':
      return `${brand}: ${replies.help}`
  }
}

/** A yes to the newest question that was put to this number, if one is open. */
async function confirmBySms(
  { database, brand, policy }: TwilioHookNeeds,
  { addressHash, word, atMs }: SmsAnswer,
): Promise<boolean> {
  const ids = await findSmsQuestion(database.pool, addressHash, atMs)
  if (ids === undefined) return false
  const current = await policy()
  const words = (topic: string): string => `${confirmedWords(current, english, 'sms', topic, brand)} [answered ${word}]`
  const confirming = { ids, source: 'sms', words, allTopics: Object.keys(current.topics), atMs }
  const found = await database.transaction((client) => confirmConsent(client, confirming))
  return found?.state === 'open'
}

function sendTwiml(reply: FastifyReply, text: string | undefined): FastifyReply {
  const message = text === undefined ? '' : `<Message>${escapeHtml(text)}</Message>`
  return reply.type('text/xml').send(`<?xml version="1.0" encoding="UTF-8"?><Response>${message}</Response>`)
}
