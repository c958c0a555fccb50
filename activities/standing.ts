/** Where a customer stands and what comes next, in plain words for ops. No personal data. */

import type { Decision } from '../src/domain/decision.ts'
import { type Definitions, journeyVersionKey } from '../src/domain/definitions.ts'
import { sayDuration } from '../src/domain/duration.ts'
import type { RunFacts, Snapshot } from '../src/domain/snapshot.ts'
import type { Step } from '../src/domain/steps.ts'
import type { EpochMs } from '../src/domain/time.ts'
import type { LoadedSnapshot } from '../src/store/to-snapshot.ts'
import type { Standing } from './activity-types.ts'

type ActiveRun = Pick<RunFacts, 'id' | 'journey' | 'version' | 'step' | 'wakeAtMs' | 'memory'>

export function standingOf(
  { snapshot, segments }: Pick<LoadedSnapshot, 'snapshot' | 'segments'>,
  decision: Decision,
  definitions: Definitions,
): Standing {
  const { churn, clv } = snapshot.scores
  const runs = activeRuns(snapshot, decision)
  const next = nextRun(runs)
  return {
    stage: decision.move?.to ?? snapshot.customer.stage,
    ...(churn ? { churnRisk: Math.round(churn.value * 100) / 100 } : {}),
    ...(clv ? { lifetimeValue: Math.round(clv.value) } : {}),
    segments,
    journeys: [...new Set(runs.map((run) => run.journey))].sort(),
    ...(next ? { nextStep: inWords(next, definitions) } : {}),
  }
}

/** What happens at a moment at which somebody must look again. */
export function wakeReasonOf(
  atMs: EpochMs,
  { snapshot, openMessages }: LoadedSnapshot,
  decision: Decision,
  definitions: Definitions,
): string {
  const postponed = openMessages.find(({ notBeforeMs }) => notBeforeMs === atMs)
  if (postponed) return `Message may leave again · ${postponed.journey} › ${postponed.step}`
  const run = activeRuns(snapshot, decision).find(({ wakeAtMs }) => wakeAtMs === atMs)
  return run ? inWords(run, definitions) : 'The stage may change'
}

/** The runs as the decision leaves them. */
function activeRuns(snapshot: Snapshot, decision: Decision): readonly ActiveRun[] {
  const changed = new Map(decision.runs.map((run) => [run.id, run]))
  const unchanged = snapshot.runs.filter((run) => !changed.has(run.id))
  return [...unchanged, ...decision.runs.filter((run) => run.status === 'active')]
}

/** The one that moves first by itself, else one that waits for news. */
function nextRun(runs: readonly ActiveRun[]): ActiveRun | undefined {
  const whenMs = (run: ActiveRun): number => run.wakeAtMs ?? Number.POSITIVE_INFINITY
  return [...runs].sort((a, b) => whenMs(a) - whenMs(b))[0]
}

function inWords({ journey, version, step, memory }: ActiveRun, definitions: Definitions): string {
  const definition = definitions.journeys.get(journeyVersionKey(journey, version))?.stepById.get(step)
  const place = `${journey} › ${step}`
  return definition ? `${activityOf(definition, memory.postponedBy)} · ${place}` : place
}

function activityOf(step: Step, postponedBy: string | undefined): string {
  switch (step.type) {
    case 'message':
      return `${step.channel === 'sms' ? 'SMS' : 'Email'}${postponedBy === undefined ? '' : ` waits (${postponedBy})`}`
    case 'offer':
      return `Offer ${step.offer}`
    case 'delay':
      return step.forMs > 0 ? `Delay ${sayDuration(step.forMs)}` : 'Delay until a time of day'
    case 'wait-until':
      return `Wait until ${step.event ?? 'a condition holds'}`
    case 'time-window':
      return 'Time window'
    case 'task':
      return `Task: ${step.title}`
    case 'split':
    case 'multi-split':
    case 'experiment':
    case 'update-profile':
    case 'webhook':
    case 'go-to-journey':
    case 'exit':
      return `Step ${step.type}`
  }
}
