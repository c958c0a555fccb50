/** What ends a run before its last step: goals, exit criteria, definitions that are gone. */

import type { CustomerView } from '../condition.ts'
import type { Criterion, JourneyDefinition } from '../definitions.ts'
import { holds } from '../evaluate.ts'
import { propertiesPass } from '../property-tests.ts'
import type { News } from '../snapshot.ts'
import type { EpochMs } from '../time.ts'
import { type DefinedRun, endRun, isActive, type Workspace } from './workspace.ts'

export type EventNews = Extract<News, { kind: 'event' }>

/** A run can only go on where its definition can still be read. */
export function endRunsWithoutDefinition(work: Workspace): void {
  for (const run of work.runs) {
    if (run.status !== 'active') continue
    if (run.definition === undefined) {
      endRun(work, run, 'exited', 'version-archived', 'this version of the journey is archived')
    } else if (run.present === undefined) {
      endRun(work, run, 'exited', 'step-missing', `this version of the journey has no step "${run.step}"`)
    }
  }
}

/** Ends the runs whose goal or exit criterion is this event. */
export function endRunsByEvent(work: Workspace, event: EventNews): void {
  for (const run of work.runs) {
    if (!isActive(run)) continue
    const { goal, exit } = run.definition
    if (goal !== null && isEvent(goal, event)) endByGoal(work, run, goal)
    else {
      const criterion = exit.find((each) => isEvent(each, event))
      if (criterion !== undefined) endByCriterion(work, run, criterion)
    }
  }
}

/** Ends the runs whose goal or exit criterion is a condition that now holds. */
export function endRunsWhoseCriteriaHold(work: Workspace): void {
  for (const run of work.runs) {
    if (!isActive(run)) continue
    const met = metCriterion(run.definition, work.view, work.nowMs)
    if (met === undefined) continue
    if (met === run.definition.goal) endByGoal(work, run, met)
    else endByCriterion(work, run, met)
  }
}

/** The goal, or the first exit criterion, that is a condition and holds. */
export function metCriterion(journey: JourneyDefinition, view: CustomerView, nowMs: EpochMs): Criterion | undefined {
  if (journey.goal !== null && isMet(journey.goal, view, nowMs)) return journey.goal
  return journey.exit.find((each) => isMet(each, view, nowMs))
}

/** Whether an event is the one that is meant, with the properties that are asked for. */
export function isEvent(criterion: Criterion, event: EventNews): boolean {
  return (
    criterion.type === 'event' && criterion.event === event.name && propertiesPass(criterion.where, event.properties)
  )
}

function isMet(criterion: Criterion, view: CustomerView, nowMs: EpochMs): boolean {
  return criterion.type === 'condition' && holds(criterion.if, view, nowMs)
}

function endByGoal(work: Workspace, run: DefinedRun, goal: Criterion): void {
  // Left early, however happily: what the run had planned and nobody has sent yet is taken back.
  endRun(work, run, 'exited', 'goal', `goal: ${criterionInWords(goal)}`)
}

function endByCriterion(work: Workspace, run: DefinedRun, criterion: Criterion): void {
  endRun(work, run, 'exited', 'exit-criterion', `exit: ${criterionInWords(criterion)}`)
}

function criterionInWords(criterion: Criterion): string {
  return criterion.type === 'event' ? criterion.event : 'condition'
}
