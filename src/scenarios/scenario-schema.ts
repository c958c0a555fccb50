/** Scenarios as marketers write them: `campaigns/scenarios/*.yaml`. `docs/scenarios.md` says what each part means. */

import { z } from 'zod'
import { channel, duration, key, share, stage, words } from '../domain/document-parts.ts'
import { isTimeZone } from '../domain/local-time.ts'
import { minuteMs } from '../domain/time.ts'
import { moment } from './moment.ts'

const word = z.enum(['granted', 'withdrawn'])
const value = z.union([z.string().max(500), z.number(), z.boolean(), z.null(), z.array(z.string().max(500))])
const values = z.record(z.string().min(1).max(200), value)

/** `email`, `sms`, or of one topic: `sms.news`. */
const consentName = z.string().regex(/^(?:email|sms)(?:\.[a-z0-9][a-z0-9-]*)?$/, 'must be CHANNEL or CHANNEL.TOPIC')
const consents = z.record(consentName, word)

const suppressed = z.partialRecord(channel, z.string().min(1).max(50).nullable())

const scores = z
  .strictObject({
    churn: share.optional(),
    clv: z.number().min(0).optional(),
    clv_tier: z.enum(['high', 'middle', 'low']).optional(),
  })
  .refine((given) => Object.keys(given).length > 0, { message: 'must hold churn, clv or clv_tier' })

const order = z.strictObject({
  total: z.number().min(0),
  products: z.array(z.string().min(1)).default([]),
  /** The offer whose coupon is redeemed. */
  coupon: key.optional(),
})

/** `JOURNEY/STEP` */
const place = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*\/[a-z0-9][a-z0-9-]*$/, 'must be JOURNEY/STEP, such as "welcome/hello"')

const given = z
  .strictObject({
    time_zone: z.string().refine(isTimeZone, { message: 'must be a time zone such as "Europe/Berlin"' }).optional(),
    reachable: z.array(channel).default(['email']),
    consent: consents.default({}),
    suppressed: suppressed.default({}),
    traits: values.default({}),
    /** Somebody with a past is no news: without it, the customer arrives as the scenario starts. */
    known_for: duration.optional(),
    orders: z.array(order.omit({ coupon: true }).extend({ at: moment })).default([]),
    scores: scores.optional(),
    variants: z.record(place, words).default({}),
  })
  .prefault({})

const whatHappens = {
  event: z.string().min(1).max(200).optional(),
  order: order.optional(),
  /** Of the last order: all of it, or an amount. */
  refund: z.union([z.literal('all'), z.number().min(0)]).optional(),
  consent: consents.optional(),
  suppressed: suppressed.optional(),
  traits: values.optional(),
  /** To the last survey that reached the customer. */
  answer: z.number().optional(),
  /** The outcome of the last task. */
  task: words.optional(),
  scores: scores.optional(),
  enter: key.optional(),
}
const happeningNames = Object.keys(whatHappens) as (keyof typeof whatHappens)[]

const event = z
  .strictObject({ at: moment, properties: values.optional(), ...whatHappens })
  .refine((document) => happeningNames.filter((name) => document[name] !== undefined).length === 1, {
    message: `must hold exactly one of ${happeningNames.join(', ')}`,
  })
  .refine(({ event, properties }) => properties === undefined || event !== undefined, {
    path: ['properties'],
    message: 'needs "event" beside it',
  })

const times = {
  at: moment.optional(),
  /** How far from `at`, either way. */
  within: duration.default(60 * minuteMs),
  after: moment.optional(),
  before: moment.optional(),
}

const expectation = z.strictObject({
  messages: z
    .array(z.strictObject({ message: place, channel: channel.optional(), template: key.optional(), ...times }))
    .default([]),
  tasks: z.array(z.strictObject({ task: place, ...times })).default([]),
  coupons: z.array(z.strictObject({ offer: key, ...times })).default([]),
  stage: stage.optional(),
  why_not: z.array(z.strictObject({ rule: words, of: z.union([place, key]) })).default([]),
  /** Other messages, tasks and coupons are no failure. */
  at_least: z.boolean().default(false),
})

const scenario = z.strictObject({
  name: words,
  start: moment.default({ type: 'local', text: '2026-03-02T09:00' }).refine(({ type }) => type !== 'offset', {
    message: 'must be a date with a time',
  }),
  given,
  events: z.array(event).default([]),
  until: moment.default({ type: 'offset', offsetMs: 60 * 24 * 60 * minuteMs, time: null }),
  expect: expectation,
})

export const scenarioDocument = z.strictObject({
  name: words,
  /** Of which messages, tasks and refusals are looked at; without it all. */
  journeys: z.array(key).min(1).optional(),
  scenarios: z.array(scenario).min(1),
})

export type ScenarioDocument = z.output<typeof scenarioDocument>
export type Scenario = z.output<typeof scenario>
export type ScenarioEvent = z.output<typeof event>
export type ExpectedTimes = Pick<z.output<typeof expectation>['messages'][number], keyof typeof times>
