/** Conditions on events and orders, as documents write them. */

import { z } from 'zod'
import type { ValueTest } from '../condition.ts'
import { duration } from '../document-parts.ts'
import { propertyName, propertyTests } from '../property-tests.ts'
import { dayMs } from '../time.ts'
import { numberTest, numberTestFields, storableText, toValueTest } from '../value-test.ts'
import { absoluteDate } from './date-bound.ts'
import {
  type EventCondition,
  type EventKind,
  type EventPick,
  type HappeningTest,
  longestRawMs,
  type OrderCondition,
  type Period,
  readsSingleEvents,
  type SequenceCondition,
} from './happening.ts'
import { momentTest } from './moment-schema.ts'

export const eventName = storableText.min(1).max(200)

const periodFields = { within: duration.optional(), after: absoluteDate.optional(), before: absoluteDate.optional() }

interface PeriodDocument {
  readonly within?: number | undefined
  readonly after?: number | undefined
  readonly before?: number | undefined
}

function periodOf({ within, after, before }: PeriodDocument): Period {
  return { withinMs: within ?? null, afterMs: after ?? null, beforeMs: before ?? null }
}

/** `{ of: total, at_least: 100 }` */
const amountTest = z
  .strictObject({ of: propertyName, ...numberTestFields })
  .refine((tests) => Object.keys(tests).length > 1, { message: 'must hold a test beside "of"' })
  .transform(({ of, ...tests }) => ({ property: of, test: toValueTest(tests) }))

const eventTestFields = {
  count: numberTest.optional(),
  sum: amountTest.optional(),
  min: amountTest.optional(),
  max: amountTest.optional(),
  average: amountTest.optional(),
  first: momentTest.optional(),
  last: momentTest.optional(),
}

const oneTest = { message: `must hold at most one of ${Object.keys(eventTestFields).join(', ')}` }

function given(document: object, names: readonly string[]): string[] {
  return names.filter((name) => (document as Readonly<Record<string, unknown>>)[name] !== undefined)
}

type EventTests = { readonly [Name in keyof typeof eventTestFields]?: z.output<(typeof eventTestFields)[Name]> }

const atLeastOnce: HappeningTest = { is: 'count', test: { atLeast: 1 } }

function eventTestOf({ count, first, last, ...amounts }: EventTests): HappeningTest {
  if (count !== undefined) return { is: 'count', test: count }
  if (first !== undefined) return { is: 'first', test: first }
  if (last !== undefined) return { is: 'last', test: last }
  for (const is of ['sum', 'min', 'max', 'average'] as const) {
    const test = amounts[is]
    if (test !== undefined) return { is, ...test }
  }
  return atLeastOnce
}

const rawRule =
  'looks at single events, so it needs "within", of at most 365 days: older ones are kept as daily counts only'
const dayRule =
  'must be whole days (UTC) unless "within" is at most 365 days: older events are kept as daily counts only'

const where = propertyTests.optional()

function eventForm(kind: EventKind) {
  // Every tracked event has a name; of pages and screens any may be meant.
  const name: z.ZodType<string | undefined> = kind === 'track' ? eventName : eventName.optional()
  const mapping = z
    .strictObject({ name, where, ...periodFields, ...eventTestFields })
    .refine((document) => given(document, Object.keys(eventTestFields)).length <= 1, oneTest)
    .transform(({ name, where, ...rest }, context): EventCondition => {
      const condition = eventOf(kind, name, where, rest)
      const rule = periodProblem(condition)
      if (rule !== undefined) context.issues.push({ code: 'custom', message: rule, input: rest })
      return condition
    })
  return z.union([eventName.transform((name) => eventOf(kind, name, [], {})), mapping])
}

function eventOf(
  kind: EventKind,
  name: string | undefined,
  where: EventPick['where'] = [],
  rest: PeriodDocument & EventTests,
): EventCondition {
  return { type: 'event', pick: { kind, name: name ?? null, where }, period: periodOf(rest), test: eventTestOf(rest) }
}

function periodProblem(condition: EventCondition): string | undefined {
  const { withinMs, afterMs, beforeMs } = condition.period
  if (withinMs !== null && withinMs <= longestRawMs) return undefined
  if (readsSingleEvents(condition)) return rawRule
  const isWholeDay = (ms: number | null): boolean => ms === null || ms % dayMs === 0
  return isWholeDay(afterMs) && isWholeDay(beforeMs) ? undefined : dayRule
}

/** `event: Product Viewed`, or a mapping with `name`. */
export const eventCondition = eventForm('track')
export const pageCondition = eventForm('page')
export const screenCondition = eventForm('screen')

const step = z.union([
  z.strictObject({ event: eventName, where }).transform(({ event, where }) => stepOf('track', event, where)),
  z.strictObject({ page: eventName, where }).transform(({ page, where }) => stepOf('page', page, where)),
  z.strictObject({ screen: eventName, where }).transform(({ screen, where }) => stepOf('screen', screen, where)),
])

function stepOf(kind: EventKind, name: string, where: EventPick['where'] = []): EventPick {
  return { kind, name, where }
}

export const sequenceCondition = z
  .strictObject({
    steps: z.array(step).min(2).max(5),
    gap: duration.optional(),
    ...periodFields,
  })
  .refine(({ within }) => within !== undefined && within <= longestRawMs, { message: rawRule })
  .transform(
    ({ steps, gap, ...period }): SequenceCondition => ({
      type: 'sequence',
      steps,
      gapMs: gap ?? null,
      period: periodOf(period),
    }),
  )

const names = z
  .union([storableText.min(1).max(500), z.array(storableText.min(1).max(500)).min(1).max(1_000)])
  .transform((given) => (typeof given === 'string' ? [given] : given))

const orderTestFields = {
  count: numberTest.optional(),
  revenue_cents: numberTest.optional(),
  average_cents: numberTest.optional(),
  first: momentTest.optional(),
  last: momentTest.optional(),
}

export const orderCondition = z
  .strictObject({ product: names.optional(), category: names.optional(), ...periodFields, ...orderTestFields })
  .refine((document) => given(document, Object.keys(orderTestFields)).length <= 1, {
    message: `must hold at most one of ${Object.keys(orderTestFields).join(', ')}`,
  })
  .transform(
    ({ product = null, category = null, ...document }): OrderCondition => ({
      type: 'order',
      pick: { products: product, categories: category },
      period: periodOf(document),
      test: orderTestOf(document),
    }),
  )

function orderTestOf({
  count,
  revenue_cents: sum,
  average_cents: average,
  first,
  last,
}: {
  readonly count?: ValueTest | undefined
  readonly revenue_cents?: ValueTest | undefined
  readonly average_cents?: ValueTest | undefined
  readonly first?: z.output<typeof momentTest> | undefined
  readonly last?: z.output<typeof momentTest> | undefined
}): HappeningTest {
  const property = 'revenue'
  if (count !== undefined) return { is: 'count', test: count }
  if (sum !== undefined) return { is: 'sum', property, test: sum }
  if (average !== undefined) return { is: 'average', property, test: average }
  if (first !== undefined) return { is: 'first', test: first }
  return last === undefined ? atLeastOnce : { is: 'last', test: last }
}
