/** Where mail is handed over, as one URL says it: `smtp://user:password@host:587?tls=required`. */

import { readFileSync } from 'node:fs'
import type { MessageClass } from '../../../domain/snapshot.ts'

/**
 * `implicit`: from the first byte (`smtps:`). `required`: STARTTLS, or nothing is sent. `if-offered`: STARTTLS where
 * the server has it. `never`: in the clear.
 */
export type TlsUse = 'implicit' | 'required' | 'if-offered' | 'never'

export interface SmtpServer {
  readonly host: string
  readonly port: number
  readonly tls: TlsUse
  /** PEM of whoever is trusted instead of the usual authorities. */
  readonly ca: string | undefined
  readonly login: { readonly user: string; readonly password: string } | undefined
  /** Conversations at once, at most. */
  readonly connections: number
  /** After so many messages a conversation is ended and another one begun. */
  readonly messagesPerConnection: number
}

/** Which messages a server is for; what is left out restricts nothing. */
export interface Route {
  readonly only: MessageClass | undefined
  /** Domains of recipients. */
  readonly domains: ReadonlySet<string> | undefined
}

const usualConnections = 8
const usualMessagesPerConnection = 10_000
const parameters = ['tls', 'ca', 'connections', 'messages', 'only', 'domains']

/** @throws RangeError naming the part, its value (unless secret) and the rule. */
export function readServerUrl(text: string): SmtpServer & { readonly route: Route } {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^smtps?:$/.test(url.protocol) || url.hostname === '') {
    throw new RangeError('SMTP_URL: must be a URL such as smtp://user:password@host:587 or smtps://host')
  }
  const unknown = [...url.searchParams.keys()].find((name) => !parameters.includes(name))
  if (unknown !== undefined) {
    throw new RangeError(`SMTP_URL: the parameter ${JSON.stringify(unknown)} is none of ${parameters.join(', ')}`)
  }
  const tls = readTls(url)
  const usualPort = tls === 'implicit' ? 465 : url.username === '' ? 25 : 587
  const ca = url.searchParams.get('ca')
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? usualPort : Number(url.port),
    tls,
    ca: ca === null ? undefined : readFileSync(ca, 'utf8'),
    login:
      url.username === ''
        ? undefined
        : { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) },
    connections: count(url, 'connections', usualConnections),
    messagesPerConnection: count(url, 'messages', usualMessagesPerConnection),
    route: readRoute(url),
  }
}

function readRoute(url: URL): Route {
  const only = url.searchParams.get('only')
  if (only !== null && only !== 'marketing' && only !== 'transactional') {
    throw new RangeError(`SMTP_URL: only=${only} must be marketing or transactional`)
  }
  const domains = url.searchParams.get('domains')
  return {
    only: only ?? undefined,
    domains: domains === null ? undefined : new Set(domains.toLowerCase().split(',')),
  }
}

function readTls(url: URL): TlsUse {
  const given = url.searchParams.get('tls')
  if (url.protocol === 'smtps:') {
    if (given === null || given === 'required') return 'implicit'
    throw new RangeError(`SMTP_URL: tls=${given} contradicts smtps:, which is TLS from the first byte`)
  }
  if (given === null) return 'if-offered'
  if (given === 'required' || given === 'if-offered' || given === 'never') return given
  throw new RangeError(`SMTP_URL: tls=${given} must be required, if-offered or never`)
}

function count(url: URL, name: string, usual: number): number {
  const given = url.searchParams.get(name)
  if (given === null) return usual
  const value = Number(given)
  if (Number.isSafeInteger(value) && value >= 1 && value <= 1_000_000) return value
  throw new RangeError(`SMTP_URL: ${name}=${given} must be a whole number of at least 1`)
}
