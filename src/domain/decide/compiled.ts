/** Definitions made ready for decisions, once: who listens to what is found by name, what time alone can change is known. */

import type { Condition, ValueTest } from '../condition.ts'
import type { Definitions, Entry, JourneyDefinition } from '../definitions.ts'

export interface Compiled {
  /** By journey, then by version. */
  readonly journeys: ReadonlyMap<string, ReadonlyMap<string, JourneyDefinition>>
  /** Entries of live journeys by the name of their event, in the order in which journeys may enter. */
  readonly eventEntries: ReadonlyMap<string, readonly JourneyEntry<EventEntry>[]>
  /** All other entries by their type, in the same order. */
  readonly otherEntries: ReadonlyMap<Entry['type'], readonly JourneyEntry[]>
  /** Rules of the lifecycle that may come to hold, or cease to, without news. */
  readonly timedStages: readonly Condition[]
  /** The same of the goal and the exit criteria of every journey. */
  readonly timedCriteria: ReadonlyMap<JourneyDefinition, readonly Condition[]>
}

type EventEntry = Extract<Entry, { type: 'event' }>

export interface JourneyEntry<Type extends Entry = Entry> {
  readonly journey: JourneyDefinition
  readonly entry: Type
}

const known = new WeakMap<Definitions, Compiled>()

/** The definitions asked for last, which are mostly those asked for next. */
let last: { readonly definitions: Definitions; readonly compiled: Compiled } | undefined

export function compiled(definitions: Definitions): Compiled {
  if (last?.definitions === definitions) return last.compiled
  const made = known.get(definitions) ?? compile(definitions)
  known.set(definitions, made)
  last = { definitions, compiled: made }
  return made
}

function compile({ journeys, live, lifecycle }: Definitions): Compiled {
  const byKey = new Map<string, Map<string, JourneyDefinition>>()
  for (const journey of journeys.values()) {
    const versions = byKey.get(journey.key) ?? new Map<string, JourneyDefinition>()
    byKey.set(journey.key, versions.set(journey.version, journey))
  }
  const entries = live.flatMap((journey) => journey.entry.map((entry): JourneyEntry => ({ journey, entry })))
  return {
    journeys: byKey,
    eventEntries: Map.groupBy(entries.filter(isOfEvent), ({ entry }) => entry.event),
    otherEntries: Map.groupBy(
      entries.filter((each) => !isOfEvent(each)),
      ({ entry }) => entry.type,
    ),
    timedStages: lifecycle.stages.flatMap((rule) => rule.if ?? []).filter(changesWithTime),
    timedCriteria: new Map([...live, ...journeys.values()].map((journey) => [journey, timedCriteriaOf(journey)])),
  }
}

function isOfEvent(each: JourneyEntry): each is JourneyEntry<EventEntry> {
  return each.entry.type === 'event'
}

function timedCriteriaOf({ goal, exit }: JourneyDefinition): readonly Condition[] {
  return [...(goal === null ? [] : [goal]), ...exit]
    .flatMap((criterion) => (criterion.type === 'condition' ? [criterion.if] : []))
    .filter(changesWithTime)
}

/** Whether the answer may change without news. */
function changesWithTime(condition: Condition): boolean {
  switch (condition.type) {
    case 'all':
    case 'any':
      return condition.of.some(changesWithTime)
    case 'not':
      return changesWithTime(condition.of)
    case 'value':
      return movesAlong(condition.test)
    case 'listed':
      return false
    case 'moment':
    case 'event':
    case 'order':
    case 'sequence':
      return true
  }
}

/** Whether a bound is so and so long before or after now. */
function movesAlong({ after, before }: ValueTest): boolean {
  return [after, before].some((bound) => bound !== undefined && 'fromNowMs' in bound)
}
