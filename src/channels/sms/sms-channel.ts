/** SMS through Twilio's official client, or through another host that speaks its API. */

import twilio from 'twilio'
import type { DeliveryResult } from '../../domain/delivery.ts'
import { countSegments } from './segments.ts'
import { findTaken, type TakenSms } from './sms-lookup.ts'
import { judgeTwilioFailure, type TwilioFailure } from './twilio-answer.ts'

export interface Sms {
  /** E.164. */
  readonly to: string
  readonly text: string
  /** Where Twilio reports what became of it. */
  readonly statusUrl: string
}

export interface SmsChannel {
  send(sms: Sms): Promise<DeliveryResult>
  /**
   * What the provider has taken for a number at about that moment (real time), ours or others'. Undefined: it cannot be
   * asked. @throws an outage.
   */
  readonly find?: ((to: string, transmittingMs: number) => Promise<readonly TakenSms[]>) | undefined
}

export interface SmsOptions {
  readonly accountSid: string
  readonly authToken: string
  /** A number of the account, or the id of a messaging service (`MG…`). */
  readonly from: string
  /** Another host that speaks Twilio's API; undefined: Twilio itself. */
  readonly apiUrl: string | undefined
}

/** Real milliseconds after which a request without an answer is in doubt. */
export const smsDeadlineMs = 15_000

/** Twilio refuses longer bodies. */
const longestText = 1600

export function createSmsChannel({ accountSid, authToken, from, apiUrl }: SmsOptions): SmsChannel {
  const client = twilio(accountSid, authToken, {
    httpClient: apiUrl === undefined ? new twilio.RequestClient(limits) : new OtherHostClient(apiUrl),
    // Temporal retries, in sight of everybody.
    autoRetry: false,
  })
  const sender = from.startsWith('MG') ? { messagingServiceSid: from } : { from }
  return {
    async send({ to, text, statusUrl }) {
      if (text.length === 0 || text.length > longestText)
        return { status: 'failed', reason: `${text.length} characters` }
      try {
        const { sid } = await client.messages.create({ ...sender, to, body: text, statusCallback: statusUrl })
        return { status: 'sent', providerMessageId: sid, segments: countSegments(text) }
      } catch (error) {
        return judgeTwilioFailure(error as TwilioFailure)
      }
    },
    find: (to, transmittingMs) => findTaken(client, to, transmittingMs),
  }
}

/** A request that waits for a socket would be in doubt after the deadline, although it never left: so there are enough. */
const limits = { timeout: smsDeadlineMs, autoRetry: false, maxSockets: 256 }

/** Sends what is meant for Twilio's host to another one. */
class OtherHostClient extends twilio.RequestClient {
  readonly #base: string

  constructor(base: string) {
    super(limits)
    this.#base = base
  }

  override request: twilio.RequestClient['request'] = (options) => {
    const { pathname, search } = new URL(options.uri)
    return super.request({ ...options, uri: new URL(pathname + search, this.#base).href })
  }
}
