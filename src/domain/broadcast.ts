/** A broadcast: one message for many, once. What marketers write, and what follows from it. */

import { z } from 'zod'
import { duration, key, share, words } from './document-parts.ts'
import { parseInstant } from './instant.ts'
import { isTimeZone } from './local-time.ts'
import type { Channel } from './snapshot.ts'
import { dayMs, type EpochMs } from './time.ts'

export interface BroadcastDefinition {
  readonly name: string
  readonly channel: Channel
  /** Null: everybody who has an address of the channel. */
  readonly segment: string | null
  readonly topic: string
  /** One is a message, several are an experiment. */
  readonly variants: readonly BroadcastVariant[]
  readonly experiment: BroadcastExperiment | null
  /** The share of the audience that gets nothing, to be compared with. */
  readonly holdOut: number
  readonly sendAt: SendTime | null
  /** From the start: whatever has not left by then is not sent. */
  readonly expiresAfterMs: number
  readonly perSecond: number | null
  /** Per second, by the domain of the recipient; `*`: of each other domain. */
  readonly perSecondByDomain: Readonly<Record<string, number>>
  /** At most so many on the first day, the second, … ; afterwards no limit. */
  readonly warmUp: readonly number[]
}

export interface BroadcastVariant {
  readonly id: string
  readonly template: string
}

export interface BroadcastExperiment {
  /** Of the audience, to whom the variants go at random before one of them goes to all others. */
  readonly share: number
  readonly measure: 'click' | 'order'
  /** After so long the leader is taken, however sure that is. */
  readonly decideWithinMs: number
  /** How sure it has to be before that. */
  readonly level: number
}

/** `2026-12-01T09:00` on the clock of a zone, or on each recipient's own. */
export interface SendTime {
  readonly local: string
  /** IANA name, or `recipient`. */
  readonly timeZone: string
}

/** What a recipient who is held out has for a variant. */
export const holdOutVariant = 'hold-out'

/** In the ledger, the journey of a broadcast's messages. No marketer can call one so. */
export function broadcastJourney(broadcastKey: string): string {
  return `broadcast:${broadcastKey}`
}

/** Its only step. */
export const broadcastStep = 'message'

const variant = z.strictObject({
  id: key.refine((id) => id !== holdOutVariant, { message: `must not be "${holdOutVariant}"` }),
  template: key,
})

const experiment = z
  .strictObject({
    share: share.refine((value) => value > 0, { message: 'must be above 0' }),
    measure: z.enum(['click', 'order']).default('click'),
    decide_within: duration.default(dayMs),
    level: z.number().min(0.5).max(0.999).default(0.95),
  })
  .transform(({ decide_within: decideWithinMs, ...rest }): BroadcastExperiment => ({ ...rest, decideWithinMs }))

const sendAt = z
  .strictObject({
    local: z
      .string()
      .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d$/, 'must be a date and a time of day such as "2026-12-01T09:00"')
      .refine((text) => parseInstant(text) !== undefined, { message: 'is no moment of the calendar' }),
    time_zone: z
      .string()
      .refine((zone) => zone === 'recipient' || isTimeZone(zone), {
        message: 'must be "recipient" or a time zone such as "Europe/Vienna"',
      })
      .default('recipient'),
  })
  .transform(({ local, time_zone: timeZone }): SendTime => ({ local, timeZone }))

const rate = z.number().positive().max(1_000_000)

export const broadcastDocument = z
  .strictObject({
    name: words,
    channel: z.enum(['email', 'sms']).default('email'),
    segment: key.optional(),
    topic: key,
    template: key.optional(),
    variants: z.array(variant).min(2).max(10).optional(),
    experiment: experiment.optional(),
    hold_out: share.default(0),
    send_at: sendAt.optional(),
    expires_after: duration.default(3 * dayMs),
    throttle: z
      .strictObject({ per_second: rate.optional(), domains: z.record(z.string().min(1).max(253), rate).default({}) })
      .default({ domains: {} }),
    warm_up: z.array(z.int().min(1).max(100_000_000)).max(90).default([]),
  })
  .superRefine(({ channel, template, variants, experiment: test, throttle }, context) => {
    const refuse = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message })
    if ((template === undefined) === (variants === undefined))
      refuse('template', 'must be given, or variants, not both')
    if (test !== undefined && variants === undefined) refuse('experiment', 'needs variants')
    if (variants && new Set(variants.map(({ id }) => id)).size < variants.length) {
      refuse('variants', 'must have different ids')
    }
    if (channel === 'sms' && Object.keys(throttle.domains).length > 0) {
      refuse('throttle', 'has domains, which are those of email: text messages have one rate, per_second')
    }
  })
  .transform(
    ({ template, variants, experiment: test, throttle, ...document }): BroadcastDefinition => ({
      name: document.name,
      channel: document.channel,
      segment: document.segment ?? null,
      topic: document.topic,
      variants: variants ?? [{ id: 'message', template: template ?? '' }],
      experiment: test ?? null,
      holdOut: document.hold_out,
      sendAt: document.send_at ?? null,
      expiresAfterMs: document.expires_after,
      perSecond: throttle.per_second ?? null,
      perSecondByDomain: Object.fromEntries(
        Object.entries(throttle.domains).map(([domain, most]) => [domain.toLowerCase(), most]),
      ),
      warmUp: document.warm_up,
    }),
  )

/** At most so many may have left by the end of the day that `nowMs` is in; undefined: no limit. */
export function warmUpLimit(warmUp: readonly number[], startedMs: EpochMs, nowMs: EpochMs): WarmUpDay | undefined {
  const day = Math.floor((nowMs - startedMs) / dayMs)
  const most = warmUp[day]
  return most === undefined
    ? undefined
    : { most, sinceMs: startedMs + day * dayMs, untilMs: startedMs + (day + 1) * dayMs }
}

export interface WarmUpDay {
  readonly most: number
  readonly sinceMs: EpochMs
  readonly untilMs: EpochMs
}
