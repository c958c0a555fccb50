/** Twilio's signature of a request to us. */

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

export interface SignedRequest {
  /** Exactly as Twilio was told it, with its query. */
  readonly url: string
  readonly signature: string | undefined
  /** As received. */
  readonly body: string
  readonly isForm: boolean
}

/**
 * Whether Twilio sent it: base64 HMAC-SHA1 under the auth token, of the address followed by the form's names and values
 * in order of the names; for other bodies of the address alone, whose `bodySHA256` must be that of the body. Compared in
 * constant time.
 *
 * @see https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export function isFromTwilio({ url, signature, body, isForm }: SignedRequest, authToken: string): boolean {
  if (signature === undefined) return false
  if (!isForm && !isSame(createHash('sha256').update(body).digest('hex'), bodyHashOf(url))) return false
  const text = url + (isForm ? sortedFields(new URLSearchParams(body)) : '')
  return isSame(createHmac('sha1', authToken).update(text, 'utf8').digest('base64'), signature)
}

function sortedFields(fields: URLSearchParams): string {
  const names = [...new Set(fields.keys())].sort()
  return names
    .map((name) =>
      [...new Set(fields.getAll(name))]
        .sort()
        .map((value) => name + value)
        .join(''),
    )
    .join('')
}

function bodyHashOf(url: string): string {
  return new URL(url).searchParams.get('bodySHA256')?.toLowerCase() ?? ''
}

function isSame(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)]
  return one.length === other.length && timingSafeEqual(one, other)
}
