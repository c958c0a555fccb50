/**
 * What becomes of people in flight when a new version of their journey takes its place: they stay on the version that they
 * entered, move to steps of the new one, or leave. Pure; the store does the same for sets.
 */

import type { JourneyDefinition } from './definitions.ts'
import { sameContent } from './same-content.ts'
import type { RunMemory } from './snapshot.ts'
import type { Step } from './steps.ts'

/** By step of the former versions: a step of the new one, or null for leaving the journey. */
export type StepMap = Readonly<Record<string, string | null>>

export type InFlightChoice =
  | { readonly choice: 'stay' }
  | { readonly choice: 'exit' }
  | { readonly choice: 'move'; readonly map: StepMap }

export type Fate =
  | { readonly becomes: 'stays' }
  | { readonly becomes: 'exits' }
  | {
      readonly becomes: 'moves'
      readonly to: string
      /** The step goes on under its name: who waits there has waited already. Else the run arrives there now. */
      readonly keepsWait: boolean
      /** It goes on on other terms: the wait that has begun gets another length. */
      readonly isRetimed: boolean
    }

export const stays: InFlightChoice = { choice: 'stay' }

/**
 * What becomes of a run that stands on a step of a former version. Total: a step that the map does not tell of, and that
 * does not go on as it was, is left where it stands.
 *
 * @param former undefined where that version can no longer be read.
 */
export function fateOf(
  choice: InFlightChoice,
  former: JourneyDefinition | undefined,
  step: string,
  next: JourneyDefinition,
): Fate {
  if (choice.choice === 'stay') return { becomes: 'stays' }
  if (choice.choice === 'exit') return { becomes: 'exits' }
  const to = targetOf(choice.map, former, step, next)
  if (to === null) return { becomes: 'exits' }
  if (to === undefined || !next.stepById.has(to)) return { becomes: 'stays' }
  const [before, after] = [former?.stepById.get(step), next.stepById.get(to)]
  const keepsWait = to === step && before !== undefined && before.type === after?.type
  const isRetimed = keepsWait && after !== undefined && !isSameStep(before, after)
  return { becomes: 'moves', to, keepsWait, isRetimed }
}

/** What the map says; without a word, a step that is the same in both versions leads to itself. */
function targetOf(
  map: StepMap,
  former: JourneyDefinition | undefined,
  step: string,
  next: JourneyDefinition,
): string | null | undefined {
  if (Object.hasOwn(map, step)) return map[step]
  const before = former?.stepById.get(step)
  const after = next.stepById.get(step)
  return before !== undefined && after !== undefined && isSameStep(before, after) ? step : undefined
}

/** The same but for where it leads: that is the business of the new version. */
export function isSameStep(before: Step, after: Step): boolean {
  return sameContent(withoutTargets(before), withoutTargets(after))
}

const targets: ReadonlySet<string> = new Set(['next', 'ifRefused', 'onTimeout', 'ifTrue', 'ifFalse'])

function withoutTargets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTargets)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (targets.has(name) ? [] : [[name, withoutTargets(inner)]])),
  )
}

/** Where a run can stand from one look to the next; through the others it goes at once. */
export function canRest({ type }: Step): boolean {
  switch (type) {
    case 'message':
    case 'offer':
    case 'delay':
    case 'wait-until':
    case 'time-window':
    case 'task':
      return true
    case 'split':
    case 'multi-split':
    case 'experiment':
    case 'update-profile':
    case 'webhook':
    case 'go-to-journey':
    case 'exit':
      return false
  }
}

/** Steps of former versions for which the map has no word, although somebody stands there or could. */
export function unmappedSteps(
  map: StepMap,
  formers: readonly JourneyDefinition[],
  standing: readonly { readonly version: string; readonly step: string }[],
  next: JourneyDefinition,
): readonly string[] {
  const byVersion = new Map(formers.map((former) => [former.version, former]))
  const asked = [
    ...formers.flatMap((former) => former.steps.filter(canRest).map(({ id }) => ({ former, step: id }))),
    ...standing.map(({ version, step }) => ({ former: byVersion.get(version), step })),
  ]
  const open = asked.filter(({ former, step }) => targetOf(map, former, step, next) === undefined)
  return [...new Set(open.map(({ step }) => step))].sort()
}

/** Steps that the map leads to and the new version does not have. */
export function unknownTargets(map: StepMap, next: JourneyDefinition): readonly string[] {
  const named = Object.values(map).filter((to) => to !== null && !next.stepById.has(to))
  return [...new Set(named as string[])].sort()
}

/** Why a run ended that the new version did not take along. */
export const replacedReason = 'a new version of the journey took its place'

/** What a run remembers once it was put on another step: that counts as a visit, and nothing is waited for yet. */
export function movedMemory(memory: RunMemory, to: string): RunMemory {
  const { postponedBy: _, ...kept } = memory
  return { ...kept, visits: { ...kept.visits, [to]: (kept.visits?.[to] ?? 0) + 1 } }
}

/** How many stand on a step of a version. */
export interface Standing {
  readonly version: string
  readonly step: string
  readonly count: number
}

export interface FateOfMany extends Standing {
  readonly fate: Fate
}

/** What becomes of everybody who follows another version than the new one. */
export function foresee(
  choice: InFlightChoice,
  standing: readonly Standing[],
  formers: readonly JourneyDefinition[],
  next: JourneyDefinition,
): readonly FateOfMany[] {
  const byVersion = new Map(formers.map((former) => [former.version, former]))
  return standing
    .filter(({ version }) => version !== next.version)
    .map((group) => ({ ...group, fate: fateOf(choice, byVersion.get(group.version), group.step, next) }))
}

export interface InFlightCounts {
  readonly stay: number
  readonly move: number
  readonly exit: number
  /** Of those who move: how many go on waiting at a step whose terms have changed. */
  readonly retimed: number
  /** How many stand where once that is done, by version and step. */
  readonly after: readonly Standing[]
}

/** @param standing all who are in flight, also on the new version itself. */
export function countFates(
  fates: readonly FateOfMany[],
  standing: readonly Standing[],
  newVersion: string,
): InFlightCounts {
  const sum = (becomes: Fate['becomes']): number =>
    fates.reduce((total, { fate, count }) => total + (fate.becomes === becomes ? count : 0), 0)
  const after = new Map<string, Standing>()
  const add = (version: string, step: string, count: number): void => {
    const place = `${version}/${step}`
    after.set(place, { version, step, count: (after.get(place)?.count ?? 0) + count })
  }
  for (const { version, step, count } of standing) if (version === newVersion) add(version, step, count)
  for (const { version, step, count, fate } of fates) {
    if (fate.becomes === 'stays') add(version, step, count)
    if (fate.becomes === 'moves') add(newVersion, fate.to, count)
  }
  const retimed = fates.reduce(
    (total, { fate, count }) => total + (fate.becomes === 'moves' && fate.isRetimed ? count : 0),
    0,
  )
  return { stay: sum('stays'), move: sum('moves'), exit: sum('exits'), retimed, after: [...after.values()] }
}
