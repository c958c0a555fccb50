/** Amazon SNS, through which SES reports: verifies each message, and confirms the subscription of the configured topic. */

import { isSignedBySns, isSnsAddress, type SnsMessage, snsCertificatePath } from '../../inbound/provider-signatures.ts'
import { ApiError } from '../api-error.ts'

export type FetchText = (url: string) => Promise<string>

const certificates = new Map<string, string>()
const mostCertificates = 20

/**
 * @param topic the only one that counts: anybody may have a topic of their own at Amazon, and sign with it.
 * @returns the notification that it carries; undefined where it carries none.
 * @throws ApiError 403 unless Amazon signed it for our topic.
 */
export async function readSns(body: unknown, topic: string | undefined, fetchText: FetchText): Promise<unknown> {
  const message = asSnsMessage(body)
  const isOurs = message !== undefined && topic !== undefined && message.TopicArn === topic
  if (!isOurs || !isSnsAddress(message.SigningCertURL, snsCertificatePath)) throw refused()
  if (!isSignedBySns(message, await certificateAt(message.SigningCertURL, fetchText))) throw refused()
  if (message.Type === 'SubscriptionConfirmation' && isSnsAddress(message.SubscribeURL, /^\/$/)) {
    await fetchText(message.SubscribeURL ?? '')
  }
  if (message.Type !== 'Notification') return undefined
  try {
    return JSON.parse(message.Message) as unknown
  } catch {
    return undefined // The greeting that SES sends to a new topic.
  }
}

async function certificateAt(url: string, fetchText: FetchText): Promise<string> {
  const known = certificates.get(url)
  if (known !== undefined) return known
  const certificate = await fetchText(url)
  if (certificates.size >= mostCertificates) certificates.clear()
  certificates.set(url, certificate)
  return certificate
}

const required = [
  'Type',
  'MessageId',
  'TopicArn',
  'Message',
  'Timestamp',
  'SignatureVersion',
  'Signature',
  'SigningCertURL',
]

function asSnsMessage(body: unknown): SnsMessage | undefined {
  if (typeof body !== 'object' || body === null) return undefined
  const fields = body as Readonly<Record<string, unknown>>
  const isText = (name: string): boolean => typeof fields[name] === 'string'
  const isWhole =
    required.every(isText) &&
    ['Subject', 'Token', 'SubscribeURL'].every((name) => fields[name] === undefined || isText(name))
  return isWhole ? (fields as unknown as SnsMessage) : undefined
}

function refused(): ApiError {
  return new ApiError(403, 'The signature is missing or wrong.')
}
