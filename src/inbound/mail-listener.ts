/**
 * The mail server for what comes back: it takes mail for signed addresses of ours and for the mailbox that complaints are
 * sent to, and for nobody else. It sends nothing. A report that could not be written down is refused for now, and its
 * sender tries again.
 */

import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { MailReport } from '../domain/mail-report.ts'
import { describeError } from '../store/describe-error.ts'
import { type OurSignatures, readMail } from './read-mail.ts'

export interface MailListenerNeeds {
  readonly host: string
  readonly port: number
  /** The name of this server, whose MX leads here. */
  readonly domain: string
  /** Others whose MX leads here. */
  readonly otherDomains?: readonly string[]
  readonly ours: OurSignatures
  readonly take: (reports: readonly MailReport[]) => Promise<void>
  readonly log: Logger
}

export interface MailListener {
  readonly port: number
  close(): Promise<void>
}

/** A report may carry the whole message along; what is behind this much is not read. */
const longestReadBytes = 1024 * 1024
const maxMessageBytes = 30 * 1024 * 1024
const mostClients = 50
const silenceMs = 60_000
const closeMs = 500

/** The mailbox that feedback loops send complaints to. */
export const complaintsMailbox = 'complaints'

export async function startMailListener(needs: MailListenerNeeds): Promise<MailListener> {
  const server = new SMTPServer({
    name: needs.domain,
    banner: 'takes reports only',
    size: maxMessageBytes,
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    maxClients: mostClients,
    socketTimeout: silenceMs,
    closeTimeout: closeMs,
    logger: false,
    onRcptTo: ({ address }, _session, done) =>
      done(isOurs(address, needs) ? null : refusal(550, '5.1.1 No such mailbox here')),
    onData(stream, session, done) {
      void answer(needs, stream, session, done)
    },
  })
  server.on('error', () => undefined) // A client that hangs up in the middle is its own affair.
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject)
    server.listen(needs.port, needs.host, () => resolve())
  })
  return {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

function isOurs(address: string, { domain, otherDomains = [], ours }: MailListenerNeeds): boolean {
  const at = address.lastIndexOf('@')
  const given = address.slice(at + 1).toLowerCase()
  if (![domain, ...otherDomains].some((one) => one.toLowerCase() === given)) return false
  return address.slice(0, at).toLowerCase() === complaintsMailbox || ours.returnPath(address) !== undefined
}

async function answer(
  needs: MailListenerNeeds,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  done: (error: Error | null) => void,
): Promise<void> {
  let error: Error | null
  try {
    error = await receive(needs, stream, session)
  } catch {
    error = refusal(451, '4.3.0 Try again later')
  }
  done(error)
}

async function receive(
  { ours, take, log }: MailListenerNeeds,
  stream: SMTPServerDataStream,
  { envelope }: SMTPServerSession,
): Promise<Error | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (bytes < longestReadBytes) chunks.push(chunk)
    bytes += chunk.length
  }
  const raw = Buffer.concat(chunks).subarray(0, longestReadBytes)
  try {
    await take(envelope.rcptTo.flatMap(({ address }) => readMail(raw, address, ours)))
    return null
  } catch (error) {
    log.warn({ error: describeError(error) }, 'a report could not be written down')
    return refusal(451, '4.3.0 Try again later')
  }
}

function refusal(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode })
}
