/** Tests of a single value: as documents write them, and whether they hold. */

import { z } from 'zod'
import type { ValueTest } from './condition.ts'
import { absoluteDate, type DateBound, dateBound } from './conditions/date-bound.ts'
import { longestPattern, parsePattern } from './conditions/pattern.ts'
import { patternMatches } from './conditions/pattern-match.ts'
import { parseInstant } from './instant.ts'
import type { TraitValue } from './snapshot.ts'
import { fixed, type Standing } from './standing.ts'
import type { EpochMs } from './time.ts'

/** A text as PostgreSQL can hold it. */
export const storableText = z
  .string()
  .refine((text) => text.isWellFormed() && !text.includes('\0'), { message: 'must not hold NUL or half characters' })

const longestText = 500
const scalar = z.union([storableText.max(longestText), z.number(), z.boolean()])
const part = storableText.min(1).max(longestText)
const list = z.array(scalar).min(1).max(1_000)

const pattern = storableText
  .min(1)
  .max(longestPattern)
  .meta({
    description: 'A regular expression: texts, ".", "[a-z]", "(a|b)", "*", "+", "?", "{2,4}", "^", "$", \\d, \\w, \\s.',
  })
  .superRefine((text, context) => {
    try {
      parsePattern(text)
    } catch (error) {
      context.addIssue({ code: 'custom', message: (error as SyntaxError).message })
    }
  })

export const numberTestFields = {
  equals: z.number().optional(),
  not_equals: z.number().optional(),
  at_least: z.number().optional(),
  at_most: z.number().optional(),
  more_than: z.number().optional(),
  less_than: z.number().optional(),
  between: z.tuple([z.number(), z.number()]).optional(),
}

const emptyRule = { message: 'must hold at least one test' }
const notEmpty = (tests: object): boolean => Object.keys(tests).length > 0

/** `{ at_least: 2 }`, or a bare number for `equals`. */
export const numberTest = z
  .union([z.number(), z.strictObject(numberTestFields).refine(notEmpty, emptyRule)])
  .transform(toValueTest)

const textTests = {
  exists: z.boolean().optional(),
  in: list.optional(),
  not_in: list.optional(),
  contains: part.optional(),
  starts_with: part.optional(),
  ends_with: part.optional(),
  matches: pattern.optional(),
}

/** Any test that a property may have to pass, or a bare value for `equals`. */
export const valueTest = z
  .union([
    scalar,
    z
      .strictObject({
        ...numberTestFields,
        ...textTests,
        equals: scalar.optional(),
        not_equals: scalar.optional(),
        after: absoluteDate.transform((atMs): DateBound => ({ atMs })).optional(),
        before: absoluteDate.transform((atMs): DateBound => ({ atMs })).optional(),
      })
      .refine(notEmpty, emptyRule),
  ])
  .transform(toValueTest)

/** As `valueTest`; dates may be compared with what moves along with now: `{ after: 30 days ago }`. */
export const traitTest = z
  .union([
    scalar,
    z
      .strictObject({
        ...numberTestFields,
        ...textTests,
        equals: scalar.optional(),
        not_equals: scalar.optional(),
        between: z.union([z.tuple([z.number(), z.number()]), z.tuple([dateBound, dateBound])]).optional(),
        after: dateBound.optional(),
        before: dateBound.optional(),
      })
      .refine(notEmpty, emptyRule),
  ])
  .transform(toValueTest)

/** Tests of a text. */
export const textTest = z
  .union([
    part,
    z
      .strictObject({
        ...textTests,
        equals: part.optional(),
        not_equals: part.optional(),
        in: z.array(part).min(1).max(1_000).optional(),
        not_in: z.array(part).min(1).max(1_000).optional(),
      })
      .refine(notEmpty, emptyRule),
  ])
  .transform(toValueTest)

/** One of a fixed set of words, or `{ in: […] }`. */
export function wordTest<const Word extends string>(words: readonly [Word, ...Word[]]) {
  const word = z.enum(words)
  return z
    .union([
      word,
      z
        .strictObject({
          equals: word.optional(),
          not_equals: word.optional(),
          in: z.array(word).min(1).optional(),
          not_in: z.array(word).min(1).optional(),
        })
        .refine(notEmpty, emptyRule),
    ])
    .transform(toValueTest)
}

interface TestDocument {
  readonly exists?: boolean | undefined
  readonly equals?: Scalar | undefined
  readonly not_equals?: Scalar | undefined
  readonly in?: readonly Scalar[] | undefined
  readonly not_in?: readonly Scalar[] | undefined
  readonly contains?: string | undefined
  readonly starts_with?: string | undefined
  readonly ends_with?: string | undefined
  readonly matches?: string | undefined
  readonly at_least?: number | undefined
  readonly at_most?: number | undefined
  readonly more_than?: number | undefined
  readonly less_than?: number | undefined
  readonly between?: readonly [number, number] | readonly [DateBound, DateBound] | undefined
  readonly after?: DateBound | undefined
  readonly before?: DateBound | undefined
}

