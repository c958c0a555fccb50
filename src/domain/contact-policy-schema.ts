/** The contact policy as marketers write it: `campaigns/contact-policy.yaml`. */

import { z } from 'zod'
import type { ContactPolicy } from './definitions.ts'
import { duration, frequencyCaps, key, share, timeOfDay, waitingTime, words } from './document-parts.ts'
import { isTimeZone, type TimeOfDay } from './local-time.ts'
import { dayMs, hourMs, minuteMs } from './time.ts'

const smsOpensAt = 8 * 60
const smsClosesAt = 21 * 60

const quietHours = z
  .strictObject({ from: timeOfDay, to: timeOfDay })
  .refine(({ from, to }) => from !== to, { message: 'must begin and end at different times' })

const blocked = z.enum(['postpone', 'skip'])

const consentRule = z.enum(['express', 'implied', 'double'])

const common = {
  confirmation: key.optional(),
  caps: frequencyCaps.prefault({}),
  when_capped: blocked.default('postpone'),
  when_quiet: blocked.default('postpone'),
  valid_for: waitingTime.default(dayMs),
}

const email = z.strictObject({
  ...common,
  consent: consentRule.default('implied'),
  // As in Canada (CASL): two years after a purchase, half a year after an inquiry.
  implied_for: z.strictObject({ after_purchase: waitingTime, after_inquiry: waitingTime }).optional(),
  quiet_hours: quietHours.optional(),
})

const sms = z.strictObject({
  ...common,
  // By law (TCPA) a marketing text needs a yes before it.
  consent: z.enum(['express', 'double']).default('express'),
  quiet_hours: quietHours
    .refine(closesSmsAtNight, {
      message: 'must cover the hours from 21:00 to 08:00: text messages may not come at night',
    })
    .default({ from: smsClosesAt, to: smsOpensAt }),
})

const topicWords = { name: words, description: words.optional() }
const language = z.string().regex(/^[a-z]{2,3}$/, { message: 'must be a language of two or three letters, such as de' })

const topic = z.strictObject({
  ...topicWords,
  translations: z.record(language, z.strictObject(topicWords)).optional(),
  consent: consentRule.optional(),
  tracking: z.boolean().optional(),
})

/** What messages are about: customers say yes or no to each. */
export const topicsDocument = z.record(key, topic).refine((topics) => Object.keys(topics).length > 0, {
  message: 'must not be empty',
})

/** Whether everything from 21:00 to 08:00 lies in the quiet hours. */
function closesSmsAtNight({ from, to }: { from: TimeOfDay; to: TimeOfDay }): boolean {
  return from > to && from <= smsClosesAt && to >= smsOpensAt
}

/** The document without what publishing adds to it. */
export const contactPolicyDocument = z
  .strictObject({
    name: words,
    topics: topicsDocument,
    channels: z.strictObject({ email: email.prefault({}), sms: sms.prefault({}) }).prefault({}),
    default_time_zone: z.string().refine(isTimeZone, { message: 'must be an IANA time zone such as "Europe/Berlin"' }),
    patience: waitingTime.default(3 * dayMs),
    offers_at_once: z.int().min(1).max(100).default(1),
    spread: duration
      .refine((lengthMs) => lengthMs <= 12 * hourMs, { message: 'must be 12 hours at most' })
      .default(15 * minuteMs),
    hold_out: share.default(0),
    tracking: z.strictObject({ opens: z.boolean().default(true), clicks: z.boolean().default(true) }).optional(),
    // `anonymise`: amounts and days of orders stay for the books, with nobody behind them.
    erasure: z.strictObject({ orders: z.enum(['delete', 'anonymise']).default('delete') }).prefault({}),
  })
  .transform((document): Omit<ContactPolicy, 'key' | 'version'> => {
    const { email, sms } = document.channels
    return {
      name: document.name,
      topics: document.topics,
      channels: { email: channelPolicy(email), sms: channelPolicy(sms) },
      defaultTimeZone: document.default_time_zone,
      patienceMs: document.patience,
      offersAtOnce: document.offers_at_once,
      spreadMs: document.spread,
      holdOut: document.hold_out,
      erasure: document.erasure,
      ...(document.tracking === undefined ? {} : { tracking: document.tracking }),
    }
  })

type ChannelDocument = z.output<typeof email> | z.output<typeof sms>

function channelPolicy(document: ChannelDocument): ContactPolicy['channels']['email'] {
  return {
    consent: document.consent,
    impliedFor: impliedFor(document),
    confirmation: document.confirmation ?? null,
    caps: document.caps,
    quietHours: document.quiet_hours ?? null,
    whenCapped: document.when_capped,
    whenQuiet: document.when_quiet,
    validForMs: document.valid_for,
  }
}

function impliedFor(document: ChannelDocument): ContactPolicy['channels']['email']['impliedFor'] {
  if (!('implied_for' in document) || document.implied_for === undefined) return null
  const { after_purchase: afterPurchaseMs, after_inquiry: afterInquiryMs } = document.implied_for
  return { afterPurchaseMs, afterInquiryMs }
}
