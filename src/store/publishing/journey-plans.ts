/** What publishing a journey means for people in flight: foreseen for a preview, and carried out when it is published. */

import { checkDocument } from '../../domain/campaign-documents.ts'
import type { JourneyDefinition } from '../../domain/definitions.ts'
import {
  countFates,
  type Fate,
  type FateOfMany,
  foresee,
  type InFlightChoice,
  type Standing,
  stays,
  unknownTargets,
  unmappedSteps,
} from '../../domain/in-flight.ts'
import type { Queryable } from '../database.ts'
import { countInFlight } from './in-flight-runs.ts'
import { type PublicationNumbers, publicationNumbers } from './publications.ts'

/** A choice for people in flight that cannot be carried out; says which step or journey it is about. */
export class InFlightError extends RangeError {
  override readonly name = 'InFlightError'
}

/** By journey; of those that are not named here the file decides, and without a word of it people stay. */
export type InFlightChoices = ReadonlyMap<string, InFlightChoice>

export interface JourneyPlan {
  readonly next: JourneyDefinition
  readonly inFlight: InFlightChoice
  readonly standing: readonly Standing[]
  readonly fates: readonly FateOfMany[]
  readonly numbers: PublicationNumbers
}

/** What becomes of people in flight, with numbers for people to read. */
export interface InFlightReport {
  readonly journey: string
  /** The number of the version that is replaced; null if there is none. */
  readonly from: number | null
  readonly to: number
  readonly choice: InFlightChoice['choice']
  readonly stay: number
  readonly move: number
  readonly exit: number
  /** Of those who move: how many go on waiting at a step whose terms have changed. */
  readonly retimed: number
  /** Who stands where on former versions, and what becomes of them. */
  readonly steps: readonly StepReport[]
  /** How many stand where afterwards. */
  readonly after: readonly { readonly number: number | null; readonly step: string; readonly count: number }[]
}

export interface StepReport {
  /** Of the version that they follow. */
  readonly number: number | null
  readonly step: string
  readonly count: number
  readonly becomes: Fate['becomes']
  readonly to: string | null
  /** Whether they go on waiting as they do. */
  readonly keepsWait: boolean
}

/**
 * Foresees it for journeys that are about to get a new version.
 *
 * @throws InFlightError if a map leaves out a step, or leads to one that there is not.
 */
export async function planJourneys(
  client: Queryable,
  nexts: readonly JourneyDefinition[],
  choices: InFlightChoices,
): Promise<readonly JourneyPlan[]> {
  const keys = nexts.map(({ key }) => key)
  const standings = await countInFlight(client, keys)
  const numbers = await publicationNumbers(client, 'journey', keys)
  const formers = await formerVersions(client, keys)
  return nexts.map((next) => {
    const standing = standings.get(next.key) ?? []
    const inFlight = choices.get(next.key) ?? stays
    const asked = (formers.get(next.key) ?? []).filter(
      ({ definition, isLive }) =>
        definition.version !== next.version &&
        (isLive || standing.some(({ version }) => version === definition.version)),
    )
    const definitions = asked.map(({ definition }) => definition)
    checkChoice(inFlight, definitions, standing, next)
    const own = numbers.get(next.key) as PublicationNumbers
    return { next, inFlight, standing, fates: foresee(inFlight, standing, definitions, next), numbers: own }
  })
}

function checkChoice(
  inFlight: InFlightChoice,
  formers: readonly JourneyDefinition[],
  standing: readonly Standing[],
  next: JourneyDefinition,
): void {
  if (inFlight.choice !== 'move') return
  const nowhere = unknownTargets(inFlight.map, next)
  if (nowhere.length > 0) {
    const known = next.steps.map(({ id }) => id).join(', ')
    throw new InFlightError(
      `journey ${next.key}: the map leads to ${nowhere.join(', ')}, and the new version has no such step; known: ${known}`,
    )
  }
  const open = unmappedSteps(
    inFlight.map,
    formers,
    standing.filter(({ version }) => version !== next.version),
    next,
  )
  if (open.length > 0) {
    throw new InFlightError(
      `journey ${next.key}: the map says nothing of ${open.join(', ')}; give each of them a step of the new version, or null for those who are to leave`,
    )
  }
}

interface FormerVersion {
  readonly definition: JourneyDefinition
  readonly isLive: boolean
}

/** Versions that can still be read, by journey. */
async function formerVersions(
  client: Queryable,
  keys: readonly string[],
): Promise<ReadonlyMap<string, readonly FormerVersion[]>> {
  const { rows } = await client.query<{ key: string; version: string; status: string; document: unknown }>(
    `SELECT key, version, status, document FROM campaigns WHERE kind = 'journey' AND key = ANY ($1)`,
    [keys],
  )
  const found = new Map<string, FormerVersion[]>(keys.map((key) => [key, []]))
  for (const { status, ...row } of rows) {
    const result = checkDocument({ kind: 'journey', ...row })
    if ('checked' in result && result.checked.kind === 'journey')
      found.get(row.key)?.push({ definition: result.checked.definition, isLive: status === 'live' })
  }
  return found
}

/** @param fates what is foreseen, or what was done. */
export function reportOf(
  { next, inFlight, standing, numbers }: JourneyPlan,
  fates: readonly FateOfMany[],
): InFlightReport {
  const { after, ...counts } = countFates(fates, standing, next.version)
  const to = numbers.last + 1
  const numberOf = (version: string): number | null => (version === next.version ? to : numbers.numberOf(version))
  return {
    journey: next.key,
    from: numbers.last === 0 ? null : numbers.last,
    to,
    choice: inFlight.choice,
    ...counts,
    steps: fates.map(({ version, step, count, fate }) => ({
      number: numberOf(version),
      step,
      count,
      becomes: fate.becomes,
      to: fate.becomes === 'moves' ? fate.to : null,
      keepsWait: fate.becomes === 'moves' && fate.keepsWait,
    })),
    after: after.map(({ version, step, count }) => ({ number: numberOf(version), step, count })),
  }
}
