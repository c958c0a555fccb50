/**
 * What a generated shop does to its journeys in its year, from the seed: now and then one of them is paused, for hours or
 * days, and now and then one gets a new version, while people are in flight.
 */

import { type Random, seededRandom } from '../analytics/core/random.ts'
import type { Definitions, JourneyDefinition } from '../domain/definitions.ts'
import type { InFlightChoice } from '../domain/in-flight.ts'
import type { Step } from '../domain/steps.ts'
import { dayMs, type EpochMs, hourMs } from '../domain/time.ts'
import { randomWaitMs } from './people.ts'
import type { TimedShopChange } from './shop-changes.ts'

/** Of each journey. */
const daysBetweenPauses = 80
const daysBetweenVersions = 100

export function generatedChanges(
  { live }: Definitions,
  seed: number,
  fromMs: EpochMs,
  toMs: EpochMs,
): readonly TimedShopChange[] {
  return live.flatMap((journey, i) => {
    const random = seededRandom((Math.imul(seed, 0x27d4_eb2f) + Math.imul(i + 1, 0x1656_67b1)) >>> 0)
    return [...pausesOf(journey, random, fromMs, toMs), ...versionsOf(journey, random, fromMs, toMs)]
  })
}

/** One after the other; the last one may outlast the year. */
function pausesOf({ key }: JourneyDefinition, random: Random, fromMs: EpochMs, toMs: EpochMs): TimedShopChange[] {
  const changes: TimedShopChange[] = []
  for (let atMs = fromMs; ; ) {
    atMs += hourMs + randomWaitMs(random, daysBetweenPauses)
    if (atMs > toMs) return changes
    changes.push({ atMs, change: { type: 'pause', journey: key } })
    atMs += Math.ceil((random() < 0.5 ? random() : 12 * random()) * dayMs)
    const spreadMs = Math.ceil((1 + 11 * random()) * hourMs)
    changes.push({ atMs, change: { type: 'resume', journey: key, spreadMs } })
    atMs += spreadMs
  }
}

function versionsOf(journey: JourneyDefinition, random: Random, fromMs: EpochMs, toMs: EpochMs): TimedShopChange[] {
  const changes: TimedShopChange[] = []
  let atMs = fromMs
  let live = journey
  for (let number = 2; ; number++) {
    atMs += hourMs + randomWaitMs(random, daysBetweenVersions)
    if (atMs > toMs) return changes
    const { next, inFlight } = edited(live, `${journey.version}-${number}`, number, random)
    changes.push({ atMs, change: { type: 'publish', journey: journey.key, next: () => next, inFlight } })
    live = next
  }
}

/** Longer or shorter delays, a step under a new name, and one of the three choices for people in flight. */
function edited(
  journey: JourneyDefinition,
  version: string,
  number: number,
  random: Random,
): { readonly next: JourneyDefinition; readonly inFlight: InFlightChoice } {
  const factor = 0.5 + random()
  const steps = journey.steps.map(
    (step): Step =>
      step.type === 'delay' && step.forMs > 0 ? { ...step, forMs: Math.ceil(step.forMs * factor) } : step,
  )
  const named = steps.filter(({ type, id }) => (type === 'delay' || type === 'message') && !id.includes(':'))
  const chosen = named[Math.floor(random() * named.length)]?.id
  const renamed = chosen === undefined ? steps : steps.map((step) => withName(step, chosen, nameOf(chosen, number)))
  const next = { ...journey, version, steps: renamed, stepById: new Map(renamed.map((step) => [step.id, step])) }
  const mood = random()
  if (mood < 0.4) return { next, inFlight: { choice: 'stay' } }
  if (mood < 0.6) return { next, inFlight: { choice: 'exit' } }
  return { next, inFlight: { choice: 'move', map: mapOf(journey, next, chosen, random) } }
}

/** Everybody goes on where they are, under whatever name; now and then those of a step leave. */
function mapOf(
  { steps }: JourneyDefinition,
  next: JourneyDefinition,
  chosen: string | undefined,
  random: Random,
): Readonly<Record<string, string | null>> {
  const places = steps.map(({ id }, i): [string, string | null] => [id, next.steps[i]?.id ?? null])
  return Object.fromEntries(places.map(([id, to]) => [id, id === chosen && random() < 0.2 ? null : to]))
}

function nameOf(id: string, number: number): string {
  return `${id.replace(/-v\d+$/, '')}-v${number}`
}

const targets: ReadonlySet<string> = new Set(['id', 'next', 'ifRefused', 'onTimeout', 'ifTrue', 'ifFalse'])

/** The same step, or a step that leads to it. */
function withName<Part>(part: Part, from: string, to: string): Part {
  if (Array.isArray(part)) return part.map((each: unknown) => withName(each, from, to)) as Part
  if (part === null || typeof part !== 'object') return part
  const entries = Object.entries(part).map(([name, value]): [string, unknown] => [
    name,
    targets.has(name) && value === from ? to : withName(value, from, to),
  ])
  return Object.fromEntries(entries) as Part
}
