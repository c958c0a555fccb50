/** Starting a run of a journey, or saying why not. */

import type { Entry, JourneyDefinition } from '../definitions.ts'
import { holds } from '../evaluate.ts'
import type { RunMemory, TraitValue } from '../snapshot.ts'
import { advance, arriveAt } from './advance.ts'
import { metCriterion } from './endings.ts'
import { isPaused, pausedRule } from './pause.ts'
import { addRun, type DefinedRun, note, type Workspace } from './workspace.ts'

/** What started a run, as far as its messages may speak of it. */
export interface Trigger {
  readonly name: string
  readonly properties: Readonly<Record<string, unknown>>
}

/** An entry of the journey's own, or a step of another journey that leads here. */
type EntryRule = Entry | { readonly type: 'journey'; readonly if: null }

/** Starts a run where an entry has matched, unless a rule stands against it. */
export function enter(work: Workspace, journey: JourneyDefinition, entry: EntryRule, trigger?: Trigger): void {
  const refusal = refusalOf(work, journey, entry)
  if (refusal !== null) {
    noteRefusal(work, journey, refusal)
    return
  }
  const run = newRun(work, journey, trigger)
  addRun(work, run)
  note(work, run, 'entry', 'done', `entry:${entry.type}`, trigger === undefined ? {} : { event: trigger.name })
  arriveAt(work, run, journey.steps[0]?.id ?? null)
  // Up to the first wait, so that the next news of the same look already finds the run there.
  advance(work, run, 'before-sending')
}

function refusalOf(work: Workspace, journey: JourneyDefinition, entry: EntryRule): string | null {
  if (isPaused(work, journey.key)) return pausedRule
  if (work.runs.some((run) => run.journey === journey.key && run.status === 'active')) return 'reentry:active'
  if (!mayReEnter(work, journey)) return `reentry:${journey.reEntry.allowed}`
  if (entry.if !== null && !holds(entry.if, work.view, work.nowMs)) return 'entry-condition'
  const met = metCriterion(journey, work.view, work.nowMs)
  if (met === undefined) return null
  return met === journey.goal ? 'goal' : 'exit-criterion'
}

function mayReEnter(work: Workspace, { key, reEntry }: JourneyDefinition): boolean {
  if (reEntry.allowed === 'always') return true
  const { pastRuns } = work.snapshot
  const endedHere = work.runs.some((run) => run.journey === key)
  if (reEntry.allowed === 'never') return !endedHere && !pastRuns.some((run) => run.journey === key)
  const sinceMs = work.nowMs - reEntry.afterMs
  const isRecent = pastRuns.some((run) => run.journey === key && run.endedAtMs > sinceMs)
  return !isRecent && !(endedHere && reEntry.afterMs > 0)
}

function newRun(work: Workspace, journey: JourneyDefinition, trigger: Trigger | undefined): DefinedRun {
  const { snapshot, nowMs, identifiers } = work
  const entryNumber = lastEntryNumber(work, journey.key) + 1
  const memory: RunMemory = trigger === undefined ? {} : { trigger: triggerValues(trigger.properties) }
  return {
    id: identifiers.id(`run:${snapshot.customer.id}:${journey.key}:${entryNumber}`),
    journey: journey.key,
    version: journey.version,
    entryNumber,
    enteredAtMs: nowMs,
    definition: journey,
    saved: undefined,
    status: 'active',
    step: journey.steps[0]?.id ?? '',
    present: journey.steps[0],
    stepSinceMs: nowMs,
    stepWakeAtMs: null,
    memory,
    endReason: null,
    ownVisits: undefined,
    isAdvanced: false,
  }
}

function lastEntryNumber({ runs, snapshot }: Workspace, journey: string): number {
  let last = 0
  for (const run of runs) if (run.journey === journey) last = Math.max(last, run.entryNumber)
  for (const run of snapshot.pastRuns) if (run.journey === journey) last = Math.max(last, run.entryNumber)
  return last
}

const mostTriggerValues = 30
const longestTriggerText = 200

/** What a template may later say of the event: short plain values, and no more of them than a message needs. */
function triggerValues(properties: Readonly<Record<string, unknown>>): Readonly<Record<string, TraitValue>> {
  const values: Record<string, TraitValue> = {}
  let count = 0
  for (const name of Object.keys(properties)) {
    if (count === mostTriggerValues) break
    const value = properties[name]
    // That one name would set the object's prototype.
    if (!isPlain(value) || name === '__proto__') continue
    values[name] = value
    count++
  }
  return values
}

function isPlain(value: unknown): value is TraitValue {
  if (typeof value === 'string') return value.length <= longestTriggerText
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'boolean') return true
  if (!Array.isArray(value) || value.length > mostTriggerValues) return false
  return value.every((item) => typeof item === 'string' && item.length <= longestTriggerText)
}

/** Once per journey and rule: a burst of a thousand page views is one refusal, not a thousand. */
function noteRefusal(work: Workspace, journey: JourneyDefinition, rule: string): void {
  const isNoted = work.records.some(
    (record) => record.kind === 'entry' && record.journey === journey.key && record.rule === rule,
  )
  if (isNoted) return
  work.records.push({
    kind: 'entry',
    journey: journey.key,
    version: journey.version,
    step: null,
    entryNumber: null,
    outcome: 'refused',
    rule,
    detail: {},
  })
}
