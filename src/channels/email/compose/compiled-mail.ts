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
  readonly hasHtml: boolean
  /** Marketing: both forms of List-Unsubscribe. */
  readonly isList: boolean
}

/** What is filled in. */
export interface MailFilling {
  /** As it travels. */
  readonly to: string
  /** With angle brackets. */
  readonly messageId: string
  readonly dateMs: number
  readonly subject: string
  readonly text: string
  readonly html: string | null
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

/** What stands for the parts in the form; the composer takes them for ordinary text. */
const textMark = 'PerennialTextPart'
const htmlMark = 'PerennialHtmlPart'

export async function compileMail({ from, hasHtml, isList }: MailShape): Promise<CompiledMail> {
  const raw = await compose({
    from,
    to: 'somebody@example.com',
    messageId: '<message@example.com>',
    subject: 'subject',
    date: new Date(0),
    text: textMark,
    ...(hasHtml ? { html: htmlMark } : {}),
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
  if (piece === textMark) return quotedPrintable(text)
  return piece === htmlMark ? quotedPrintable(html ?? '') : piece
}

function withLineEnd(body: string): string {
  return body.endsWith('\r\n') ? body : `${body}\r\n`
}
