/**
 * Runs that follow a version whose successor took it away from them. Publishing moves or ends all runs that it finds; this
 * is for whoever entered the former version at that very moment, or came back by a merge that was undone.
 */

import { type JourneyDefinition, journeyVersionKey } from '../definitions.ts'
import { fateOf, movedMemory, replacedReason } from '../in-flight.ts'
import { byPriority, endRun, note, type Run, type Workspace } from './workspace.ts'

export function followSuccessions(work: Workspace): void {
  const { successions, journeys } = work.definitions
  if (successions === undefined) return
  for (const run of work.runs) {
    const succession = successions.get(run.journey)
    if (succession === undefined || succession.version === run.version) continue
    const next = journeys.get(journeyVersionKey(run.journey, succession.version))
    if (next === undefined) continue
    const fate = fateOf(succession.inFlight, run.definition, run.step, next)
    if (fate.becomes === 'exits') endRun(work, run, 'exited', 'version-replaced', replacedReason)
    if (fate.becomes === 'moves') move(work, run, next, fate)
  }
  work.runs.sort(byPriority)
}

function move(
  work: Workspace,
  run: Run,
  next: JourneyDefinition,
  { to, keepsWait }: { readonly to: string; readonly keepsWait: boolean },
): void {
  note(work, run, 'step', 'done', 'moved', { to })
  run.version = next.version
  run.definition = next
  run.present = next.stepById.get(to)
  if (keepsWait) return
  run.memory = movedMemory(run.memory, to)
  run.step = to
  run.stepSinceMs = work.nowMs
}
