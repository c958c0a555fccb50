/** Moving runs from step to step, until each of them waits or has ended. */

import { earliest, holds, nextFlip } from '../evaluate.ts'
import { spreadShareOf } from '../hash.ts'
import { nextOpening, nextTimeOfDay, windowLengthMs } from '../local-time.ts'
import { propertiesPass } from '../property-tests.ts'
import type { DelayStep, MultiSplitStep, SplitStep, Step, Target, TimeWindowStep, WaitUntilStep } from '../steps.ts'
import type { EpochMs } from '../time.ts'
import type { EventNews } from './endings.ts'
import { assignVariant } from './experiment-step.ts'
import { goToJourney } from './go-to-journey-step.ts'
import { sendMessage } from './message-step.ts'
import { issueOffer } from './offer-step.ts'
import type { Outcome, Phase } from './outcome.ts'
import { heldUntil, heldUpSince } from './pause.ts'
import { updateProfile } from './profile-step.ts'
import { giveTask } from './task-step.ts'
import { callWebhook } from './webhook-step.ts'
import { type DefinedRun, endRun, isActive, note, type Run, type Workspace, zoneOf } from './workspace.ts'

/** Steps that were over before the news came: whoever was to wait for it by then, does. */
export function advanceWhatIsOver(work: Workspace): void {
  if (work.snapshot.news.length === 0) return
  for (const run of work.runs.filter(isActive)) advance(work, run, 'before-sending')
}

/** Everything that can move now does, the most important journey first. */
export function advanceRuns(work: Workspace): void {
  const { runs } = work
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i] as Run
    if (run.isAdvanced || !isActive(run)) continue
    run.isAdvanced = true
    const count = runs.length
    advance(work, run, 'sending')
    // It may have led into another journey: that one takes its place among those that are yet to move.
    if (runs.length !== count) i = -1
  }
}

/** Moves on the runs that wait for this event. */
export function moveOnWaiting(work: Workspace, event: EventNews): void {
  for (const run of work.runs.filter(isActive)) {
    const step = run.present
    if (step?.type !== 'wait-until' || step.event !== event.name || !propertiesPass(step.where, event.properties))
      continue
    note(work, run, 'step', 'done', 'event', { event: event.name })
    arriveAt(work, run, step.next)
    advance(work, run, 'before-sending')
  }
}

/** Moves one run as far as it goes. Ends, because every arrival counts as a visit and visits are bounded. */
export function advance(work: Workspace, run: DefinedRun, phase: Phase): void {
  while (run.status === 'active') {
    const step = run.present
    if (step === undefined) return
    const heldUntilMs = heldUntil(work, run)
    if (heldUntilMs !== undefined) {
      run.stepWakeAtMs = heldUntilMs
      return
    }
    run.heldUpSinceMs ??= heldUpSince(work, run)
    const outcome = outcomeOf(work, run, step, phase)
    if ('waitUntilMs' in outcome) {
      run.stepWakeAtMs = outcome.waitUntilMs
      // A wait of its own: what comes after it is in time.
      if (step.type !== 'message' && step.type !== 'offer') run.heldUpSinceMs = undefined
      return
    }
    if (run.status === 'active') arriveAt(work, run, outcome.goTo)
  }
}

/** Puts a run on a step, or completes it where there is none. */
export function arriveAt(work: Workspace, run: DefinedRun, target: Target): void {
  if (target === null) {
    endRun(work, run, 'completed', 'end', 'reached the end')
    return
  }
  const visits = (run.memory.visits?.[target] ?? 0) + 1
  if (visits > run.definition.maxVisits) {
    endRun(work, run, 'exited', 'max-visits', `came to step "${target}" more than ${run.definition.maxVisits} times`)
    return
  }
  if (run.memory.postponedBy !== undefined) {
    const { postponedBy: _, ...memory } = run.memory
    run.memory = memory
  }
  if (run.ownVisits === undefined) {
    run.ownVisits = { ...run.memory.visits }
    run.memory = { ...run.memory, visits: run.ownVisits }
  }
  run.ownVisits[target] = visits
  run.step = target
  run.present = run.definition.stepById.get(target)
  run.stepSinceMs = work.nowMs
  run.stepWakeAtMs = null
}

