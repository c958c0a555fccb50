/**
 * What some mail servers report in forms of their own, each known by a mark: qmail ("Hi. This is the …"), Exim
 * (`X-Failed-Recipients`), and the complaints of Microsoft's junk mail program (`X-HmXmrOriginalRecipient`).
 */

import { readAddress } from '../domain/mail-report.ts'
import { allParts, type MimePart } from './mime.ts'

export interface TextBounce {
  readonly address: string | undefined
  /** Enhanced status code, or ''. */
  readonly code: string
}

/** From here on the message that came back is repeated: what it holds says nothing. */
const copyBegins = /^-{3,} ?(?:Below this line|This is a copy)/m

const qmailBegins = /^Hi\. This is the /

/** Of a server that says what it is; undefined for whatever else people and programs answer. */
export function readTextBounce({ type, headers, body }: MimePart): TextBounce | undefined {
  if (type !== 'text/plain') return undefined
  const failed = headers.get('x-failed-recipients')
  const text = body.trimStart()
  if (failed === undefined && !qmailBegins.test(text)) return undefined
  const [said = ''] = text.split(copyBegins)
  const address = failed?.split(',')[0] ?? /^<([^<>]+)>:$/m.exec(said)?.[1]
  return { address: readAddress(address), code: codeIn(said) }
}

/** Behind a reply of SMTP, or as qmail writes it, `(#5.1.1)`: a version of the server's program looks the same otherwise. */
function codeIn(text: string): string {
  return /(?:#|\b5\d\d[ -])(5\.\d{1,3}\.\d{1,3})\b/.exec(text)?.[1] ?? ''
}

/** The recipient who complained, as Microsoft notes it in the message that it sends along. */
export function readMarkedComplaint(mail: MimePart): { readonly address: string | undefined } | undefined {
  for (const { headers } of allParts(mail)) {
    const recipient = headers.get('x-hmxmroriginalrecipient')
    if (recipient !== undefined) return { address: readAddress(recipient) }
  }
  return undefined
}
