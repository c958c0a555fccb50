/** A journey as marketers write it: `campaigns/journeys/*.yaml`. */

import { z } from 'zod'
import { condition } from './condition-schema.ts'
import type { Criterion, Entry, JourneyDefinition, ReEntry } from './definitions.ts'
import { channel, frequencyCaps, key, stage, timeOfDay, waitingTime, weekdayList, words } from './document-parts.ts'
import { inFlightDocument } from './in-flight-schema.ts'
import { checkSteps } from './journey-check.ts'
import { everyDay, isTimeZone } from './local-time.ts'
import { propertyTests } from './property-tests.ts'
import { stepDocument, toSteps } from './step-schema.ts'

const event = z.string().min(1).max(200)

const entry = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('event'), event, where: propertyTests.prefault({}), if: condition.optional() }),
  z.strictObject({ type: z.literal('arrived'), if: condition.optional() }),
  z.strictObject({ type: z.literal('api'), if: condition.optional() }),
  z.strictObject({ type: z.literal('stage'), stage, if: condition.optional() }),
  z.strictObject({
    type: z.literal('segment'),
    segment: key,
    change: z.enum(['entered', 'exited']).default('entered'),
    if: condition.optional(),
  }),
  z.strictObject({
    type: z.literal('score'),
    score: z.enum(['churn', 'clv']),
    crossed: z.enum(['up', 'down']),
    if: condition.optional(),
  }),
  z.strictObject({
    type: z.literal('schedule'),
    segment: key,
    at: timeOfDay,
    days: weekdayList.optional(),
    day_of_month: z.int().min(1).max(28).optional(),
    time_zone: z
      .string()
      .refine(isTimeZone, { message: 'must be an IANA time zone such as "Europe/Berlin"' })
      .optional(),
    if: condition.optional(),
  }),
])

const criterion = z
  .strictObject({ event: event.optional(), where: propertyTests.optional(), if: condition.optional() })
  .refine((document) => (document.event === undefined) !== (document.if === undefined), {
    message: 'must hold either "event" or "if"',
  })
  .refine((document) => document.where === undefined || document.event !== undefined, {
    path: ['where'],
    message: 'needs "event" beside it',
  })

const reEntry = z.union([z.enum(['never', 'always']), z.strictObject({ after: waitingTime })])

/** The document without what publishing adds to it. */
export const journeyDocument = z
  .strictObject({
    name: words,
    description: z.string().max(2000).optional(),
    priority: z.int().min(0).max(100).default(50),
    topic: key,
    entry: z.array(entry).min(1),
    re_entry: reEntry.default('never'),
    goal: criterion.optional(),
    exit: z.array(criterion).default([]),
    caps: z.partialRecord(channel, frequencyCaps).default({}),
    max_visits: z.int().min(1).max(1000).default(20),
    steps: z.array(stepDocument).min(1).max(500),
    /** In files only: it is about one publication, so it is taken off before a version is made. */
    in_flight: inFlightDocument.optional(),
  })
  .superRefine(({ steps }, context) => {
    for (const { path, rule } of checkSteps(steps)) {
      context.addIssue({ code: 'custom', path: ['steps', ...path], message: rule })
    }
  })
  .transform((document): Omit<JourneyDefinition, 'key' | 'version'> => {
    const steps = document.steps.flatMap((step, i) => toSteps(step, document.steps[i + 1]?.id ?? null, document.topic))
    return {
      name: document.name,
      description: document.description ?? null,
      priority: document.priority,
      entry: document.entry.map(toEntry),
      reEntry: toReEntry(document.re_entry),
      goal: document.goal === undefined ? null : toCriterion(document.goal),
      exit: document.exit.map(toCriterion),
      caps: document.caps,
      maxVisits: document.max_visits,
      steps,
      stepById: new Map(steps.map((step) => [step.id, step])),
    }
  })

function toEntry(document: z.output<typeof entry>): Entry {
  if (document.type !== 'schedule') return { ...document, if: document.if ?? null }
  const { day_of_month: dayOfMonth = null, time_zone: timeZone = null, days = everyDay, ...rest } = document
  return { ...rest, days, dayOfMonth, timeZone, if: document.if ?? null }
}

function toReEntry(document: z.output<typeof reEntry>): ReEntry {
  return typeof document === 'string' ? { allowed: document } : { allowed: 'after', afterMs: document.after }
}

function toCriterion(document: z.output<typeof criterion>): Criterion {
  if (document.if !== undefined) return { type: 'condition', if: document.if }
  return { type: 'event', event: document.event ?? '', where: document.where ?? [] }
}
