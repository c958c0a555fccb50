/**
 * A mail that came to an address of ours: a delivery status notification (RFC 3464), a spam complaint (RFC 5965), or
 * somebody who wants to leave. Nothing in a mail proves who sent it; so it counts only for the message whose signed
 * address it was sent to, or which it carries along. Whatever else people and programs answer is nothing to us; two old
 * forms that have a mark of their own are read as well: bounces in plain text, and Microsoft's complaints.
 */

import { bounceKind, enhancedCodeIn, type MailReport, readAddress } from '../domain/mail-report.ts'
import { allParts, type MimePart, readHeaders, readMime } from './mime.ts'
import { readMarkedComplaint, readTextBounce } from './old-forms.ts'

/** What a signed address of ours speaks of; undefined for others. */
export type ReadReturnPath = (
  address: string,
) => { readonly purpose: 'bounce' | 'unsubscribe'; readonly messageId: string } | undefined

/** What a signed unsubscribe link of ours speaks of. */
export type ReadUnsubscribeLink = (token: string) => string | undefined

export interface OurSignatures {
  readonly returnPath: ReadReturnPath
  readonly unsubscribeLink: ReadUnsubscribeLink
}

/** @param recipient the address that it was sent to, as the envelope says. */
export function readMail(raw: Buffer, recipient: string, ours: OurSignatures): MailReport[] {
  const path = ours.returnPath(recipient)
  if (path?.purpose === 'unsubscribe') return [report(path.messageId, 'unsubscribe', '', undefined, 'mail')]
  const mail = readMime(raw)
  const leaving = leavingIn(mail, ours)
  if (leaving !== undefined) return [report(leaving, 'unsubscribe', '', undefined, 'mail')]
  const kind = reportType(mail)
  if (kind === 'delivery-status') {
    // Without a return path of its own it comes to the sender, and names its message by what it carries along.
    const messageId = path?.messageId ?? carriedMessage(mail, new Map(), ours)
    return messageId === undefined ? [] : readStatus(mail, messageId)
  }
  if (kind === 'feedback-report') return readFeedback(mail, path?.messageId, ours)
  if (path === undefined) return readMarked(mail, ours)
  const bounce = readTextBounce(mail)
  return bounce === undefined
    ? []
    : [report(path.messageId, bounceKind(bounce.code), bounce.code, bounce.address, 'text')]
}

function readMarked(mail: MimePart, ours: OurSignatures): MailReport[] {
  const marked = readMarkedComplaint(mail)
  const messageId = marked && carriedMessage(mail, new Map(), ours)
  return messageId === undefined ? [] : [report(messageId, 'complaint', '', marked?.address, 'jmrp')]
}

/** What mail programs write to the address of List-Unsubscribe, where that is the sender's own. */
function leavingIn({ headers }: MimePart, { unsubscribeLink }: OurSignatures): string | undefined {
  const token = /^unsubscribe ([\w.-]{1,200})$/i.exec(headers.get('subject') ?? '')?.[1]
  return token === undefined ? undefined : unsubscribeLink(token)
}

function reportType({ type, parameters }: MimePart): string {
  return type === 'multipart/report' ? (parameters.get('report-type') ?? '').toLowerCase() : ''
}

/** Each message of ours goes to one recipient, so of several groups the first that says anything final counts. */
function readStatus(mail: MimePart, messageId: string): MailReport[] {
  const status = mail.parts.find(
    ({ type }) => type === 'message/delivery-status' || type === 'message/global-delivery-status',
  )
  const groups = (status?.body ?? '').split(/\n[ \t]*\n/).map(readHeaders)
  for (const group of groups) {
    const action = group.get('action')?.toLowerCase() ?? ''
    const address = typedAddress(group.get('final-recipient')) ?? typedAddress(group.get('original-recipient'))
    if (action === 'delivered') return [report(messageId, 'delivered', '', address, 'dsn')]
    if (action !== 'failed') continue // Delayed, relayed, expanded: nothing is decided.
    const code = statusCode(group)
    return [report(messageId, bounceKind(code), code, address, 'dsn')]
  }
  return []
}

/** `5.0.0` says nothing; the words of the server that refused it may say more. */
function statusCode(group: ReadonlyMap<string, string>): string {
  const code = enhancedCodeIn(group.get('status') ?? '')
  const diagnosed = enhancedCodeIn(group.get('diagnostic-code') ?? '')
  return (/^\d\.0\.0$/.test(code) || code === '') && diagnosed !== '' ? diagnosed : code
}

/** `rfc822; somebody@example.org` */
function typedAddress(field: string | undefined): string | undefined {
  const semicolon = field?.indexOf(';') ?? -1
  return readAddress(semicolon === -1 ? field : field?.slice(semicolon + 1))
}

function readFeedback(mail: MimePart, signedFor: string | undefined, ours: OurSignatures): MailReport[] {
  const feedback = mail.parts.find(({ type }) => type === 'message/feedback-report')
  const fields = readHeaders(feedback?.body ?? '')
  if (fields.get('feedback-type')?.toLowerCase() !== 'abuse') return []
  const messageId = signedFor ?? carriedMessage(mail, fields, ours)
  if (messageId === undefined) return []
  return [report(messageId, 'complaint', '', readAddress(fields.get('original-rcpt-to')), 'arf')]
}

/** Our own signature in what was reported: in its return path, or in its List-Unsubscribe. */
function carriedMessage(
  mail: MimePart,
  fields: ReadonlyMap<string, string>,
  { returnPath, unsubscribeLink }: OurSignatures,
): string | undefined {
  const headers = allParts(mail).flatMap((part) => [
    part.headers,
    ...(part.type === 'text/rfc822-headers' ? [readHeaders(part.body)] : []),
  ])
  const paths = [fields.get('original-mail-from'), ...headers.map((one) => one.get('return-path'))]
  for (const path of paths) {
    const found = returnPath((path ?? '').replace(/^<(.*)>$/, '$1'))
    if (found !== undefined) return found.messageId
  }
  for (const one of headers) {
    const token = /\/u\/([\w.-]{1,200})/.exec(one.get('list-unsubscribe') ?? '')?.[1]
    const found = token === undefined ? undefined : unsubscribeLink(token)
    if (found !== undefined) return found
  }
  return undefined
}

function report(
  messageId: string,
  kind: MailReport['kind'],
  code: string,
  address: string | undefined,
  source: string,
): MailReport {
  return { kind, messageId, providerMessageId: undefined, address, code, source, isTrusted: false }
}
