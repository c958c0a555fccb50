/** Whether a call really comes from the service that it says it is from. All comparisons take the same time. */

import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto'

/** SendGrid: ECDSA over the time and the body, under the public key that their page shows (base64, DER). */
export function isFromSendGrid(
  { signature, timestamp, body }: { signature: string; timestamp: string; body: string },
  publicKey: string,
): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' })
    return verify('sha256', Buffer.from(timestamp + body, 'utf8'), key, Buffer.from(signature, 'base64'))
  } catch {
    return false
  }
}

/** How old a signed call may be, in real time: older ones are somebody's copy. */
const longestAgeSeconds = 24 * 3_600

/** Mailgun: HMAC-SHA256 over time and token, in hex. */
export function isFromMailgun(signature: unknown, signingKey: string, nowMs: number): boolean {
  if (typeof signature !== 'object' || signature === null) return false
  const fields = signature as Readonly<Record<string, unknown>>
  const { token, signature: given } = fields
  const timestamp = String(fields['timestamp'])
  if (typeof token !== 'string' || typeof given !== 'string' || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(nowMs / 1_000 - Number(timestamp)) > longestAgeSeconds) return false
  return isSame(createHmac('sha256', signingKey).update(`${timestamp}${token}`).digest('hex'), given)
}

/** Postmark signs nothing: the address that it calls holds a name and a password. */
export function isFromPostmark(authorization: string | undefined, userAndPassword: string): boolean {
  return isSame(`Basic ${Buffer.from(userAndPassword).toString('base64')}`, authorization ?? '')
}

/** A message of Amazon SNS, as it comes. */
export interface SnsMessage {
  readonly Type: string
  readonly MessageId: string
  readonly TopicArn: string
  readonly Message: string
  readonly Timestamp: string
  readonly Subject?: string | undefined
  readonly Token?: string | undefined
  readonly SubscribeURL?: string | undefined
  readonly SignatureVersion: string
  readonly Signature: string
  readonly SigningCertURL: string
}

const snsHost = /^sns\.[a-z0-9-]{3,30}\.amazonaws\.com(?:\.cn)?$/

/** An address of Amazon SNS itself: anybody can name one elsewhere, with a certificate of their own. */
export function isSnsAddress(text: string | undefined, path: RegExp): boolean {
  if (text === undefined || !URL.canParse(text)) return false
  const url = new URL(text)
  const isPlain = url.protocol === 'https:' && url.port === '' && url.username === '' && url.password === ''
  return isPlain && snsHost.test(url.hostname) && path.test(url.pathname)
}

export const snsCertificatePath = /^\/SimpleNotificationService-[0-9a-f]{8,64}\.pem$/

/** @param certificate what is at `SigningCertURL`, in PEM. */
export function isSignedBySns(message: SnsMessage, certificate: string): boolean {
  const algorithm = { '1': 'sha1', '2': 'sha256' }[message.SignatureVersion]
  if (algorithm === undefined) return false
  try {
    const signature = Buffer.from(message.Signature, 'base64')
    return verify(algorithm, Buffer.from(snsText(message), 'utf8'), createPublicKey(certificate), signature)
  } catch {
    return false
  }
}

/** What is signed: names and values, a line each. Exported for those who sign. */
export function snsText(message: SnsMessage): string {
  const names =
    message.Type === 'Notification'
      ? (['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'] as const)
      : (['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'] as const)
  return names.flatMap((name) => (message[name] === undefined ? [] : [`${name}\n${message[name]}\n`])).join('')
}

function isSame(expected: string, given: string): boolean {
  const [one, other] = [expected, given].map((text) => createHash('sha256').update(text).digest())
  return one !== undefined && other !== undefined && timingSafeEqual(one, other)
}
