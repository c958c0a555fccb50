/**
 * Bounces and complaints that come into a mailbox: it is looked into now and then, each new mail is read as a report, and
 * marked as seen once what it says is written down. Other mail is marked, too, and left where it is.
 */

import { ImapFlow } from 'imapflow'
import type { MailReport } from '../domain/mail-report.ts'
import { readHeaders } from './mime.ts'
import { type OurSignatures, readMail } from './read-mail.ts'

export interface Mailbox {
  readonly host: string
  readonly port: number
  /** TLS from the first byte; else STARTTLS where it is offered. */
  readonly secure: boolean
  readonly user: string
  readonly password: string
  /** Its name: `INBOX`. */
  readonly folder: string
  readonly everyMs: number
  /** Of a server whose certificate nobody else knows. */
  readonly ca?: string | undefined
}

/** What went wrong with a mailbox, in words that hold no address, password or mail. */
export class MailboxError extends Error {
  override readonly name = 'MailboxError'
}

const usualEverySeconds = 60
const defaultPorts = { 'imap:': 143, 'imaps:': 993 } as const

/**
 * `imaps://user:password@host:993/INBOX?every=60`.
 *
 * @throws RangeError naming the part that is wrong, without the password.
 */
export function readMailboxUrl(text: string): Mailbox {
  const refuse = (rule: string): RangeError => new RangeError(`MAIL_BOUNCE_MAILBOX: ${rule}`)
  if (!URL.canParse(text)) throw refuse('must be a URL such as imaps://user:password@mail.example/INBOX')
  const url = new URL(text)
  const { protocol, hostname, username, password } = url
  if (protocol !== 'imap:' && protocol !== 'imaps:') throw refuse('must begin with imaps: or imap:')
  if (hostname === '' || username === '' || password === '') throw refuse('must hold a user, a password and a host')
  const every = url.searchParams.get('every') ?? String(usualEverySeconds)
  if (!/^\d{1,5}$/.test(every) || Number(every) < 1) throw refuse('every= must be a number of seconds from 1 to 99999')
  const folder = decodeURIComponent(url.pathname.slice(1))
  return {
    host: hostname,
    port: url.port === '' ? defaultPorts[protocol] : Number(url.port),
    secure: protocol === 'imaps:',
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    folder: folder === '' ? 'INBOX' : folder,
    everyMs: Number(every) * 1_000,
  }
}

/** What is behind this much of a mail is not read. */
const longestReadBytes = 1024 * 1024
const mostAtOnce = 50
const patienceMs = 30_000

export interface Fetched {
  readonly mails: number
  readonly reports: number
  /** There may be more at once. */
  readonly hasMore: boolean
}

/**
 * Looks once into a mailbox.
 *
 * @param take writes reports down; only then are their mails marked.
 * @throws MailboxError if the server is away, or refuses us; whatever `take` throws.
 */
export async function fetchReports(
  mailbox: Mailbox,
  ours: OurSignatures,
  take: (reports: readonly MailReport[]) => Promise<void>,
): Promise<Fetched> {
  const client = await connect(mailbox)
  try {
    const uids = await spoken(async () => {
      await client.mailboxOpen(mailbox.folder)
      return (await client.search({ seen: false }, { uid: true })) || []
    })
    const some = uids.slice(0, mostAtOnce)
    if (some.length === 0) return { mails: 0, reports: 0, hasMore: false }
    const reports = await spoken(() => reportsOf(client, some, ours))
    if (reports.length > 0) await take(reports)
    await spoken(() => client.messageFlagsAdd(some, ['\\Seen'], { uid: true }))
    return { mails: some.length, reports: reports.length, hasMore: uids.length > some.length }
  } finally {
    await client.logout().catch(() => client.close())
  }
}

async function connect({ host, port, secure, user, password, ca }: Mailbox): Promise<ImapFlow> {
  const client = new ImapFlow({
    host,
    port,
    secure,
    auth: { user, pass: password },
    logger: false, // It would tell of addresses.
    disableAutoIdle: true,
    connectionTimeout: patienceMs,
    greetingTimeout: patienceMs,
    socketTimeout: patienceMs,
    ...(ca === undefined ? {} : { tls: { ca } }),
  })
  client.on('error', () => undefined) // Whoever waits for an answer is told.
  await spoken(() => client.connect())
  return client
}

/** The words of a server may repeat who logs in, and what a mail holds: only codes are told. */
async function spoken<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { authenticationFailed, code } = error as { authenticationFailed?: boolean; code?: unknown }
    if (authenticationFailed === true) throw new MailboxError('the mailbox refuses user and password')
    throw new MailboxError(
      typeof code === 'string' && /^\w{1,40}$/.test(code) ? `the mailbox: ${code}` : 'the mailbox cannot be read',
    )
  }
}

async function reportsOf(client: ImapFlow, uids: readonly number[], ours: OurSignatures): Promise<MailReport[]> {
  const reports: MailReport[] = []
  const query = { uid: true, source: { maxLength: longestReadBytes } } as const
  for await (const { source } of client.fetch([...uids], query, { uid: true })) {
    if (source !== undefined) reports.push(...readFetched(source, ours))
  }
  return reports
}

/** A mailbox keeps no envelope: to which of our addresses a mail was sent stands in its headers, and is signed. */
const recipientHeaders = ['delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to', 'to', 'cc']

function readFetched(source: Buffer, ours: OurSignatures): MailReport[] {
  const text = source.toString('latin1').replaceAll('\r\n', '\n')
  const headers = readHeaders(text.slice(0, Math.max(0, text.indexOf('\n\n'))))
  const addresses = recipientHeaders.flatMap((name) =>
    (headers.get(name) ?? '').split(',').map((one) => one.replace(/^.*<([^<>]*)>.*$/s, '$1').trim()),
  )
  const signed = addresses.find((address) => ours.returnPath(address) !== undefined)
  return readMail(source, signed ?? addresses[0] ?? '', ours)
}
