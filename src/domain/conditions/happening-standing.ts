/** Whether conditions on events and orders hold, and until when. */

import type { MomentTest, ValueTest } from '../condition.ts'
import { eventKey } from '../event-key.ts'
import { propertiesPass, propertyAt } from '../property-tests.ts'
import { fixed, longerAgo, type Standing, within } from '../standing.ts'
import { dayMs, type EpochMs } from '../time.ts'
import { passes } from '../value-test.ts'
import { sumOf } from './decimal.ts'
import { exactPasses } from './exact-test.ts'
import {
  type EventCondition,
  type EventPick,
  failsForGood,
  type HappeningTest,
  type OrderCondition,
  type OrderPick,
  type Period,
  readsSingleEvents,
  type SequenceCondition,
  sameForAll,
  thresholdsOf,
} from './happening.ts'
import type { EventDayFacts, EventFacts, MoreFacts, SingleOrderFacts } from './more-facts.ts'

/** Something that happened at a moment, with the amount that is asked for, if it has one. */
interface Happening {
  readonly atMs: EpochMs
  readonly amount: number | null
}

export function eventStanding(condition: EventCondition, more: MoreFacts, nowMs: EpochMs): Standing {
  const { pick, period, test } = condition
  const constant = sameForAll(test)
  if (constant !== undefined) return fixed(constant)
  if (!readsSingleEvents(condition)) return daysStanding(pick, period, test, more.eventDays, nowMs)
  const property = 'property' in test ? test.property : null
  const found = eventsIn(pick, period, more.events, nowMs).map(({ atMs, properties }): Happening => {
    const value = property === null ? null : propertyAt(properties, property)
    return { atMs, amount: typeof value === 'number' ? value : null }
  })
  return happeningStanding(test, found, period.withinMs, nowMs)
}

export function orderStanding({ pick, period, test }: OrderCondition, more: MoreFacts, nowMs: EpochMs): Standing {
  const constant = sameForAll(test)
  if (constant !== undefined) return fixed(constant)
  const found = more.orders
    .filter((order) => isOrder(pick, order) && isInPeriod(period, order.atMs, nowMs))
    .map(({ atMs, revenueCents }): Happening => ({ atMs, amount: revenueCents }))
  return happeningStanding(test, found, period.withinMs, nowMs)
}

export function eventsIn(
  { kind, name, where }: EventPick,
  period: Period,
  events: readonly EventFacts[],
  nowMs: EpochMs,
): readonly EventFacts[] {
  return events.filter(
    (event) =>
      event.kind === kind &&
      (name === null || event.name === name) &&
      isInPeriod(period, event.atMs, nowMs) &&
      propertiesPass(where, event.properties),
  )
}

function isInPeriod({ withinMs, afterMs, beforeMs }: Period, atMs: EpochMs, nowMs: EpochMs): boolean {
  return (
    (withinMs === null || atMs >= nowMs - withinMs) &&
    (afterMs === null || atMs >= afterMs) &&
    (beforeMs === null || atMs < beforeMs)
  )
}

function isOrder({ products, categories }: OrderPick, order: SingleOrderFacts): boolean {
  return (
    (products === null || order.products.some((product) => products.includes(product))) &&
    (categories === null || order.categories.some((category) => categories.includes(category)))
  )
}

function happeningStanding(
  test: HappeningTest,
  found: readonly Happening[],
  withinMs: number | null,
  nowMs: EpochMs,
): Standing {
  const leavesMs = (atMs: EpochMs): EpochMs => (withinMs === null ? Infinity : atMs + withinMs + 1)
  switch (test.is) {
    case 'count': {
      const newestFirst = found.map(({ atMs }) => atMs).sort((a, b) => b - a)
      const threshold = thresholdBelow(test.test, newestFirst.length)
      // It changes when so many have left that the threshold below is crossed.
      const next = threshold === undefined ? undefined : newestFirst[threshold - 1]
      return signed(passes(test.test, newestFirst.length), next === undefined ? Infinity : leavesMs(next))
    }
    case 'first':
    case 'last': {
      const moments = found.map(({ atMs }) => atMs)
      const momentMs = test.is === 'first' ? least(moments) : greatest(moments)
      return found.length === 0 ? -Infinity : edgeStanding(test, momentMs, leavesMs(momentMs), nowMs)
    }
    case 'sum':
    case 'min':
    case 'max':
    case 'average':
      return amountStanding(test, found, leavesMs)
  }
}

function amountStanding(
  { is, test }: Extract<HappeningTest, { property: string }>,
  found: readonly Happening[],
  leavesMs: (atMs: EpochMs) => EpochMs,
): Standing {
  const counting = found.filter(({ amount }) => amount !== null)
  const amounts = counting.map(({ amount }) => amount ?? 0)
  const holds = amountPasses(is, test, amounts)
  if (amounts.length === 0) return fixed(holds)
  const hasNegative = amounts.some((amount) => amount < 0)
  if (!holds && failsForGood(is, test, hasNegative)) return -Infinity
  return signed(holds, leavesMs(least(counting.map(({ atMs }) => atMs))))
}

