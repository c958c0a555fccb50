/**
 * Traits computed by rule from what a customer did: how often, how much in sum, the first, last, most frequent or all
 * different values of a property, days since the last time.
 *
 *     name: Favourite genre
 *     compute: most_frequent
 *     event: Product Viewed
 *     of: category
 *     within: 90 days
 */

import { z } from 'zod'
import { decimalOf, decimalText, sumOf } from './conditions/decimal.ts'
import { type EventPick, longestRawMs } from './conditions/happening.ts'
import { eventName } from './conditions/happening-schema.ts'
import { eventsIn } from './conditions/happening-standing.ts'
import type { EventFacts, MoreFacts } from './conditions/more-facts.ts'
import { duration, words } from './document-parts.ts'
import { comparableName, personalInTraits } from './personal-names.ts'
import { propertyAt, propertyName, propertyTests } from './property-tests.ts'
import { dayMs, type EpochMs } from './time.ts'

export interface ComputedTrait {
  readonly name: string
  readonly compute: Computation
  readonly pick: EventPick
  /** Single events are not kept for longer. */
  readonly withinMs: number
  /** Null where events are counted, not values. */
  readonly property: string | null
}

export type Computation = (typeof computations)[number]

const computations = ['count', 'days_since', 'sum', 'first', 'last', 'most_frequent', 'unique'] as const
const ofProperty: ReadonlySet<string> = new Set(['sum', 'first', 'last', 'most_frequent', 'unique'])

/** How many different values `unique` keeps: the first ones in the order of their texts. */
export const mostUnique = 100

export const computedTraitDocument = z
  .strictObject({
    name: words,
    compute: z.enum(computations),
    event: eventName.optional(),
    page: eventName.optional(),
    screen: eventName.optional(),
    of: propertyName.optional(),
    where: propertyTests.optional(),
    within: duration.refine((lengthMs) => lengthMs <= longestRawMs, {
      message: 'must be at most 365 days: older events are kept as daily counts only',
    }),
  })
  .refine(({ event, page, screen }) => [event, page, screen].filter((name) => name !== undefined).length === 1, {
    message: 'must hold one of event, page, screen',
  })
  .refine(({ compute, of }) => ofProperty.has(compute) === (of !== undefined), {
    path: ['of'],
    message: 'must name a property for sum, first, last, most_frequent and unique, and for no other',
  })
  .transform(
    ({ name, compute, event, page, screen, of, where = [], within }): ComputedTrait => ({
      name,
      compute,
      pick: {
        kind: event === undefined ? (page === undefined ? 'screen' : 'page') : 'track',
        name: event ?? page ?? screen ?? null,
        where,
      },
      withinMs: within,
      property: of ?? null,
    }),
  )

/** A value that stands readable beside the customer may not be called as what is sealed. */
export function personalKeyProblem(key: string): string | undefined {
  return personalInTraits.has(comparableName(key))
    ? 'is the name of something personal: no computed trait may be called so'
    : undefined
}

export interface ComputedValue {
  /** JSON; null where there is nothing to compute from: such a customer has no value. */
  readonly value: unknown
  /** The earliest moment at which it may change without news; null if there is none. */
  readonly changesMs: EpochMs | null
}

/** The value of a trait at a moment. */
export function computeTrait(trait: ComputedTrait, more: MoreFacts, nowMs: EpochMs): ComputedValue {
  const { compute, pick, property, withinMs } = trait
  const found = eventsIn(pick, { withinMs, afterMs: null, beforeMs: null }, more.events, nowMs)
  const counting = found
    .map((event) => ({ ...event, value: property === null ? null : textOf(event, property, compute) }))
    .filter(({ value }) => property === null || value !== null)
  if (counting.length === 0) return { value: null, changesMs: null }
  const moments = counting.map(({ atMs }) => atMs)
  const oldestMs = moments.reduce((least, atMs) => Math.min(least, atMs), Infinity)
  const leavesMs = oldestMs + withinMs + 1
  if (compute === 'days_since') {
    const lastMs = moments.reduce((greatest, atMs) => Math.max(greatest, atMs), -Infinity)
    const days = Math.max(0, Math.floor((nowMs - lastMs) / dayMs))
    return { value: days, changesMs: Math.min(lastMs + (days + 1) * dayMs, lastMs + withinMs + 1) }
  }
  return { value: valueOf(compute, counting), changesMs: leavesMs }
}

interface Counting extends EventFacts {
  /** JSON. */
  readonly value: string | null
}

/** A plain value in JSON, so that equal ones are the same text; null for what is not plain. */
function textOf({ properties }: EventFacts, property: string, compute: Computation): string | null {
  const value = propertyAt(properties, property)
  if (typeof value === 'number') return decimalText(decimalOf(value))
  return compute !== 'sum' && (typeof value === 'string' || typeof value === 'boolean') ? JSON.stringify(value) : null
}

function valueOf(compute: Exclude<Computation, 'days_since'>, counting: readonly Counting[]): unknown {
  const values = counting.map(({ value }) => value ?? 'null')
  switch (compute) {
    case 'count':
      return counting.length
    case 'sum':
      return Number(decimalText(sumOf(values.map(Number))))
    case 'first':
    case 'last': {
      const sign = compute === 'first' ? 1 : -1
      const sorted = [...counting].sort(
        (a, b) => sign * (a.atMs - b.atMs) || byCodePoints(a.value ?? '', b.value ?? ''),
      )
      return JSON.parse(sorted[0]?.value ?? 'null')
    }
    case 'most_frequent': {
      const counts = new Map<string, number>()
      for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
      const [best] = [...counts].sort(([a, many], [b, more]) => more - many || byCodePoints(a, b))
      return JSON.parse(best?.[0] ?? 'null')
    }
    case 'unique':
      return [...new Set(values)]
        .sort(byCodePoints)
        .slice(0, mostUnique)
        .map((value): unknown => JSON.parse(value))
  }
}

/** As PostgreSQL sorts bytes of UTF-8; JavaScript sorts halves of characters. */
function byCodePoints(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i]?.codePointAt(0) ?? 0) - (right[i]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
