/**
 * A server that speaks Twilio's Messages API and sends nothing: it keeps what it gets, reports delivery to the status
 * callback, and lets a person answer as a customer would. Signed as Twilio signs. For one machine: it listens on the
 * loopback address only.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import twilio from 'twilio'
import type { CatcherAnswer, CatcherRequest } from './catcher-http.ts'
import { json, serveOnLoopback } from './catcher-http.ts'
import { smsPages } from './sms-pages.ts'
import type { TwilioRefusal } from './sms-rules.ts'
import {
  errorResource,
  keywordIn,
  messageResource,
  notAuthenticated,
  notFound,
  optedOut,
  refusalFor,
  undeliveredReason,
} from './sms-rules.ts'
import type { CaughtSms, SmsStatus, SmsStore } from './sms-store.ts'
import { openSmsStore } from './sms-store.ts'

export interface SmsAccount {
  readonly accountSid: string
  readonly authToken: string
}

export interface SmsCatcher {
  /** For TWILIO_API_URL, and the page; the JSON is below `/api/messages`. */
  readonly url: string
  readonly port: number
  /** Where inbound messages are reported, as the product's public address of its webhook. */
  setInboundWebhook(url: string): void
  close(): Promise<void>
}

/** Twilio reports `sent` and `delivered` within seconds; a twin need not make anyone wait. */
const stepMs = 60
const webhookTimeoutMs = 15_000
const apiVersion = '2010-04-01'
const longestList = 50

/** @throws ServiceError if the port is taken. */
export async function startSmsCatcher(options: {
  readonly home: string
  readonly account: SmsAccount
  /** Default: a free one. */
  readonly port?: number
}): Promise<SmsCatcher> {
  const store = openSmsStore(join(options.home, 'sms', 'messages.jsonl'))
  const twin = new TwilioTwin(store, options.account)
  const pages = smsPages(store, (message) => twin.receive(message))
  const handle = async (request: CatcherRequest): Promise<CatcherAnswer> =>
    request.path.startsWith(`/${apiVersion}/`) ? twin.answer(request) : pages(request)
  const server = await serveOnLoopback('the SMS catcher', options.port ?? 0, handle)
  for (const sms of store.unfinished()) twin.deliverSoon(sms)
  return {
    url: server.url,
    port: server.port,
    setInboundWebhook: (url) => (twin.inboundWebhook = url),
    async close() {
      await server.close()
      await twin.close()
    },
  }
}

class TwilioTwin {
  inboundWebhook: string | undefined
  readonly #store: SmsStore
  readonly #account: SmsAccount
  readonly #underWay = new Set<Promise<void>>()
  readonly #closing = new AbortController()

  constructor(store: SmsStore, account: SmsAccount) {
    this.#store = store
    this.#account = account
  }