function outcomeOf(work: Workspace, run: DefinedRun, step: Step, phase: Phase): Outcome {
  switch (step.type) {
    case 'message':
      return phase === 'sending' ? sendMessage(work, run, step) : { waitUntilMs: null }
    case 'offer':
      return phase === 'sending' ? issueOffer(work, run, step) : { waitUntilMs: null }
    case 'delay':
      return waitedUntil(work, delayEndsAt(work, run, step), step.next)
    case 'wait-until':
      return waitForCondition(work, run, step, phase)
    case 'time-window':
      return waitedUntil(work, openingOf(work, step), step.next)
    case 'split':
      return split(work, run, step)
    case 'multi-split':
      return multiSplit(work, run, step)
    case 'experiment':
      return assignVariant(work, run, step)
    case 'update-profile':
      return updateProfile(work, run, step)
    case 'go-to-journey':
      return goToJourney(work, run, step)
    case 'webhook':
      return callWebhook(work, run, step)
    case 'task':
      return giveTask(work, run, step, phase)
    case 'exit':
      endRun(work, run, 'exited', 'exit-step', step.reason)
      return { goTo: null }
  }
}

function waitedUntil(work: Workspace, momentMs: EpochMs, next: Target): Outcome {
  return momentMs <= work.nowMs ? { goTo: next } : { waitUntilMs: momentMs }
}

export function delayEndsAt(work: Workspace, run: DefinedRun, step: DelayStep): EpochMs {
  const endsAtMs = run.stepSinceMs + step.forMs
  if (step.until === null) return endsAtMs
  return nextTimeOfDay(zoneOf(work), endsAtMs, step.until) + spreadMs(work, work.definitions.policy.spreadMs)
}

function openingOf(work: Workspace, { window }: TimeWindowStep): EpochMs {
  const opensAtMs = nextOpening(window, zoneOf(work), work.nowMs)
  // A window that never opens was refused when it was published; letting through is then better than hanging for ever.
  if (opensAtMs === null || opensAtMs <= work.nowMs) return work.nowMs
  return opensAtMs + spreadMs(work, Math.min(work.definitions.policy.spreadMs, windowLengthMs(window)))
}

/** Not everybody at the same second: each customer always gets the same place within the spread. */
export function spreadMs(work: Workspace, withinMs: number): number {
  work.spreadShare ??= spreadShareOf(work.snapshot.customer.id)
  return Math.floor(work.spreadShare * withinMs)
}

function waitForCondition(work: Workspace, run: DefinedRun, step: WaitUntilStep, phase: Phase): Outcome {
  if (step.if !== null && holds(step.if, work.view, work.nowMs)) {
    note(work, run, 'step', 'done', 'condition')
    return { goTo: step.next }
  }
  const timesOutAtMs = run.stepSinceMs + step.timeoutMs
  if (phase === 'sending' && timesOutAtMs <= work.nowMs) {
    note(work, run, 'step', 'done', 'timeout')
    return { goTo: step.onTimeout }
  }
  return {
    waitUntilMs: step.if === null ? timesOutAtMs : earliest(timesOutAtMs, nextFlip(step.if, work.view, work.nowMs)),
  }
}

function split(work: Workspace, run: DefinedRun, step: SplitStep): Outcome {
  const isTrue = holds(step.if, work.view, work.nowMs)
  note(work, run, 'step', 'done', 'branch', { branch: String(isTrue) })
  return { goTo: isTrue ? step.ifTrue : step.ifFalse }
}

function multiSplit(work: Workspace, run: DefinedRun, step: MultiSplitStep): Outcome {
  const branch = step.branches.find((each) => holds(each.if, work.view, work.nowMs))
  note(work, run, 'step', 'done', 'branch', { branch: branch?.name ?? null })
  return { goTo: (branch ?? step).next }
}
