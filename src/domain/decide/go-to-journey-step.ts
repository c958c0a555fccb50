/** From one journey into another. */

import type { GoToJourneyStep } from '../steps.ts'
import { enter } from './enter.ts'
import type { Outcome } from './outcome.ts'
import { type DefinedRun, endRun, note, type Workspace } from './workspace.ts'

/**
 * Completes the run, then enters the other journey as any entry would: its re-entry rule, goal and exit criteria count.
 * What started this run is what starts the other one. Journeys that lead to each other in no time go round once only.
 */
export function goToJourney(work: Workspace, run: DefinedRun, step: GoToJourneyStep): Outcome {
  const journey = work.definitions.live.find((each) => each.key === step.journey)
  note(work, run, 'step', journey === undefined ? 'skipped' : 'done', 'go-to-journey', { journey: step.journey })
  endRun(work, run, 'completed', 'end', `went on to ${step.journey}`)
  const wasHere = work.runs.some((each) => each.journey === step.journey && each.saved === undefined)
  if (journey === undefined || wasHere) return { goTo: null }
  const trigger = run.memory.trigger
  enter(work, journey, { type: 'journey', if: null }, trigger && { name: run.journey, properties: trigger })
  return { goTo: null }
}
