/** The steps of a journey as marketers write them, one form per type. */

import { z } from 'zod'
import { condition } from './condition-schema.ts'
import { channel, key, share, timeOfDay, waitingTime, weekdayList, words } from './document-parts.ts'
import { everyDay, type Weekday } from './local-time.ts'
import { comparableName, personalInTraits } from './personal-names.ts'
import { propertyTests } from './property-tests.ts'
import type { MessageStep, Step, Target } from './steps.ts'
import { surveyAnswered } from './survey.ts'

/** The target that completes the run; no step may have this id. */
export const endTarget = 'end'

const target = key.meta({ description: 'The id of a step of this journey, or "end".' })
const id = key.refine((text) => text !== endTarget, {
  message: `must not be "${endTarget}": that is where runs complete`,
})
const blocked = z.enum(['postpone', 'skip'])
const event = z.string().min(1).max(200)

const base = { id, next: target.optional() }

/** What decides may be written down in the open; what tells who somebody is may not. */
const traitName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/i, 'must be letters, digits and underscores, such as "favourite_genre"')
  .refine((name) => !personalInTraits.has(comparableName(name)), {
    message: 'is personal data, which only its owner or the shop may tell',
  })
const traitValue = z.union([z.string().max(500), z.number(), z.boolean(), z.null()])

const message = {
  ...base,
  template: key,
  topic: key.optional(),
  class: z.enum(['marketing', 'transactional']).default('marketing'),
  offer: key.optional(),
  if_refused: target.optional(),
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
    days: weekdayList.optional(),
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'must differ from "from"' })

const variant = z
  .strictObject({ name: words, share, next: target.optional(), hold_out: z.boolean().default(false) })
  .refine(({ next, hold_out }) => next !== undefined || hold_out, { path: ['next'], message: 'must name a step' })

export const experimentStep = z
  .strictObject({
    ...base,
    type: z.literal('experiment'),
    allocation: z.enum(['fixed', 'thompson']).default('fixed'),
    variants: z.array(variant).min(2).max(50),
  })
  .refine(({ variants }) => Math.abs(variants.reduce((sum, each) => sum + each.share, 0) - 1) < 1e-9, {
    path: ['variants'],
    message: 'must have shares that sum to 1',
  })
  .refine(({ variants }) => hasDistinct(variants.map((each) => each.name)), {
    path: ['variants'],
    message: 'must have different names',
  })

const updateProfile = z.strictObject({
  ...base,
  type: z.literal('update-profile'),
  set: z
    .record(traitName, traitValue)
    .refine((set) => Object.keys(set).length > 0, { message: 'must name at least one trait' }),
})

const outcome = z.strictObject({ name: words, next: target.optional() })

const task = z
  .strictObject({
    ...base,
    type: z.literal('task'),
    title: words,
    due_in: waitingTime,
    outcomes: z.array(outcome).min(1).max(20),
    timeout: waitingTime,
    on_timeout: target.optional(),
  })
  .refine(({ outcomes }) => hasDistinct(outcomes.map((each) => each.name)), {
    path: ['outcomes'],
    message: 'must have different names',
  })
  .refine(({ due_in, timeout }) => due_in <= timeout, { path: ['due_in'], message: 'must not be after "timeout"' })

const webhookUrl = z
  .string()
  .max(2_000)
  .refine((text) => URL.canParse(text) && new URL(text).protocol === 'https:', {
    message: 'must be an address that begins with https:',
  })
  .refine((text) => !URL.canParse(text) || (new URL(text).username === '' && new URL(text).password === ''), {
    message: 'must hold no name and password: receivers check the signature',
  })

const webhook = z.strictObject({ ...base, type: z.literal('webhook'), url: webhookUrl, data: message.data })

/** A question in a message, answered with one click. */
const survey = z.strictObject({
  ...message,
  type: z.literal('survey'),
  channel: channel.default('email'),
  question: words,
  /** NPS: 0 to 10, how likely to recommend. CSAT: 1 to 5, how satisfied. */
  scale: z.enum(['nps', 'csat']),
  /** The trait that keeps the answer. */
  trait: traitName.optional(),
  timeout: waitingTime,
  on_timeout: target.optional(),
})

/** The first whose condition holds, and of which there are any left, is given instead. */
const personalOffer = z.strictObject({ if: condition, offer: key })

const branch = z.strictObject({ name: words, if: condition, next: target })

