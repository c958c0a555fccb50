/**
 * A journey that somebody has paused: nobody enters it, nothing of it reaches a customer, and time moves nobody. Events,
 * goals and exit criteria still count, so that nothing is forgotten. After the pause its customers come again one after the
 * other, each at their own place within a spread, and what has become stale meanwhile is passed over.
 */

import type { Pause } from '../definitions.ts'
import { nextOpening } from '../local-time.ts'
import type { MessageStep, Step } from '../steps.ts'
import { type EpochMs, hourMs } from '../time.ts'
import { delayEndsAt, spreadMs } from './advance.ts'
import { type DefinedRun, note, type Workspace, zoneOf } from './workspace.ts'

export const pausedRule = 'journey-paused'
/** Over how long those who were held up come again, if nobody says otherwise. */
export const usualResumeSpreadMs = hourMs

export const staleRule = 'stale-after-pause'

export function isPaused({ definitions }: Workspace, journey: string): boolean {
  const pause = definitions.pauses?.get(journey)
  return pause !== undefined && pause.toMs === null
}

/**
 * Holds a run that a pause holds up.
 *
 * @returns until when (null: until the journey goes on), or undefined if it may move.
 */
export function heldUntil(work: Workspace, run: DefinedRun): EpochMs | null | undefined {
  const pause = pauseOver(work, run)
  if (pause === undefined) return release(run)
  const untilMs = pause.toMs === null ? null : releasedAt(work, pause, pause.toMs)
  if (untilMs !== null && untilMs <= work.nowMs) return release(run)
  if (untilMs === null && run.memory.postponedBy !== pausedRule) {
    note(work, run, 'step', 'postponed', pausedRule)
    run.memory = { ...run.memory, postponedBy: pausedRule }
  }
  return untilMs
}

/** Since when a run would have gone on, had there been no pause; undefined if none has held it up. */
export function heldUpSince(work: Workspace, run: DefinedRun): EpochMs | undefined {
  const pause = pauseOver(work, run)
  const step = run.present
  if (pause === undefined || pause.toMs === null || step === undefined) return undefined
  const dueMs = Math.max(pause.fromMs, naturallyDueAt(work, run, step))
  return dueMs < releasedAt(work, pause, pause.toMs) ? dueMs : undefined
}

/** Whether a message would come so late, because of a pause, that it is better not sent. */
export function isStale(work: Workspace, run: DefinedRun, step: MessageStep): boolean {
  const validForMs = step.validForMs ?? work.definitions.policy.channels[step.channel].validForMs
  return run.heldUpSinceMs !== undefined && work.nowMs > run.heldUpSinceMs + validForMs
}

/** Whether even the message that stays good the longest would be stale: then no coupon is given for it. */
export function isStaleForAll(work: Workspace, run: DefinedRun): boolean {
  const { email, sms } = work.definitions.policy.channels
  const longestMs = Math.max(email.validForMs, sms.validForMs)
  return run.heldUpSinceMs !== undefined && work.nowMs > run.heldUpSinceMs + longestMs
}

/** The last pause of its journey, if the run stands where it stood when that ended. */
function pauseOver({ definitions }: Workspace, run: DefinedRun): Pause | undefined {
  const pause = definitions.pauses?.get(run.journey)
  return pause !== undefined && (pause.toMs === null || run.stepSinceMs < pause.toMs) ? pause : undefined
}

function releasedAt(work: Workspace, pause: Pause, toMs: EpochMs): EpochMs {
  return toMs + spreadMs(work, pause.spreadMs)
}

function release(run: DefinedRun): undefined {
  if (run.memory.postponedBy !== pausedRule) return
  const { postponedBy: _, ...memory } = run.memory
  run.memory = memory
}

function naturallyDueAt(work: Workspace, run: DefinedRun, step: Step): EpochMs {
  switch (step.type) {
    case 'delay':
      return delayEndsAt(work, run, step)
    case 'wait-until':
    case 'task':
      return run.stepSinceMs + step.timeoutMs
    case 'time-window':
      return nextOpening(step.window, zoneOf(work), run.stepSinceMs) ?? run.stepSinceMs
    case 'message':
    case 'offer':
    case 'split':
    case 'multi-split':
    case 'experiment':
    case 'update-profile':
    case 'webhook':
    case 'go-to-journey':
    case 'exit':
      return run.stepSinceMs
  }
}
