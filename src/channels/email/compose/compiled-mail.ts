/**
 * The form of a message, made once and filled for each recipient: nodemailer's composer gives headers and parts, and
 * what differs from recipient to recipient is left out of it.
 */

import MailComposer from 'nodemailer/lib/mail-composer'
import { dateHeader, oneLine, unstructured } from './headers.ts'
import { quotedPrintable } from './quoted-printable.ts'

/** Which parts a message has; messages that agree share a form. */
export interface MailShape {
  /** As in a header: `Shop <shop@example.com>`. */
  readonly from: string
  /** Where answers go, if not there. */
  readonly replyTo?: string | undefined
  readonly hasHtml: boolean
  /** Marketing: both forms of List-Unsubscribe. */
  readonly isList: boolean
}

/** A part's text, or what was encoded before. */
export type MailText = string | { readonly quotedPrintable: string }

/** What is filled in. */
export interface MailFilling {
  /** As it travels. */
  readonly to: string
  /** With angle brackets. */
  readonly messageId: string
  readonly dateMs: number
  readonly subject: string
  readonly text: MailText
  readonly html: MailText | null
  /** The value of List-Unsubscribe. */
  readonly listUnsubscribe: string | null
}

export interface FilledMail {
  /** Each with its folds, without the line break at its end. */
  readonly headers: readonly string[]
  /** Lines end with CRLF, the last one too. */
  readonly body: string
}

export interface CompiledMail {
  filledWith(filling: MailFilling): FilledMail
}

type Slot = keyof Omit<MailFilling, 'text' | 'html'>

const headerSlots: Readonly<Record<string, Slot>> = {
  to: 'to',
  'message-id': 'messageId',
  date: 'dateMs',
  subject: 'subject',
  'list-unsubscribe': 'listUnsubscribe',
}

/** What stands for the parts in the form; not ASCII, so that the composer says of them that they are quoted-printable. */
const textWord = 'PerennialTextPart§'
const htmlWord = 'PerennialHtmlPart§'
const textMark = quotedPrintable(textWord)
const htmlMark = quotedPrintable(htmlWord)

export async function compileMail({ from, replyTo, hasHtml, isList }: MailShape): Promise<CompiledMail> {
  const raw = await compose({
    from,
    ...(replyTo === undefined ? {} : { replyTo }),
    to: 'somebody@example.com',
    messageId: '<message@example.com>',
    subject: 'subject',
    date: new Date(0),
    text: textWord,
    ...(hasHtml ? { html: htmlWord } : {}),
    ...(isList ? { headers: { 'List-Unsubscribe': '<>', 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } } : {}),
    textEncoding: 'quoted-printable' as const,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const end = raw.indexOf('\r\n\r\n')
  const headers = raw
    .slice(0, end)
    .split(/\r\n(?![ \t])/)
    .map(headerFiller)
  const pieces = raw.slice(end + 4).split(new RegExp(`(${textMark}|${htmlMark})`))
  return {
    filledWith: (filling) => ({
      headers: headers.map((header) => (typeof header === 'string' ? header : header(filling))),
      body: withLineEnd(pieces.map((piece) => fillPart(piece, filling)).join('')),
    }),
  }
}

function compose(mail: object): Promise<string> {
  return new Promise((resolve, reject) => {
    new MailComposer(mail).compile().build((error, message) => {
      if (error) reject(error)
      else resolve(message.toString('latin1'))
    })
  })
}

function headerFiller(line: string): string | ((filling: MailFilling) => string) {
  const name = line.slice(0, line.indexOf(':'))
  const slot = headerSlots[name.toLowerCase()]
  if (slot === undefined) return line
  if (slot === 'subject') return ({ subject }) => unstructured(name, oneLine(subject))
  if (slot === 'dateMs') return ({ dateMs }) => `${name}: ${dateHeader(dateMs)}`
  return (filling) => `${name}: ${filling[slot] ?? ''}`
}

function fillPart(piece: string, { text, html }: MailFilling): string {
  if (piece === textMark) return encoded(text)
  return piece === htmlMark ? encoded(html ?? '') : piece
}

function encoded(text: MailText): string {
  return typeof text === 'string' ? quotedPrintable(text) : text.quotedPrintable
}

function withLineEnd(body: string): string {
  return body.endsWith('\r\n') ? body : `${body}\r\n`
}
