/** Summing up: what changed, and when to look again. */

import type { Decision, RunChange } from '../decision.ts'
import { earliest, earliestFlip } from '../evaluate.ts'
import type { EpochMs } from '../time.ts'
import type { Run, Workspace } from './workspace.ts'

export function conclude(work: Workspace): Decision {
  const { snapshot, view } = work
  const changes: RunChange[] = []
  let wakeAtMs = earliest(earliestFlip(work.compiled.timedStages, view, work.nowMs), work.askAgainMs)
  for (const run of work.runs) {
    const runWakeAtMs = wakeOf(work, run)
    wakeAtMs = earliest(wakeAtMs, runWakeAtMs)
    if (hasChanged(run, runWakeAtMs)) changes.push(changeOf(run, runWakeAtMs))
  }
  return {
    move: work.move,
    atRisk: view.customer.atRisk,
    runs: changes,
    messages: work.messages,
    coupons: work.coupons,
    tasks: work.tasks,
    ...(work.webhooks.length === 0 ? {} : { webhooks: work.webhooks }),
    assignments: work.assignments,
    traits: work.traits,
    records: work.records,
    consumedNews: snapshot.news.map((news) => news.id),
    wakeAtMs,
    scoresAreStale: false,
  }
}

/** When a run must be looked at again: its step, or a goal or exit criterion that time alone may bring about. */
function wakeOf(work: Workspace, run: Run): EpochMs | null {
  if (run.status !== 'active' || run.definition === undefined) return null
  const criteria = work.compiled.timedCriteria.get(run.definition) ?? []
  return earliest(run.stepWakeAtMs, earliestFlip(criteria, work.view, work.nowMs))
}

function hasChanged(run: Run, wakeAtMs: EpochMs | null): boolean {
  const { saved } = run
  return (
    saved === undefined ||
    run.status !== 'active' ||
    run.version !== saved.version ||
    run.step !== saved.step ||
    run.stepSinceMs !== saved.stepSinceMs ||
    run.memory !== saved.memory ||
    wakeAtMs !== saved.wakeAtMs
  )
}

function changeOf(run: Run, wakeAtMs: EpochMs | null): RunChange {
  return {
    id: run.id,
    journey: run.journey,
    version: run.version,
    entryNumber: run.entryNumber,
    enteredAtMs: run.enteredAtMs,
    isNew: run.saved === undefined,
    status: run.status,
    step: run.step,
    stepSinceMs: run.stepSinceMs,
    wakeAtMs,
    memory: run.memory,
    endReason: run.endReason,
  }
}
