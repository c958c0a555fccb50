/**
 * Calls addresses that others gave us: over https, to an address that was looked at and is then dialled itself, so that a
 * name which says something else the next moment changes nothing. Redirects are not followed; time and size have limits.
 */

import { createHmac } from 'node:crypto'
import { lookup as dnsLookup } from 'node:dns/promises'
import http, { type RequestOptions } from 'node:http'
import https from 'node:https'
import { isIP } from 'node:net'
import { isPublicAddress, urlProblem } from './safe-address.ts'

export interface WebhookCallToMake {
  /** The same for every attempt. */
  readonly id: string
  readonly url: string
  readonly body: string
}

export type WebhookResult =
  | { readonly status: 'sent' }
  /** Another time it may go. */
  | { readonly status: 'retry'; readonly problem: string }
  /** Trying again changes nothing. */
  | { readonly status: 'refused'; readonly problem: string }

export interface WebhookChannel {
  send(call: WebhookCallToMake): Promise<WebhookResult>
}

export interface WebhookOptions {
  /** With which receivers check that we called. */
  readonly secret: string
  /** Hosts of the shop's own network that may be called all the same, also by http. */
  readonly allowedHosts?: readonly string[]
  /** All addresses of a name. Default: as the system says. */
  readonly resolve?: (host: string) => Promise<readonly string[]>
  /** Real time for a call, from the first byte to the last. */
  readonly timeoutMs?: number
}

const longestMs = 10_000

/** Of the answer only the status counts; more than this is not even waited for. */
const mostAnswerBytes = 64 * 1024

export function createWebhookChannel(options: WebhookOptions): WebhookChannel {
  const { secret, allowedHosts = [], resolve = resolveAll, timeoutMs = longestMs } = options
  return {
    async send(call) {
      const isAllowed = URL.canParse(call.url) && allowedHosts.includes(new URL(call.url).host)
      const problem = isAllowed ? undefined : urlProblem(call.url)
      if (problem !== undefined) return { status: 'refused', problem: `address refused: ${problem}` }
      const url = new URL(call.url)
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
      const addresses = isIP(host) === 0 ? await resolve(host).catch(() => []) : [host]
      const [address] = addresses
      if (address === undefined) return { status: 'retry', problem: 'name not found' }
      // One bad address among good ones is an attempt, not an accident.
      if (!isAllowed && !addresses.every(isPublicAddress)) {
        return { status: 'refused', problem: 'address refused: the name leads into a private network' }
      }
      return post(url, address, headersOf(call, secret), call.body, timeoutMs)
    },
  }
}

async function resolveAll(host: string): Promise<readonly string[]> {
  return (await dnsLookup(host, { all: true })).map(({ address }) => address)
}

/** `t=<seconds>,v1=<HMAC-SHA256 of "t.body", hex>`: an old call cannot be passed off as a new one. */
export function signatureOf(secret: string, seconds: number, body: string): string {
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`
}

function headersOf({ id, body }: WebhookCallToMake, secret: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'user-agent': 'Perennial',
    'idempotency-key': id,
    // Real time: the receiver's clock is the one that it is held against.
    'perennial-signature': signatureOf(secret, Math.floor(Date.now() / 1_000), body),
  }
}

function post(
  url: URL,
  address: string,
  headers: Record<string, string>,
  body: string,
  timeoutMs: number,
): Promise<WebhookResult> {
  const options: RequestOptions = {
    method: 'POST',
    headers,
    agent: false,
    signal: AbortSignal.timeout(timeoutMs),
    // The address that was looked at, and no other; the certificate is still held against the name.
    lookup: (_host, lookupOptions, done) => {
      const family = isIP(address)
      if (lookupOptions.all === true) done(null, [{ address, family }])
      else done(null, address, family)
    },
  }
  const { request } = url.protocol === 'https:' ? https : http
  return new Promise((resolve) => {
    const call = request(url, options, (answer) => {
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > mostAnswerBytes) call.destroy()
      })
      answer.on('error', () => undefined)
      // The status has come: whatever follows changes nothing.
      resolve(judge(answer.statusCode ?? 0))
      answer.on('end', () => call.destroy())
    })
    call.on('error', (error: NodeJS.ErrnoException) => resolve({ status: 'retry', problem: problemOf(error) }))
    call.end(body)
  })
}

function judge(status: number): WebhookResult {
  if (status >= 200 && status < 300) return { status: 'sent' }
  const problem = `http ${status}`
  if (status >= 300 && status < 400) return { status: 'refused', problem: `${problem}: redirects are not followed` }
  // 408, 425 and 429 ask to come again; every other 4xx says that the call itself is wrong.
  const isPassing = status >= 500 || status < 200 || [408, 425, 429].includes(status)
  return { status: isPassing ? 'retry' : 'refused', problem }
}

function problemOf({ name, code }: NodeJS.ErrnoException): string {
  return name === 'AbortError' || name === 'TimeoutError' ? 'no answer in time' : (code ?? 'connection failed')
}
