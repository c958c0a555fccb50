/** What is measured of a message once it has left, and under which names journeys hear of it. */

import type { ContactPolicy } from './definitions.ts'
import type { Channel, MessageClass } from './snapshot.ts'

/** What people did with a message. */
export type HitKind = 'open' | 'click'

/** Which of them are looked for. */
export interface Measuring {
  readonly opens: boolean
  readonly clicks: boolean
}

export const notMeasured: Measuring = { opens: false, clicks: false }

/**
 * What a message's topic allows. Receipts and the like are nobody's business but the customer's: only marketing is
 * measured.
 */
export function measuringOf({ tracking, topics }: ContactPolicy, topic: string, messageClass: MessageClass): Measuring {
  if (messageClass !== 'marketing') return notMeasured
  const ofTopic = Object.hasOwn(topics, topic) ? topics[topic]?.tracking : undefined
  if (ofTopic === false) return notMeasured
  return { opens: tracking?.opens ?? true, clicks: tracking?.clicks ?? true }
}

/** The names of Segment's email spec. */
export const hitEvents: Readonly<Record<Channel, Readonly<Record<HitKind, string>>>> = {
  email: { open: 'Email Opened', click: 'Email Link Clicked' },
  sms: { open: 'SMS Opened', click: 'SMS Link Clicked' },
}

/** In consents, what somebody said to being measured is kept as a word on this channel. */
export const trackingChannel = 'tracking'

/** What somebody may say yes or no to: messages on a channel, or that it is measured what they do with them. */
export type ConsentChannel = Channel | typeof trackingChannel
