/** Tests of a single value: as documents write them, and whether they hold. */

import { z } from 'zod'
import type { ValueTest } from './condition.ts'
import type { TraitValue } from './snapshot.ts'

const scalar = z.union([z.string().max(500), z.number(), z.boolean()])

const numberTests = {
  equals: z.number().optional(),
  not_equals: z.number().optional(),
  at_least: z.number().optional(),
  at_most: z.number().optional(),
  more_than: z.number().optional(),
  less_than: z.number().optional(),
}

const emptyRule = { message: 'must hold at least one test' }
const notEmpty = (tests: object): boolean => Object.keys(tests).length > 0

/** `{ at_least: 2 }`, or a bare number for `equals`. */
export const numberTest = z
  .union([z.number(), z.strictObject(numberTests).refine(notEmpty, emptyRule)])
  .transform(toValueTest)

/** Any test that a trait or a property may have to pass, or a bare value for `equals`. */
export const valueTest = z
  .union([
    scalar,
    z
      .strictObject({
        ...numberTests,
        exists: z.boolean().optional(),
        equals: scalar.optional(),
        not_equals: scalar.optional(),
        in: z.array(scalar).min(1).optional(),
        not_in: z.array(scalar).min(1).optional(),
        contains: z.string().min(1).optional(),
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
  readonly at_least?: number | undefined
  readonly at_most?: number | undefined
  readonly more_than?: number | undefined
  readonly less_than?: number | undefined
}

type Scalar = string | number | boolean

function toValueTest(document: Scalar | TestDocument): ValueTest {
  if (typeof document !== 'object') return { equals: document }
  return {
    ...(document.exists !== undefined && { exists: document.exists }),
    ...(document.equals !== undefined && { equals: document.equals }),
    ...(document.not_equals !== undefined && { notEquals: document.not_equals }),
    ...(document.in !== undefined && { in: document.in }),
    ...(document.not_in !== undefined && { notIn: document.not_in }),
    ...(document.contains !== undefined && { contains: document.contains }),
    ...(document.at_least !== undefined && { atLeast: document.at_least }),
    ...(document.at_most !== undefined && { atMost: document.at_most }),
    ...(document.more_than !== undefined && { moreThan: document.more_than }),
    ...(document.less_than !== undefined && { lessThan: document.less_than }),
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
  return passesComparisons(test, value)
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
