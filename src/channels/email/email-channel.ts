/** Email over SMTP: composes the message, keeps a few connections open, and says what became of each attempt. */

import type { SendMailOptions } from 'nodemailer'
import type { DeliveryResult } from '../../domain/delivery.ts'
import { openSmtpDoor, type SmtpDoor } from './smtp-door.ts'

export interface Email {
  /** The ledger's id: the Message-ID is made from it, so that a second copy is known as one. */
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string | null
  /** For marketing: where one click ends it. */
  readonly unsubscribeUrl: string | null
}

export interface EmailChannel {
  send(email: Email): Promise<DeliveryResult>
  close(): void
}

export interface EmailOptions {
  readonly smtpUrl: string
  /** As in a header: `Shop <shop@example.com>`. */
  readonly from: string
  /** How many messages may be on their way at once. */
  readonly connections: number
}

/** @throws RangeError if the sender is no address. */
export function createEmailChannel({ smtpUrl, from, connections }: EmailOptions): EmailChannel {
  const sender = readSender(from)
  const doors = new Doors(smtpUrl, connections)
  return {
    async send(email) {
      if (!isPlainAddress(email.to)) return { status: 'failed', reason: 'not an email address', suppress: 'invalid' }
      return doors.through((door) => door.send(compose(email, sender)))
    },
    close: () => doors.close(),
  }
}

interface Sender {
  readonly header: string
  readonly address: string
  readonly domain: string
}

function compose(email: Email, sender: Sender): SendMailOptions {
  return {
    from: sender.header,
    to: email.to,
    // Nobody else than this recipient, whatever the headers say.
    envelope: { from: sender.address, to: [email.to] },
    messageId: messageIdOf(email.id, sender.domain),
    subject: oneLine(email.subject),
    text: email.text,
    ...(email.html === null ? {} : { html: email.html }),
    ...(email.unsubscribeUrl === null ? {} : { headers: unsubscribeHeaders(email, email.unsubscribeUrl, sender) }),
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** The same for every attempt to send one message. */
function messageIdOf(id: string, domain: string): string {
  return `<${id}@${domain}>`
}

/** RFC 2369 and RFC 8058: one click at the web address, or a mail to the shop that names the message. */
function unsubscribeHeaders({ id }: Email, url: string, { address }: Sender): Record<string, string> {
  return {
    // As a URL it holds no line break, space or bracket that would begin another header or entry.
    'List-Unsubscribe': `<${new URL(url).href}>, <mailto:${address}?subject=unsubscribe%20${encodeURIComponent(id)}>`,
    'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
  }
}

/** Line breaks in a subject would begin another header. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}

/** One bare address: no display name, list, comment, quote, space or control character that could mean more. */
function isPlainAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s\p{Cc}@<>()[\]\\,;:"]{1,64}@[\p{L}\p{N}.-]{1,253}$/u.test(text)
}

function readSender(from: string): Sender {
  const address = /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from.trim()
  if (!isPlainAddress(address) || /[\r\n]/.test(from)) {
    throw new RangeError(`MAIL_FROM: ${JSON.stringify(from)} must be an address, or a name and <an address>`)
  }
  return { header: from, address, domain: address.slice(address.lastIndexOf('@') + 1) }
}

/** As many connections as messages may be on their way at once; whoever comes when all are busy waits for the first. */
class Doors {
  readonly #free: SmtpDoor[] = []
  readonly #all: SmtpDoor[] = []
  readonly #waiting: ((door: SmtpDoor) => void)[] = []
  readonly #smtpUrl: string
  readonly #most: number

  constructor(smtpUrl: string, most: number) {
    this.#smtpUrl = smtpUrl
    this.#most = most
  }

  async through<T>(work: (door: SmtpDoor) => Promise<T>): Promise<T> {
    const door = await this.#enter()
    try {
      return await work(door)
    } finally {
      const next = this.#waiting.shift()
      if (next) next(door)
      else this.#free.push(door)
    }
  }

  close(): void {
    for (const door of this.#all) door.close()
  }

  #enter(): Promise<SmtpDoor> | SmtpDoor {
    const free = this.#free.pop()
    if (free) return free
    if (this.#all.length < this.#most) {
      const door = openSmtpDoor(this.#smtpUrl)
      this.#all.push(door)
      return door
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
