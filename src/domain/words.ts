/** Runs and steps in plain words, for whoever watches. No personal data. */

import type { Decision } from './decision.ts'
import { type Definitions, journeyVersionKey, type Step } from './definitions.ts'
import { sayDuration } from './duration.ts'
import type { Snapshot } from './snapshot.ts'
import type { EpochMs } from './time.ts'

/** "Delay 3 days", "Wait until Order Completed", "Email welcome-hello". */
export function sayStep(step: Step): string {
  switch (step.type) {
    case 'message':
      return `${step.channel === 'email' ? 'Email' : 'SMS'} ${step.template}`
    case 'offer':
      return `Offer ${step.offer}`
    case 'delay':
      return ['Delay', step.forMs > 0 ? sayDuration(step.forMs) : '', step.until === null ? '' : sayUntil(step.until)]
        .filter((part) => part !== '')
        .join(' ')
    case 'wait-until':
      return `Wait until ${step.event ?? 'a condition holds'}, at most ${sayDuration(step.timeoutMs)}`
    case 'time-window':
      return `Time window from ${sayTime(step.window.from)} to ${sayTime(step.window.to)}`
    case 'split':
      return 'True/false split'
    case 'multi-split':
      return 'Multi-split'
    case 'experiment':
      return 'Experiment'
    case 'exit':
      return 'Exit'
  }
}

export interface NextWake {
  readonly atMs: EpochMs
  /** "Delay 3 days · welcome › nudge". */
  readonly reason: string
}

/** What the next wake-up is for, once a decision is saved; null if only news can bring anything. */
export function nextWakeOf(snapshot: Snapshot, decision: Decision, definitions: Definitions): NextWake | null {
  if (decision.wakeAtMs === null) return null
  const changed = new Map(decision.runs.map((run) => [run.id, run]))
  const runs = [...snapshot.runs.filter((run) => !changed.has(run.id)), ...changed.values()]
  const first = runs.find((run) => run.wakeAtMs === decision.wakeAtMs)
  if (first === undefined) return { atMs: decision.wakeAtMs, reason: 'Lifecycle' }
  const step = definitions.journeys.get(journeyVersionKey(first.journey, first.version))?.stepById.get(first.step)
  const doing = step === undefined ? 'Step' : sayStep(step)
  return { atMs: decision.wakeAtMs, reason: `${doing} · ${first.journey} › ${first.step}` }
}

function sayUntil(minutes: number): string {
  return `until ${sayTime(minutes)}`
}

function sayTime(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