/** A step as it is written. Without `next` the one below it follows. */
export const stepDocument = z.discriminatedUnion('type', [
  z.strictObject({ ...message, type: z.literal('email') }),
  z.strictObject({ ...message, type: z.literal('sms') }),
  z.strictObject({
    ...base,
    type: z.literal('offer'),
    offer: key,
    personal: z.array(personalOffer).max(20).optional(),
    if_refused: target.optional(),
  }),
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
  experimentStep,
  updateProfile,
  z.strictObject({ id, type: z.literal('go-to-journey'), journey: key }),
  task,
  webhook,
  survey,
  z.strictObject({ id, type: z.literal('exit'), reason: words.default('exit step') }),
])

export type StepDocument = z.output<typeof stepDocument>

function hasDistinct(names: readonly string[]): boolean {
  return new Set(names).size === names.length
}

/** Where a survey waits for its answer. No document can name it: ids have no colon. */
function answerStepId(surveyStep: string): string {
  return `${surveyStep}:answer`
}

/** The steps as decisions read them: one of each document, but for a survey, which asks and then waits. */
export function toSteps(document: StepDocument, following: Target, topic: string): readonly Step[] {
  return document.type === 'survey' ? surveySteps(document, following, topic) : [toStep(document, following, topic)]
}

function surveySteps(document: z.output<typeof survey>, following: Target, topic: string): readonly Step[] {
  const { id, question, scale, trait = scale } = document
  const next = targetOf(document.next, following)
  const onTimeout = targetOf(document.on_timeout, next)
  const ask = toMessage(document, document.channel, answerStepId(id), topic)
  return [
    {
      ...ask,
      ifRefused: targetOf(document.if_refused, onTimeout),
      data: { ...ask.data, survey: id, survey_question: question, survey_scale: scale, survey_trait: trait },
    },
    {
      id: answerStepId(id),
      next,
      type: 'wait-until',
      event: surveyAnswered,
      where: [{ property: 'survey', test: { equals: id } }],
      if: null,
      timeoutMs: document.timeout,
      onTimeout,
    },
  ]
}

function targetOf(target: string | undefined, otherwise: Target): Target {
  return target === undefined ? otherwise : target === endTarget ? null : target
}

function toMessage(
  document: z.output<typeof survey> | Extract<StepDocument, { type: 'email' | 'sms' }>,
  channel: 'email' | 'sms',
  next: Target,
  topic: string,
): MessageStep {
  return {
    id: document.id,
    next,
    type: 'message',
    channel,
    template: document.template,
    topic: document.topic ?? topic,
    messageClass: document.class,
    offer: document.offer ?? null,
    ifRefused: targetOf(document.if_refused, next),
    validForMs: document.valid_for ?? null,
    whenCapped: document.when_capped ?? null,
    whenQuiet: document.when_quiet ?? null,
    data: document.data,
  }
}

/**
 * The step as decisions read it.
 *
 * @param following The id of the step below, or null for the last one.
 * @param topic Of the journey, for messages that name none.
 */
function toStep(document: Exclude<StepDocument, { type: 'survey' }>, following: Target, topic: string): Step {
  const at = targetOf
  const next = document.type === 'exit' || document.type === 'go-to-journey' ? null : at(document.next, following)
  const base = { id: document.id, next }
  switch (document.type) {
    case 'email':
    case 'sms':
      return toMessage(document, document.type, next, topic)
    case 'offer':
      return {
        ...base,
        type: 'offer',
        offer: document.offer,
        ...(document.personal && { personal: document.personal }),
        ifRefused: at(document.if_refused, next),
      }
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
        allocation: document.allocation,
        variants: document.variants.map(({ name, share, next: to, hold_out: isHoldOut }) => ({
          name,
          share,
          next: at(to, isHoldOut ? null : next),
          isHoldOut,
        })),
      }
    case 'update-profile':
      return { ...base, type: 'update-profile', set: document.set }
    case 'go-to-journey':
      return { ...base, type: 'go-to-journey', journey: document.journey }
    case 'task':
      return {
        ...base,
        type: 'task',
        title: document.title,
        dueInMs: document.due_in,
        outcomes: document.outcomes.map((each) => ({ name: each.name, next: at(each.next, next) })),
        timeoutMs: document.timeout,
        onTimeout: at(document.on_timeout, next),
      }
    case 'webhook':
      return { ...base, type: 'webhook', url: document.url, data: document.data }
    case 'exit':
      return { ...base, type: 'exit', reason: document.reason }
  }
}

function toWindow({ from, to, days }: z.output<typeof timeWindow>): {
  from: number
  to: number
  days: readonly Weekday[]
} {
  return { from, to, days: days ?? everyDay }
}
