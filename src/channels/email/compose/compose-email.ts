/** From a rendered message to what travels: headers, parts, signatures, envelope. */

import type { SmtpMail } from '../smtp/conversation.ts'
import { type CompiledMail, compileMail, type MailText } from './compiled-mail.ts'
import { type DkimKey, dkimSignatures, type SigningPlace } from './dkim.ts'
import { isPlainAddress, isWide, travelling } from './headers.ts'
import type { SenderIdentity } from './sender-identity.ts'

export interface Email {
  /** The ledger's id: the Message-ID is made from it, so that a second copy is known as one. */
  readonly id: string
  readonly to: string
  readonly subject: string
  readonly text: MailText
  readonly html: MailText | null
  /** For marketing: where one click ends it. */
  readonly unsubscribeUrl: string | null
  /** Where bounces go, if not to the sender. */
  readonly returnPath?: string | undefined
  /** Where a mail ends such messages, whatever it says. Default: the sender, with words that name the message. */
  readonly unsubscribeMailbox?: string | undefined
}

/** Postmark gives messages a Message-ID of its own, and hands back metadata. */
export type ReportingService = 'postmark'

export interface Composer {
  /** @returns undefined if the recipient's address is none. */
  compose(email: Email, nowMs: number): Promise<SmtpMail | undefined>
}

/** @param reportedBy the service that must be told how it names a message in its reports; most keep the Message-ID. */
export function createComposer(
  sender: SenderIdentity,
  keys: readonly DkimKey[],
  reportedBy?: ReportingService,
  signing: SigningPlace = 'pool',
): Composer {
  const forms = new Map<string, Promise<CompiledMail>>()
  const formOf = (hasHtml: boolean, isList: boolean): Promise<CompiledMail> => {
    const name = `${hasHtml} ${isList}`
    const form = forms.get(name) ?? compileMail({ from: sender.header, replyTo: sender.replyTo, hasHtml, isList })
    forms.set(name, form)
    return form
  }
  return {
    async compose(email, nowMs) {
      const to = isPlainAddress(email.to) ? travelling(email.to) : undefined
      if (to === undefined) return undefined
      const form = await formOf(email.html !== null, email.unsubscribeUrl !== null)
      const filled = form.filledWith({
        to,
        messageId: messageIdOf(email.id, sender.domain),
        dateMs: nowMs,
        subject: email.subject,
        text: email.text,
        html: email.html,
        listUnsubscribe: email.unsubscribeUrl === null ? null : listUnsubscribe(email, email.unsubscribeUrl, sender),
      })
      const signatures = await dkimSignatures(filled, keys, signing)
      const named = reportedBy === 'postmark' ? [`X-PM-Metadata-message: ${plainId(email.id)}`] : []
      const head = [...signatures, ...filled.headers, ...named].join('\r\n')
      const content = Buffer.from(`${head}\r\n\r\n${filled.body}`, 'utf8')
      const from = email.returnPath ?? sender.address
      return { from, to, content, ...(isWide(to) || isWide(from) ? { needsUtf8: true } : {}) }
    },
  }
}

/** The same for every attempt to send one message. */
function messageIdOf(id: string, domain: string): string {
  return `<${plainId(id)}@${domain}>`
}

function plainId(id: string): string {
  return id.replaceAll(/[^\w.-]/g, '')
}

/** RFC 2369 and RFC 8058: one click at the web address, or a mail to the shop that names the message. */
function listUnsubscribe({ unsubscribeMailbox }: Email, url: string, { address }: SenderIdentity): string {
  // As a URL it holds no line break, space or bracket that would begin another header or entry.
  const { href, pathname } = new URL(url)
  const web = `<${href}>`
  // The signed end of the link: whoever reads that mailbox for us knows whom it speaks of, and that we have said so.
  const token = encodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1))
  const mailbox = unsubscribeMailbox ?? `${address}?subject=unsubscribe%20${token}`
  return `${web},\r\n <mailto:${mailbox}>`
}