  /** Twilio's REST API: create a message, fetch one, list those to a number. */
  async answer(request: CatcherRequest): Promise<CatcherAnswer> {
    const { accountSid } = this.#account
    if (!this.#isAuthentic(request.headers.authorization)) return refused(notAuthenticated)
    const [, account, sid] = /^\/2010-04-01\/Accounts\/([^/]+)\/Messages(?:\/(\w+))?\.json$/.exec(request.path) ?? []
    if (account !== accountSid) return refused(notFound(request.path))
    if (request.method === 'POST' && sid === undefined) return this.#create(new URLSearchParams(await request.body()))
    if (request.method === 'GET' && sid === undefined) return this.#list(request.query)
    const message = request.method === 'GET' && sid !== undefined ? this.#store.find(sid) : undefined
    return message ? json(messageResource(accountSid, message)) : refused(notFound(request.path))
  }

  /** A message from a customer, with everything that Twilio does about one. */
  async receive({ from, to, body }: { from: string; to: string; body: string }): Promise<CaughtSms> {
    const sms = newMessage({ direction: 'inbound', from, to, body, status: 'received' })
    this.#store.add(sms)
    const keyword = keywordIn(body)
    if (keyword === 'stop' && !this.#store.hasOptedOut(to, from)) {
      this.#reply(
        sms,
        'You have successfully been unsubscribed. You will not receive any more messages. Reply START to resubscribe.',
      )
    }
    if (keyword === 'start' && this.#store.hasOptedOut(to, from)) {
      this.#reply(sms, 'You have successfully been re-subscribed. Reply STOP to unsubscribe.')
    }
    if (keyword !== undefined) this.#store.setOptOut(to, from, keyword === 'stop')
    if (this.inboundWebhook === undefined) return this.#store.change(sms.sid, { webhook: 'no webhook is configured' })

    const fields = { ...this.#fields(sms), SmsMessageSid: sms.sid, SmsStatus: 'received', Body: body }
    const counts = { NumMedia: '0', NumSegments: '1' }
    const { outcome, text } = await this.#post(this.inboundWebhook, { ...fields, ...counts })
    if (!this.#store.hasOptedOut(to, from)) for (const message of repliesIn(text)) this.#reply(sms, message)
    return this.#store.change(sms.sid, { webhook: outcome })
  }

  deliverSoon(sms: CaughtSms): void {
    const work = this.#deliver(sms)
    this.#underWay.add(work)
    void work.finally(() => this.#underWay.delete(work))
  }

  /** Stops reporting; what is under way is taken up by the next start. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#underWay)
  }

  #create(form: URLSearchParams): CatcherAnswer {
    const field = (name: string): string => form.get(name)?.trim() ?? ''
    const [to, from, body] = [field('To'), field('From') || field('MessagingServiceSid'), form.get('Body') ?? '']
    const refusal = refusalFor({ to, from, body })
    if (refusal) return refused(refusal)
    if (this.#store.hasOptedOut(from, to)) return refused(optedOut)
    const statusCallback = field('StatusCallback')
    const sms = newMessage({ direction: 'outbound-api', from, to, body, status: 'queued', statusCallback })
    this.#store.add(sms)
    this.deliverSoon(sms)
    return json(messageResource(this.#account.accountSid, sms), 201)
  }

  #list(query: URLSearchParams): CatcherAnswer {
    const [to, after] = [query.get('To') ?? undefined, Date.parse(query.get('DateSent>') ?? '')]
    const { messages } = this.#store.list({ number: to, limit: longestList, offset: 0 })
    const { accountSid } = this.#account
    const found = messages
      .filter((sms) => to === undefined || sms.to === to)
      .filter((sms) => Number.isNaN(after) || Date.parse(sms.updatedAt) >= after)
      .map((sms) => messageResource(accountSid, sms))
    return json({ messages: found, page: 0, page_size: longestList, next_page_uri: null, previous_page_uri: null })
  }

  async #deliver(sms: CaughtSms): Promise<void> {
    const errorCode = undeliveredReason(sms.to)
    const end: SmsStatus = errorCode === undefined ? 'delivered' : 'undelivered'
    for (const status of sms.status === 'queued' ? (['sent', end] as const) : [end]) {
      // The callback may come before the client has read the answer to its request: that happens with Twilio, too.
      await sleep(stepMs, undefined, { signal: this.#closing.signal }).catch(() => undefined)
      if (this.#closing.signal.aborted) return
      const failure = status === 'undelivered' && errorCode !== undefined ? { errorCode } : {}
      await this.#report(this.#store.change(sms.sid, { status, ...failure }))
    }
  }

  async #report(sms: CaughtSms): Promise<void> {
    if (!sms.statusCallback) return
    const fields = { ...this.#fields(sms), MessageStatus: sms.status, SmsStatus: sms.status }
    const error: Record<string, string> = sms.errorCode === undefined ? {} : { ErrorCode: String(sms.errorCode) }
    await this.#post(sms.statusCallback, { ...fields, ...error })
  }

  #fields(sms: CaughtSms): Record<string, string> {
    const { accountSid } = this.#account
    return {
      AccountSid: accountSid,
      ApiVersion: apiVersion,
      From: sms.from,
      MessageSid: sms.sid,
      SmsSid: sms.sid,
      To: sms.to,
    }
  }

  /** Posts a signed form. Like Twilio, it asks once: an unreachable product misses the report. */
  async #post(url: string, fields: Record<string, string>): Promise<{ outcome: string; text: string }> {
    const signature = twilio.getExpectedTwilioSignature(this.#account.authToken, url, fields)
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'x-twilio-signature': signature, 'user-agent': 'TwilioProxy/1.1' },
        body: new URLSearchParams(fields),
        redirect: 'manual',
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(webhookTimeoutMs)]),
      })
      return { outcome: `answered ${response.status}`, text: response.ok ? await response.text() : '' }
    } catch (error) {
      const reason = error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : ''
      return { outcome: `could not be reached: ${reason}`, text: '' }
    }
  }

  #reply(to: CaughtSms, body: string): void {
    this.#store.add(newMessage({ direction: 'outbound-reply', from: to.to, to: to.from, body, status: 'delivered' }))
  }

  #isAuthentic(authorization: string | undefined): boolean {
    const { accountSid, authToken } = this.#account
    const expected = Buffer.from(`Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`)
    const given = Buffer.from(authorization ?? '')
    return given.length === expected.length && timingSafeEqual(given, expected)
  }
}

function refused(refusal: TwilioRefusal): CatcherAnswer {
  return json(errorResource(refusal), refusal.status)
}

function newMessage(
  parts: Pick<CaughtSms, 'direction' | 'from' | 'to' | 'body' | 'status' | 'statusCallback'>,
): CaughtSms {
  const createdAt = new Date().toISOString()
  const prefix = 'SM'
  return { sid: `${prefix}${randomBytes(16).toString('hex')}`, ...parts, createdAt, updatedAt: createdAt }
}

/** The texts of the `<Message>`s in a TwiML answer. */
function repliesIn(twiml: string): string[] {
  const messages = [...twiml.matchAll(/<Message[^>]*>([\s\S]*?)<\/Message>/g)]
  return messages.map(([, inner = '']) => {
    const body = /<Body>([\s\S]*?)<\/Body>/.exec(inner)?.[1] ?? inner
    const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' }
    return body.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities[name] ?? '').trim()
  })
}
