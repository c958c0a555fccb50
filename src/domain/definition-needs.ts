/** What has to be loaded with a customer so that every condition of the definitions can be asked. */

import type { Condition } from './condition.ts'
import { type Needs, needsOf } from './conditions/needs.ts'
import type { Definitions, JourneyDefinition, LifecycleDefinition } from './definitions.ts'
import type { Step } from './steps.ts'

const known = new WeakMap<Definitions, Needs | undefined>()

/** For decisions: of the lifecycle, of all journeys that somebody may be in, of offers. Undefined: nothing more. */
export function needsOfDefinitions(definitions: Definitions): Needs | undefined {
  if (known.has(definitions)) return known.get(definitions)
  const journeys = new Set([...definitions.live, ...definitions.journeys.values()])
  const needs = needsOf([
    ...lifecycleConditions(definitions.lifecycle),
    ...[...journeys].flatMap(journeyConditions),
    ...[...definitions.offers.values()].flatMap((offer) => offer.if ?? []),
  ])
  known.set(definitions, needs)
  return needs
}

/** For stages alone. */
export function needsOfLifecycle(lifecycle: LifecycleDefinition): Needs | undefined {
  return needsOf(lifecycleConditions(lifecycle))
}

function lifecycleConditions({ stages }: LifecycleDefinition): readonly Condition[] {
  return stages.flatMap((rule) => rule.if ?? [])
}

function journeyConditions({ entry, goal, exit, steps }: JourneyDefinition): readonly Condition[] {
  const criteria = goal === null ? exit : [goal, ...exit]
  return [
    ...entry.flatMap((each) => each.if ?? []),
    ...criteria.flatMap((each) => (each.type === 'condition' ? [each.if] : [])),
    ...steps.flatMap(stepConditions),
  ]
}

function stepConditions(step: Step): readonly Condition[] {
  if (step.type === 'offer') return step.personal?.map((each) => each.if) ?? []
  if (step.type === 'multi-split') return step.branches.map((branch) => branch.if)
  return step.type === 'split' || step.type === 'wait-until' ? (step.if === null ? [] : [step.if]) : []
}
