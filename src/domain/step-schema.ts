/** The steps of a journey as marketers write them, one form per type. */

import { z } from 'zod'
import { condition } from './condition-schema.ts'
import type { Step, Target } from './definitions.ts'
import { key, share, timeOfDay, waitingTime, words } from './document-parts.ts'
import { everyDay, type Weekday } from './local-time.ts'
import { propertyTests } from './property-tests.ts'

/** The target that completes the run; no step may have this id. */
export const endTarget = 'end'

const target = key.meta({ description: 'The id of a step of this journey, or "end".' })
const id = key.refine((text) => text !== endTarget, {
  message: `must not be "${endTarget}": that is where runs complete`,
})
const blocked = z.enum(['postpone', 'skip'])
const event = z.string().min(1).max(200)

const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const base = { id, next: target.optional() }

const message = {
  ...base,
  template: key,
  topic: key.optional(),
  class: z.enum(['marketing', 'transactional']).default('marketing'),
  offer: key.optional(),
  valid_for: waitingTime.optional(),
  when_capped: blocked.optional(),
  when_quiet: blocked.optional(),
  data: z.record(z.string().regex(/^[a-z][a-z0-9_]*$/i), z.union([z.string(), z.number(), z.boolean()])).default({}),
}

const delay = z
  .strictObject({ ...base, type: z.literal('delay'), for: waitingTime.optional(), until: timeOfDay.optional() })
  .refine((step) => step.for !== undefined || step.until !== undefined, { message: 'must hold "for" or "until"' })

const waitUntil = z
  .strictObject({
    ...base,
    type: z.literal('wait-until'),
    event: event.optional(),
    where: propertyTests.optional(),
    if: condition.optional(),
    timeout: waitingTime,
    on_timeout: target.optional(),
  })
  .refine((step) => step.event !== undefined || step.if !== undefined, { message: 'must hold "event" or "if"' })
  .refine((step) => step.where === undefined || step.event !== undefined, {
    path: ['where'],
    message: 'needs "event" beside it',
  })

const timeWindow = z
  .strictObject({
    ...base,
    type: z.literal('time-window'),
    from: timeOfDay,
    to: timeOfDay,
    days: z.array(z.enum(weekdays)).min(1).optional(),
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'must differ from "from"' })

const variant = z.strictObject({ name: words, share, next: target })

const experiment = z
  .strictObject({ ...base, type: z.literal('experiment'), variants: z.array(variant).min(2).max(50) })
  .refine(({ variants }) => Math.abs(variants.reduce((sum, each) => sum + each.share, 0) - 1) < 1e-9, {
    path: ['variants'],
    message: 'must have shares that sum to 1',
  })
  .refine(({ variants }) => hasDistinct(variants.map((each) => each.name)), {
    path: ['variants'],
    message: 'must have different names',
  })

const branch = z.strictObject({ name: words, if: condition, next: target })

/** A step as it is written. Without `next` the one below it follows. */
export const stepDocument = z.discriminatedUnion('type', [
  z.strictObject({ ...message, type: z.literal('email') }),
  z.strictObject({ ...message, type: z.literal('sms') }),
  z.strictObject({ ...base, type: z.literal('offer'), offer: key, if_refused: target.optional() }),
  delay,
  waitUntil,
  timeWindow,
  z.strictObject({
    ...base,
    type: z.literal('split'),
    if: condition,
    // Two branches that join again at the following step, or wherever they say.
    if_true: target.optional(),
    if_false: target.optional(),
  }),
  z.strictObject({ ...base, type: z.literal('multi-split'), branches: z.array(branch).min(1).max(50) }),
  experiment,
  z.strictObject({ id, type: z.literal('exit'), reason: words.default('exit step') }),
])

export type StepDocument = z.output<typeof stepDocument>

function hasDistinct(names: readonly string[]): boolean {
  return new Set(names).size === names.length
}

/**
 * The step as decisions read it.
 *
 * @param following The id of the step below, or null for the last one.
 * @param topic Of the journey, for messages that name none.
 */
export function toStep(document: StepDocument, following: Target, topic: string): Step {
  const at = (target: string | undefined, otherwise: Target): Target =>
    target === undefined ? otherwise : target === endTarget ? null : target
  const next = document.type === 'exit' ? null : at(document.next, following)
  const base = { id: document.id, next }
  switch (document.type) {
    case 'email':
    case 'sms':
      return {
        ...base,
        type: 'message',
        channel: document.type,
        template: document.template,
        topic: document.topic ?? topic,
        messageClass: document.class,
        offer: document.offer ?? null,
        validForMs: document.valid_for ?? null,
        whenCapped: document.when_capped ?? null,
        whenQuiet: document.when_quiet ?? null,
        data: document.data,
      }
    case 'offer':
      return { ...base, type: 'offer', offer: document.offer, ifRefused: at(document.if_refused, next) }
    case 'delay':
      return { ...base, type: 'delay', forMs: document.for ?? 0, until: document.until ?? null }
    case 'wait-until':
      return {
        ...base,
        type: 'wait-until',
        event: document.event ?? null,
        where: document.where ?? [],
        if: document.if ?? null,
        timeoutMs: document.timeout,
        onTimeout: at(document.on_timeout, next),
      }
    case 'time-window':
      return { ...base, type: 'time-window', window: toWindow(document) }
    case 'split':
      return {
        ...base,
        type: 'split',
        if: document.if,
        ifTrue: at(document.if_true, next),
        ifFalse: at(document.if_false, next),
      }
    case 'multi-split':
      return {
        ...base,
        type: 'multi-split',
        branches: document.branches.map((each) => ({ ...each, next: at(each.next, next) })),
      }
    case 'experiment':
      return {
        ...base,
        type: 'experiment',
        variants: document.variants.map((each) => ({ ...each, next: at(each.next, next) })),
      }
    case 'exit':
      return { ...base, type: 'exit', reason: document.reason }
  }
}

function toWindow({ from, to, days }: z.output<typeof timeWindow>): {
  from: number
  to: number
  days: readonly Weekday[]
} {
  return { from, to, days: days?.map((day) => (weekdays.indexOf(day) + 1) as Weekday) ?? everyDay }
}