function amountPasses(is: 'sum' | 'min' | 'max' | 'average', test: ValueTest, amounts: readonly number[]): boolean {
  if (is === 'sum') return exactPasses(test, sumOf(amounts))
  if (amounts.length === 0) return passes(test, undefined)
  if (is === 'average') return exactPasses(test, sumOf(amounts), amounts.length)
  return passes(test, is === 'min' ? least(amounts) : greatest(amounts))
}

/** Of the first or the last one: until its own test changes, or it leaves the period. */
function edgeStanding(
  { is, test }: { readonly is: 'first' | 'last'; readonly test: MomentTest },
  momentMs: EpochMs,
  leavesMs: EpochMs,
  nowMs: EpochMs,
): Standing {
  const standing =
    test.is === 'within' ? within(momentMs, test.lengthMs, nowMs) : longerAgo(momentMs, test.lengthMs, nowMs)
  // Once the last one is too old, or gone, nothing but news brings another.
  if (is === 'last' && standing === -Infinity) return standing
  return signed(standing > 0, Math.min(Math.abs(standing), leavesMs))
}

function signed(holds: boolean, untilMs: EpochMs): Standing {
  return holds ? untilMs : -untilMs
}

/** The greatest threshold that a count has reached. */
function thresholdBelow(test: ValueTest, count: number): number | undefined {
  return thresholdsOf(test).findLast((threshold) => threshold <= count)
}

/** By daily counts: a day is in the period, or it is not. */
function daysStanding(
  { kind, name }: EventPick,
  period: Period,
  test: HappeningTest,
  days: readonly EventDayFacts[],
  nowMs: EpochMs,
): Standing {
  const key = eventKey(kind, name)
  const found = days.filter((day) => day.key === key && isInPeriod(wholeDays(period, nowMs), day.dayMs, nowMs))
  const { withinMs } = period
  const leavesMs = (dayStartMs: EpochMs): EpochMs => (withinMs === null ? Infinity : dayStartMs + dayMs + withinMs)
  if (test.is === 'count') {
    const count = found.reduce((sum, day) => sum + day.count, 0)
    const threshold = thresholdBelow(test.test, count)
    if (threshold === undefined) return fixed(passes(test.test, count))
    const starts = found.map((day) => day.dayMs)
    return signed(passes(test.test, count), leavesMs(threshold === 1 ? greatest(starts) : least(starts)))
  }
  if (test.is !== 'first' && test.is !== 'last') throw new RangeError(`${test.is}: is not known of whole days`)
  if (found.length === 0) return -Infinity
  const momentMs =
    test.is === 'first' ? least(found.map((day) => day.firstMs)) : greatest(found.map((day) => day.lastMs))
  return edgeStanding(test, momentMs, leavesMs(Math.floor(momentMs / dayMs) * dayMs), nowMs)
}

/** The period of whole days that answers for this one. */
export function wholeDays({ withinMs, afterMs, beforeMs }: Period, nowMs: EpochMs): Period {
  const startMs = withinMs === null ? -Infinity : Math.floor((nowMs - withinMs) / dayMs) * dayMs
  const fromMs = Math.max(startMs, afterMs ?? -Infinity)
  return { withinMs: null, afterMs: fromMs === -Infinity ? null : fromMs, beforeMs }
}

/**
 * Whether the steps came one after the other, in the period. The way to a step that begins last is all that matters: it
 * leaves the period last. A step's way comes from the latest step before it, because a later one never began earlier.
 */
export function sequenceStanding(
  { steps, gapMs, period }: SequenceCondition,
  more: MoreFacts,
  nowMs: EpochMs,
): Standing {
  let ways: readonly Way[] = []
  for (const [i, step] of steps.entries()) {
    const moments = eventsIn(step, period, more.events, nowMs).map(({ atMs }) => atMs)
    ways = i === 0 ? moments.map((atMs) => ({ atMs, startMs: atMs })) : onward(ways, moments, gapMs)
  }
  const latestStartMs = greatest(ways.map(({ startMs }) => startMs))
  if (ways.length === 0) return -Infinity
  return period.withinMs === null ? Infinity : latestStartMs + period.withinMs + 1
}

/** A way up to a step, and when it began. */
interface Way {
  readonly atMs: EpochMs
  readonly startMs: EpochMs
}

function onward(ways: readonly Way[], moments: readonly EpochMs[], gapMs: number | null): readonly Way[] {
  const before = [...ways].sort((a, b) => a.atMs - b.atMs)
  const found: Way[] = []
  let passed = 0
  for (const atMs of [...moments].sort((a, b) => a - b)) {
    while ((before[passed]?.atMs ?? Infinity) < atMs) passed++
    const latest = before[passed - 1]
    if (latest === undefined || (gapMs !== null && atMs - latest.atMs > gapMs)) continue
    found.push({ atMs, startMs: latest.startMs })
  }
  return found
}

/** Not by spreading: a long life is longer than a list of arguments may be. */
function least(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Infinity)
}

function greatest(values: readonly number[]): number {
  return values.reduce((greatest, value) => Math.max(greatest, value), -Infinity)
}
