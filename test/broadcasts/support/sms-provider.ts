/**
 * A server that speaks Twilio's Messages API as fast as it can, and misbehaves as it is told. Its log is the witness of
 * what was really taken.
 */

import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { createSmsChannel, type SmsChannel } from '../../../src/channels/sms/sms-channel.ts'

/** `lost`: it takes the message, and nobody hears of it. A number is Twilio's own of a refusal. */
export type Manners = (to: string, underWay: number) => 'lost' | 'broken' | 'busy' | number | undefined

export interface TakenText {
  readonly sid: string
  readonly to: string
  readonly body: string
  readonly atMs: number
  readonly statusCallback: string
}

export interface SmsProvider {
  readonly url: string
  readonly channel: SmsChannel
  /** For the worker process. */
  readonly env: Readonly<Record<string, string>>
  readonly taken: TakenText[]
  /** Requests, also those that were refused; the most that were under way at once. */
  readonly counts: { requests: number; refused: number; mostAtOnce: number }
  behave(manners: Manners): void
  forget(): void
  close(): Promise<void>
}

const account = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a-token', from: '+15005550006' }

/**
 * @param delayMs before each answer.
 * @param nowMs what it takes for now.
 */
export async function startSmsProvider(delayMs = 0, nowMs: () => number = Date.now): Promise<SmsProvider> {
  const taken: TakenText[] = []
  const counts = { requests: 0, refused: 0, mostAtOnce: 0 }
  let manners: Manners = () => undefined
  let underWay = 0

  const create = async (form: URLSearchParams, response: ServerResponse): Promise<void> => {
    const field = (name: string): string => form.get(name) ?? ''
    const misdeed = manners(field('To'), underWay)
    if (delayMs > 0) await setTimeout(delayMs)
    if (misdeed === 'busy') return refuse(response, 429, 20_429)
    if (misdeed === 'broken') return refuse(response, 500, 20_500)
    if (typeof misdeed === 'number') return refuse(response, 400, misdeed)
    const sid = `SM${randomBytes(16).toString('hex')}`
    const text = { sid, to: field('To'), body: field('Body'), atMs: nowMs(), statusCallback: field('StatusCallback') }
    taken.push(text)
    if (misdeed === 'lost') return void response.destroy()
    json(response, 201, resource(text))
  }
  const refuse = (response: ServerResponse, status: number, code: number): void => {
    counts.refused++
    json(response, status, { code, status, message: 'no' })
  }
  const list = (query: URLSearchParams, response: ServerResponse): void => {
    const messages = taken.filter(({ to }) => to === query.get('To')).map(resource)
    json(response, 200, { messages, page: 0, page_size: 50, next_page_uri: null, previous_page_uri: null })
  }
  const server = createServer((request, response) => {
    if (request.method === 'GET') return list(new URL(request.url ?? '', 'http://twin').searchParams, response)
    counts.requests++
    counts.mostAtOnce = Math.max(counts.mostAtOnce, ++underWay)
    void bodyOf(request)
      .then((body) => create(new URLSearchParams(body), response))
      .finally(() => underWay--)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    channel: createSmsChannel({ ...account, apiUrl: url }),
    env: {
      TWILIO_ACCOUNT_SID: account.accountSid,
      TWILIO_AUTH_TOKEN: account.authToken,
      TWILIO_FROM: account.from,
      TWILIO_API_URL: url,
    },
    taken,
    counts,
    behave: (next) => void (manners = next),
    forget() {
      taken.length = 0
      Object.assign(counts, { requests: 0, refused: 0, mostAtOnce: 0 })
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => void server.close(() => resolve()))
    },
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function resource({ sid, to, body, atMs }: TakenText): object {
  const at = new Date(atMs).toUTCString().replace('GMT', '+0000')
  return { sid, to, body, direction: 'outbound-api', status: 'sent', date_created: at, date_sent: at, date_updated: at }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString()
}