type Scalar = string | number | boolean

const names = {
  exists: 'exists',
  equals: 'equals',
  not_equals: 'notEquals',
  in: 'in',
  not_in: 'notIn',
  contains: 'contains',
  starts_with: 'startsWith',
  ends_with: 'endsWith',
  matches: 'matches',
  at_least: 'atLeast',
  at_most: 'atMost',
  more_than: 'moreThan',
  less_than: 'lessThan',
  after: 'after',
  before: 'before',
} as const satisfies Partial<Record<keyof TestDocument, keyof ValueTest>>

/** From the names of documents to ours. */
export function toValueTest(document: Scalar | TestDocument): ValueTest {
  if (typeof document !== 'object') return { equals: document }
  const { between, ...others } = document
  const named = Object.entries(others).flatMap(([name, value]) =>
    value === undefined ? [] : [[names[name as keyof typeof names], value]],
  )
  const test = Object.fromEntries(named) as ValueTest
  return between === undefined ? test : bothOf(test, between)
}

/** `between` beside another bound of its kind: both must hold. */
function bothOf(test: ValueTest, [from, to]: readonly [number, number] | readonly [DateBound, DateBound]): ValueTest {
  if (typeof from === 'object' && typeof to === 'object') return { ...test, after: from, before: to }
  return {
    ...test,
    atLeast: Math.max(from as number, test.atLeast ?? -Infinity),
    atMost: Math.min(to as number, test.atMost ?? Infinity),
  }
}

/**
 * Whether a value passes. Never throws: whatever a customer's data holds, a test of the wrong kind of value is false.
 *
 * @param value As it was sent; undefined or null where nothing is known.
 */
export function passes(test: ValueTest, value: unknown): boolean {
  const known = value !== undefined && value !== null
  if (test.exists !== undefined && test.exists !== known) return false
  if (test.equals !== undefined && value !== test.equals) return false
  if (test.notEquals !== undefined && value === test.notEquals) return false
  if (test.in !== undefined && !test.in.includes(value as TraitValue)) return false
  if (test.notIn !== undefined && test.notIn.includes(value as TraitValue)) return false
  if (test.contains !== undefined && !holds(value, test.contains)) return false
  return passesTextTests(test, value) && passesComparisons(test, value) && passesDates(test, value)
}

/**
 * Whether it passes now, and until when. Only bounds that move along with now change with time.
 *
 * @see standing.ts
 */
export function valueStanding(test: ValueTest, value: unknown, nowMs: EpochMs): Standing {
  let standing = fixed(passes(test, value))
  if (test.after === undefined && test.before === undefined) return standing
  for (const bound of [test.after, test.before]) {
    if (bound === undefined || !('fromNowMs' in bound)) continue
    const atMs = dateOf(value)
    if (atMs === undefined) return -Infinity
    const isReached = nowMs + bound.fromNowMs > atMs
    // The last millisecond at which the bound is not beyond the date still counts.
    const reachedMs = isReached ? Infinity : atMs - bound.fromNowMs + 1
    const holds = bound === test.before ? isReached : !isReached
    standing = Math.min(standing, holds ? reachedMs : -reachedMs)
  }
  return standing
}

function passesTextTests({ startsWith, endsWith, matches }: ValueTest, value: unknown): boolean {
  if (startsWith === undefined && endsWith === undefined && matches === undefined) return true
  if (typeof value !== 'string') return false
  return (
    (startsWith === undefined || value.startsWith(startsWith)) &&
    (endsWith === undefined || value.endsWith(endsWith)) &&
    (matches === undefined || patternMatches(matches, value))
  )
}

/** Only the bounds of the calendar. From `after` on, and up to but without `before`. */
function passesDates({ after, before }: ValueTest, value: unknown): boolean {
  if (after === undefined && before === undefined) return true
  const atMs = dateOf(value)
  if (atMs === undefined) return false
  if (after !== undefined && 'atMs' in after && atMs < after.atMs) return false
  return before === undefined || !('atMs' in before) || atMs < before.atMs
}

function dateOf(value: unknown): EpochMs | undefined {
  return typeof value === 'string' ? parseInstant(value) : undefined
}

function passesComparisons({ atLeast, atMost, moreThan, lessThan }: ValueTest, value: unknown): boolean {
  if (atLeast === undefined && atMost === undefined && moreThan === undefined && lessThan === undefined) return true
  if (typeof value !== 'number') return false
  return (
    (atLeast === undefined || value >= atLeast) &&
    (atMost === undefined || value <= atMost) &&
    (moreThan === undefined || value > moreThan) &&
    (lessThan === undefined || value < lessThan)
  )
}

/** A text holds a part; a list holds an item. */
function holds(value: unknown, part: string): boolean {
  return typeof value === 'string' || Array.isArray(value) ? value.includes(part) : false
}
