/** What the mail and the SMS catcher share: a small HTTP server for people and tests on this machine only. */

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { escapeHtml, page } from './catcher-page.ts'
import { PortTakenError } from './service-error.ts'

export const loopback = '127.0.0.1'

export interface CatcherRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  /** The whole body. @throws HttpError 413 above a megabyte. */
  body(): Promise<string>
}

export interface CatcherAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** An answer that is an error; shown as a page to a browser and as JSON to everyone else. */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface CatcherServer {
  readonly port: number
  readonly url: string
  close(): Promise<void>
}

const maxBodyBytes = 1024 * 1024
const maxLimit = 500

export function json(value: unknown, status = 200): CatcherAnswer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(value) }
}

export function html(body: string): CatcherAnswer {
  return { headers: { 'content-type': 'text/html; charset=utf-8' }, body }
}

export function redirect(location: string): CatcherAnswer {
  return { status: 303, headers: { location } }
}

/** `limit` (1 to 500, default 50) and `offset` (from 0) of a query. @throws HttpError 400 */
export function paging(query: URLSearchParams): { limit: number; offset: number } {
  const read = (name: string, fallback: number, min: number, max: number): number => {
    const text = query.get(name)
    const value = text === null || text === '' ? fallback : Number(text)
    if (Number.isInteger(value) && value >= min && value <= max) return value
    throw new HttpError(400, `${name}: "${text}" given, must be a whole number from ${min} to ${max}`)
  }
  return { limit: read('limit', 50, 1, maxLimit), offset: read('offset', 0, 0, Number.MAX_SAFE_INTEGER) }
}

/**
 * Serves on the loopback address.
 *
 * @param port 0 for a free one.
 * @throws ServiceError if the port is taken.
 */
export async function serveOnLoopback(
  name: string,
  port: number,
  handle: (request: CatcherRequest) => Promise<CatcherAnswer>,
): Promise<CatcherServer> {
  const server = createServer((request, response) => void answer(request, response, handle))
  await listen(server, port, name)
  const bound = (server.address() as AddressInfo).port
  return {
    port: bound,
    url: `http://${loopback}:${bound}`,
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

/** Listens, or says in one sentence why not. Also serves the SMTP server. */
export async function listen(server: Pick<Server, 'listen' | 'once'>, port: number, name: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new PortTakenError(port, name) : error)
    })
    server.listen(port, loopback, resolve)
  })
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  handle: (request: CatcherRequest) => Promise<CatcherAnswer>,
): Promise<void> {
  let result: CatcherAnswer
  try {
    result = await handle(checked(request))
  } catch (error) {
    result = errorAnswer(request, error)
  }
  response.writeHead(result.status ?? 200, { 'cache-control': 'no-store', ...result.headers }).end(result.body)
}

function checked(request: IncomingMessage): CatcherRequest {
  const url = new URL(request.url ?? '/', `http://${loopback}`)
  // A web page elsewhere must neither read what was caught (by a name that points here) nor send anything.
  const host = request.headers.host?.replace(/:\d+$/, '')
  if (host !== loopback && host !== 'localhost') throw new HttpError(421, 'Only for this machine: use 127.0.0.1')
  const { origin } = request.headers
  if (origin !== undefined && origin !== `http://${request.headers.host}`)
    throw new HttpError(403, 'Not from this page')
  return {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    headers: request.headers,
    body: () => readBody(request),
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBodyBytes) throw new HttpError(413, `The body is larger than ${maxBodyBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function errorAnswer(request: IncomingMessage, error: unknown): CatcherAnswer {
  const status = error instanceof HttpError ? error.status : 500
  const message = error instanceof Error ? error.message : String(error)
  if (!request.headers.accept?.includes('text/html')) return json({ error: message }, status)
  return { ...html(page({ title: `${status}`, body: `<p>${escapeHtml(message)}</p>` })), status }
}
