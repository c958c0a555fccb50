/** Conditions on what happened over and over: events and orders, in a period, counted, summed, or by when. */

import type { MomentTest, ValueTest } from '../condition.ts'
import type { PropertyTests } from '../property-tests.ts'
import { dayMs, type EpochMs } from '../time.ts'
import { passes } from '../value-test.ts'

export type EventKind = 'track' | 'page' | 'screen'

/** Which events are meant. */
export interface EventPick {
  readonly kind: EventKind
  /** Null: any page, any screen. */
  readonly name: string | null
  readonly where: PropertyTests
}

/** Which orders are meant: those with one of these products, or of these categories; null: any. Never cancelled ones. */
export interface OrderPick {
  readonly products: readonly string[] | null
  readonly categories: readonly string[] | null
}

/** All that are given must hold. What is dated in the future counts as recent. */
export interface Period {
  /** At most that long ago. */
  readonly withinMs: number | null
  /** From this moment on. */
  readonly afterMs: EpochMs | null
  /** Before this moment. */
  readonly beforeMs: EpochMs | null
}

/** The first moment that a period reaches back to; -Infinity if it has no beginning. */
export function earliestOf({ withinMs, afterMs }: Period, nowMs: EpochMs): EpochMs {
  return Math.max(withinMs === null ? -Infinity : nowMs - withinMs, afterMs ?? -Infinity)
}

/** What is asked of those that were found. The sum of nothing is 0; the others know nothing then. */
export type HappeningTest =
  | { readonly is: 'count'; readonly test: ValueTest }
  | { readonly is: 'sum' | 'min' | 'max' | 'average'; readonly property: string; readonly test: ValueTest }
  | { readonly is: 'first' | 'last'; readonly test: MomentTest }

export interface EventCondition {
  readonly type: 'event'
  readonly pick: EventPick
  readonly period: Period
  readonly test: HappeningTest
}

/** Amounts are the orders' revenue in minor units, of those in the customer's main currency. */
export interface OrderCondition {
  readonly type: 'order'
  readonly pick: OrderPick
  readonly period: Period
  readonly test: HappeningTest
}

/** One event after the other, each later than the one before, and by no more than the gap. */
export interface SequenceCondition {
  readonly type: 'sequence'
  readonly steps: readonly EventPick[]
  readonly gapMs: number | null
  readonly period: Period
}

/** Events are kept one by one for 400 days at least; what looks at them one by one must not reach back further. */
export const longestRawMs = 365 * dayMs

/**
 * Whether single events are read. Otherwise it is their daily counts, which reach back without end: the period is then
 * one of whole UTC days.
 */
export function readsSingleEvents({ pick, period, test }: EventCondition): boolean {
  const isCounted = test.is === 'count' || test.is === 'first' || test.is === 'last'
  const hasDays = pick.name !== null && pick.where.length === 0 && isCounted
  return !hasDays || (period.withinMs !== null && period.withinMs <= longestRawMs)
}

/** Nobody does anything more often. */
const mostCounted = 1_000_000_000

/** The counts at which the answer of a test may change, ascending: from each on, until the next, it is the same. */
export function thresholdsOf(test: ValueTest): readonly number[] {
  const found = new Set<number>()
  const add = (count: number): void => void (count >= 1 && count <= mostCounted && found.add(count))
  if (test.atLeast !== undefined) add(Math.ceil(test.atLeast))
  if (test.moreThan !== undefined) add(Math.floor(test.moreThan) + 1)
  if (test.atMost !== undefined) add(Math.floor(test.atMost) + 1)
  if (test.lessThan !== undefined) add(Math.ceil(test.lessThan))
  for (const count of [test.equals, test.notEquals]) {
    if (typeof count !== 'number' || !Number.isInteger(count)) continue
    add(count)
    add(count + 1)
  }
  return [...found].sort((a, b) => a - b)
}

/**
 * Whether a failing test goes on failing when old happenings leave the period and none comes: a sum of amounts that are
 * not negative only falls, the greatest only falls, the least only rises.
 */
export function failsForGood(is: 'sum' | 'min' | 'max' | 'average', test: ValueTest, hasNegative: boolean): boolean {
  const isOnlyLower = onlyHas(test, ['atLeast', 'moreThan'])
  if (is === 'sum') return isOnlyLower && !hasNegative
  if (is === 'max') return isOnlyLower
  return is === 'min' && onlyHas(test, ['atMost', 'lessThan'])
}

function onlyHas(test: ValueTest, names: readonly (keyof ValueTest)[]): boolean {
  return Object.keys(test).every((name) => names.includes(name as keyof ValueTest))
}

/** What a count says of everybody alike, such as "at least 0"; undefined if it depends on the customer. */
export function sameForAll(test: HappeningTest): boolean | undefined {
  if (test.is !== 'count') return undefined
  const ofNone = passes(test.test, 0)
  return thresholdsOf(test.test).every((count) => passes(test.test, count) === ofNone) ? ofNone : undefined
}
