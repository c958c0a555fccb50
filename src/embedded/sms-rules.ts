/** What Twilio refuses and how it answers, as far as a sender of text messages meets it. Pure. */

import type { CaughtSms } from './sms-store.ts'

export interface TwilioRefusal {
  readonly status: number
  readonly code: number
  readonly message: string
}

/** What a client asks to be sent. */
export interface SmsRequest {
  readonly to: string
  readonly from: string
  readonly body: string
}

const maxBodyCharacters = 1600
const e164 = /^\+[1-9]\d{6,14}$/

/** Numbers that Twilio itself reserves for rehearsing refusals with test credentials. */
const magicTo: Readonly<Record<string, TwilioRefusal>> = {
  '+15005550001': refusal(21_211, "The 'To' number +15005550001 is not a valid phone number."),
  '+15005550002': refusal(21_612, "The 'To' phone number +15005550002 is not currently reachable via SMS."),
  '+15005550003': refusal(21_408, 'Permission to send an SMS has not been enabled for the region of +15005550003.'),
  '+15005550004': refusal(21_610, 'Attempt to send to unsubscribed recipient'),
  '+15005550009': refusal(21_614, "'To' number +15005550009 is not a mobile number"),
}

const magicFrom: Readonly<Record<string, TwilioRefusal>> = {
  '+15005550000': refusal(21_606, "The 'From' number +15005550000 is not a valid, SMS-capable number of this account."),
  '+15005550001': refusal(21_212, "The 'From' number +15005550001 is not a valid phone number."),
  '+15005550007': refusal(21_606, "The 'From' number +15005550007 is not a valid, SMS-capable number of this account."),
  '+15005550008': refusal(21_611, "This 'From' number has exceeded the maximum number of queued messages.", 429),
}

/** Taken, and then not delivered: numbers of our own in the same reserved block, by Twilio's reason. */
const undeliverable: Readonly<Record<string, number>> = {
  '+15005550030': 30_003,
  '+15005550050': 30_005,
  '+15005550060': 30_006,
  '+15005550070': 30_007,
}

const stopWords = new Set(['STOP', 'STOPALL', 'UNSUBSCRIBE', 'END', 'QUIT', 'CANCEL', 'REVOKE', 'OPTOUT'])
const startWords = new Set(['START', 'UNSTOP', 'YES'])

export const notAuthenticated: TwilioRefusal = { status: 401, code: 20_003, message: 'Authenticate' }
export const optedOut: TwilioRefusal = refusal(21_610, 'Attempt to send to unsubscribed recipient')

export function notFound(path: string): TwilioRefusal {
  return { status: 404, code: 20_404, message: `The requested resource ${path} was not found` }
}

/** Why Twilio would not take a message; `undefined` if it would. Opt-outs are the store's to know. */
export function refusalFor({ to, from, body }: SmsRequest): TwilioRefusal | undefined {
  if (to === '') return refusal(21_604, "A 'To' phone number is required.")
  if (from === '') return refusal(21_603, "A 'From' phone number is required.")
  if (body === '') return refusal(21_602, 'Message body is required.')
  if (body.length > maxBodyCharacters) {
    return refusal(21_617, `The concatenated message body exceeds the ${maxBodyCharacters} character limit.`)
  }
  if (magicFrom[from]) return magicFrom[from]
  if (magicTo[to]) return magicTo[to]
  if (!e164.test(to)) return refusal(21_211, `The 'To' number ${to} is not a valid phone number.`)
  return undefined
}

/** The reason for which a number's messages are taken but never arrive. */
export function undeliveredReason(to: string): number | undefined {
  return undeliverable[to]
}

/** What a message from a customer means to Twilio, which acts on it before the product hears of it. */
export function keywordIn(body: string): 'stop' | 'start' | undefined {
  const word = body
    .trim()
    .replace(/[.!]+$/, '')
    .toUpperCase()
  if (stopWords.has(word)) return 'stop'
  return startWords.has(word) ? 'start' : undefined
}

/** The body of an error, as Twilio words it. */
export function errorResource({ status, code, message }: TwilioRefusal): object {
  return { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
}

/** A message as Twilio's REST API tells it. */
export function messageResource(accountSid: string, sms: CaughtSms): object {
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${sms.sid}`
  const rfc2822 = (iso: string): string => new Date(iso).toUTCString().replace('GMT', '+0000')
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    body: sms.body,
    date_created: rfc2822(sms.createdAt),
    date_sent: sms.status === 'queued' ? null : rfc2822(sms.updatedAt),
    date_updated: rfc2822(sms.updatedAt),
    direction: sms.direction,
    error_code: sms.errorCode ?? null,
    error_message: null,
    from: sms.from,
    messaging_service_sid: null,
    num_media: '0',
    num_segments: String(segmentsOf(sms.body)),
    price: null,
    price_unit: 'USD',
    sid: sms.sid,
    status: sms.status,
    subresource_uris: { media: `${uri}/Media.json` },
    to: sms.to,
    uri: `${uri}.json`,
  }
}

/** Text messages a body takes: 160 characters of the GSM alphabet or 70 others, 153 and 67 when there are several. */
function segmentsOf(body: string): number {
  const isGsm = /^[\n\r -_a-z¡£¤¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ{|}~€]*$/u.test(body)
  const [single, several] = isGsm ? [160, 153] : [70, 67]
  return body.length <= single ? 1 : Math.ceil(body.length / several)
}

function refusal(code: number, message: string, status = 400): TwilioRefusal {
  return { status, code, message }
}
