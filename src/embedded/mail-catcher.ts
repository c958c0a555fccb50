/**
 * A real SMTP server that keeps what it gets and delivers nothing, with a page to read it. For one machine: both ports
 * listen on the loopback address only.
 *
 * To rehearse refusals, any address at `refused.invalid` is answered with 550 and at `later.invalid` with 451; no real
 * address can end in `.invalid` (RFC 2606).
 */

import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { SMTPServerDataStream, SMTPServerSession } from 'smtp-server'
import { SMTPServer } from 'smtp-server'
import { listen, loopback, serveOnLoopback } from './catcher-http.ts'
import { isDiskFull } from './disk.ts'
import { mailPages } from './mail-pages.ts'
import type { MailStore } from './mail-store.ts'
import { openMailStore } from './mail-store.ts'

export interface MailCatcher {
  /** For SMTP_URL. */
  readonly smtpUrl: string
  readonly smtpPort: number
  /** The page; the JSON is below `/api/messages`. */
  readonly uiUrl: string
  readonly uiPort: number
  close(): Promise<void>
}

/** As large as the large providers accept. */
const maxMessageBytes = 25 * 1024 * 1024
const closeMs = 500

/**
 * Starts the catcher. What it caught is in `mail` of the home.
 *
 * @throws ServiceError if a port is taken.
 */
export async function startMailCatcher(options: {
  readonly home: string
  /** Default: free ones. */
  readonly smtpPort?: number
  readonly uiPort?: number
}): Promise<MailCatcher> {
  const store = openMailStore(join(options.home, 'mail'))
  const smtp = smtpServer(store, options.home)
  smtp.on('error', () => undefined) // A client that hangs up in the middle is its own affair.
  await listen(smtp.server, options.smtpPort ?? 0, 'the mail catcher (SMTP)')
  const smtpPort = (smtp.server.address() as AddressInfo).port
  try {
    const ui = await serveOnLoopback('the mail catcher (page)', options.uiPort ?? 0, mailPages(store))
    return {
      smtpUrl: `smtp://${loopback}:${smtpPort}`,
      smtpPort,
      uiUrl: ui.url,
      uiPort: ui.port,
      async close() {
        await Promise.all([ui.close(), new Promise<void>((resolve) => smtp.close(resolve))])
      },
    }
  } catch (error) {
    smtp.close()
    throw error
  }
}

function smtpServer(store: MailStore, home: string): SMTPServer {
  return new SMTPServer({
    banner: 'Perennial mail catcher: delivers nothing',
    size: maxMessageBytes,
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    closeTimeout: closeMs,
    // Any name and password will do, so that a configuration with both can be rehearsed.
    onAuth: (auth, _session, done) => done(null, { user: auth.username ?? 'anyone' }),
    onRcptTo: ({ address }, _session, done) => done(refusalOf(address)),
    onData(stream, session, done) {
      void receive(store, home, stream, session, done)
    },
  })
}

async function receive(
  store: MailStore,
  home: string,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
  done: (error: Error | null, text?: string) => void,
): Promise<void> {
  let error: Error | null = null
  let text = ''
  try {
    text = `Caught as ${await keep(store, stream, session)}`
  } catch (reason) {
    error = smtpError(reason instanceof Error ? reason : new Error(String(reason)), home)
  }
  done(error, text)
}

async function keep(store: MailStore, stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) if (!stream.sizeExceeded) chunks.push(chunk)
  if (stream.sizeExceeded) throw refusal(552, `5.3.4 Larger than ${maxMessageBytes} bytes`)
  const { mailFrom, rcptTo } = session.envelope
  const from = mailFrom === false ? '' : mailFrom.address
  const mail = await store.add({ from, to: rcptTo.map(({ address }) => address), raw: Buffer.concat(chunks) })
  return mail.id
}

function refusalOf(address: string): Error | null {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  if (domain === 'refused.invalid') return refusal(550, '5.1.1 No such user here')
  if (domain === 'later.invalid') return refusal(451, '4.2.1 Try again later')
  return null
}

function refusal(responseCode: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode })
}

function smtpError(error: Error, home: string): Error {
  if ('responseCode' in error) return error
  return isDiskFull(home, error.message)
    ? refusal(452, '4.3.1 The disk of the mail catcher is full')
    : refusal(451, `4.3.0 The mail catcher could not keep it: ${error.message}`)
}
