/** Which of all that happens may matter to a decision: everything else need not wake anybody. */

import { type Condition, factsOf } from './condition.ts'
import type { Criterion, Definitions, JourneyDefinition } from './definitions.ts'
import { segmentsIn } from './segment-needs.ts'
import type { Step } from './steps.ts'

/** Events that change what conditions on orders and on the lifecycle see, whatever journeys there are. */
const orderEvents = ['Order Completed', 'Order Refunded', 'Order Cancelled', 'Order Updated']

/** The names of events that entries, waits, goals, exit criteria or the lifecycle care about. */
export function interestingEvents(definitions: Definitions): ReadonlySet<string> {
  const names = new Set(orderEvents)
  for (const journey of definitions.live) {
    for (const entry of journey.entry) if (entry.type === 'event') names.add(entry.event)
  }
  for (const journey of definitions.journeys.values()) {
    for (const criterion of criteriaOf(journey)) if (criterion.type === 'event') names.add(criterion.event)
    for (const step of journey.steps) if (step.type === 'wait-until' && step.event !== null) names.add(step.event)
  }
  for (const name of awaitedFacts(definitions, 'event.')) names.add(name)
  return names
}

/**
 * The names of traits whose change may move a customer, `computed.KEY` of those computed by rule: news of the kind
 * `profile` is for these.
 */
export function interestingTraits(definitions: Definitions): ReadonlySet<string> {
  const computed = awaitedFacts(definitions, 'computed.').map((key) => `computed.${key}`)
  return new Set([...awaitedFacts(definitions, 'trait.'), ...computed])
}

/** What follows the prefix in the names of facts that a condition waits for. */
function awaitedFacts(definitions: Definitions, prefix: string): readonly string[] {
  const facts = awaitedConditions(definitions)
    .flatMap(factsOf)
    .filter((fact) => fact.startsWith(prefix))
  return facts.map((fact) => fact.slice(prefix.length))
}

/**
 * The keys of segments that customers' workflows want to be told about: news of the kind `segment` is for these. Entries
 * count for the newest version of a journey, what somebody may be waiting for counts for every version.
 */
export function interestingSegments(definitions: Definitions): ReadonlySet<string> {
  const entries = definitions.live.flatMap(({ entry }) => entry)
  const entered = entries.flatMap((entry) => (entry.type === 'segment' ? [entry.segment] : []))
  return new Set([...entered, ...awaitedConditions(definitions).flatMap(segmentsIn)])
}

/** For whom a change of an RFM score, which comes with the days and without an event, means something. */
export interface RfmWaits {
  /** The lifecycle asks: for everybody. */
  readonly ofLifecycle: boolean
  /** For those whose run of that version is active, at that step; null: at any. */
  readonly ofRuns: readonly { readonly journey: string; readonly version: string; readonly step: string | null }[]
}

export function rfmWaits(definitions: Definitions): RfmWaits {
  return {
    ofLifecycle: lifecycleConditions(definitions).some(asksRfm),
    ofRuns: [...definitions.journeys.values()].flatMap((journey): RfmWaits['ofRuns'] => {
      const { key, version } = journey
      if (criterionConditions(journey).some(asksRfm)) return [{ journey: key, version, step: null }]
      const steps = journey.steps.filter((step) => awaitedBy(step).some(asksRfm))
      return steps.map(({ id }) => ({ journey: key, version, step: id }))
    }),
  }
}

function asksRfm(condition: Condition): boolean {
  return factsOf(condition).some((fact) => fact.startsWith('score.rfm_'))
}

/** The conditions that can move a customer without an event. */
function awaitedConditions(definitions: Definitions): readonly Condition[] {
  return [
    ...lifecycleConditions(definitions),
    ...[...definitions.journeys.values()].flatMap((journey) => [
      ...criterionConditions(journey),
      ...journey.steps.flatMap(awaitedBy),
    ]),
  ]
}

function lifecycleConditions({ lifecycle }: Definitions): readonly Condition[] {
  return lifecycle.stages.flatMap((rule) => rule.if ?? [])
}

function criterionConditions(journey: JourneyDefinition): readonly Condition[] {
  return criteriaOf(journey).flatMap((criterion) => (criterion.type === 'condition' ? [criterion.if] : []))
}

function criteriaOf({ goal, exit }: JourneyDefinition): readonly Criterion[] {
  return goal === null ? exit : [goal, ...exit]
}

/** Only what a step waits for; a split asks once, when it is reached. */
function awaitedBy(step: Step): readonly Condition[] {
  return step.type === 'wait-until' && step.if !== null ? [step.if] : []
}
