/** Giving a person something to do for a customer, and going on with what came of it. */

import type { News } from '../snapshot.ts'
import type { TaskStep } from '../steps.ts'
import { advance, arriveAt } from './advance.ts'
import type { Outcome, Phase } from './outcome.ts'
import { type DefinedRun, isActive, note, type Workspace } from './workspace.ts'

/** Gives the task once per visit, then waits for an outcome or for the time-out. */
export function giveTask(work: Workspace, run: DefinedRun, step: TaskStep, phase: Phase): Outcome {
  const timesOutAtMs = run.stepSinceMs + step.timeoutMs
  const visit = visitOf(run, step)
  if (run.memory.tasks?.[step.id] !== visit) {
    work.tasks.push({
      id: taskIdOf(work, run, step),
      journey: run.journey,
      version: run.version,
      step: step.id,
      entryNumber: run.entryNumber,
      title: step.title,
      outcomes: step.outcomes.map(({ name }) => name),
      dueAtMs: run.stepSinceMs + step.dueInMs,
      expiresAtMs: timesOutAtMs,
    })
    run.memory = { ...run.memory, tasks: { ...run.memory.tasks, [step.id]: visit } }
    note(work, run, 'step', 'done', 'task', { title: step.title })
  }
  // The outcome may be the next piece of news.
  if (phase === 'before-sending' || timesOutAtMs > work.nowMs) return { waitUntilMs: timesOutAtMs }
  note(work, run, 'step', 'done', 'timeout')
  return { goTo: step.onTimeout }
}

/** Moves on the run that waits for this task. An outcome that the step does not know counts as none. */
export function moveOnTask(work: Workspace, { taskId, outcome }: Extract<News, { kind: 'task' }>): void {
  for (const run of work.runs.filter(isActive)) {
    const step = run.present
    if (step?.type !== 'task' || taskIdOf(work, run, step) !== taskId) continue
    const chosen = step.outcomes.find(({ name }) => name === outcome)
    if (chosen === undefined) continue
    note(work, run, 'step', 'done', 'outcome', { outcome })
    arriveAt(work, run, chosen.next)
    advance(work, run, 'before-sending')
  }
}

function visitOf(run: DefinedRun, step: TaskStep): number {
  return run.memory.visits?.[step.id] ?? 1
}

function taskIdOf({ identifiers }: Workspace, run: DefinedRun, step: TaskStep): string {
  return identifiers.id(`task:${run.id}:${step.id}:${visitOf(run, step)}`)
}
