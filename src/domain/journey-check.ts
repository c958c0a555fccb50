/** What a schema cannot see of a journey: ids, targets, steps that nobody reaches, loops that never wait. */

import { endTarget, type StepDocument } from './step-schema.ts'

export interface StepProblem {
  /** From the list of steps. */
  readonly path: readonly (string | number)[]
  readonly rule: string
}

/** Where a step may lead; `instant` if it may do so in the same moment in which it was reached. */
interface Edge {
  readonly to: string
  readonly instant: boolean
  /** Of the field that names the target; without one the target is the step below. */
  readonly path?: readonly (string | number)[]
}

/** All problems of a list of steps, in its order. */
export function checkSteps(steps: readonly StepDocument[]): readonly StepProblem[] {
  const twice = idsGivenTwice(steps)
  if (twice.length > 0) return twice // Everything else would speak of the wrong steps.
  const edges = steps.map((step, i) => edgesOf(step, steps[i + 1]?.id ?? endTarget))
  const unknown = unknownTargets(steps, edges)
  if (unknown.length > 0) return unknown
  return [...unreachable(steps, edges), ...restlessLoops(steps, edges), ...couponsFromNowhere(steps)]
}

function idsGivenTwice(steps: readonly StepDocument[]): StepProblem[] {
  const ids = steps.map((step) => step.id)
  return ids.flatMap((id, i) =>
    ids.indexOf(id) === i ? [] : [{ path: [i, 'id'], rule: 'must be the id of one step only' }],
  )
}

function edgesOf(step: StepDocument, following: string): readonly Edge[] {
  if (step.type === 'exit' || step.type === 'go-to-journey') return []
  const named = (target: string | undefined, instant: boolean, ...path: (string | number)[]): Edge =>
    target === undefined ? { ...onward, instant } : { to: target, instant, path }
  const onward: Edge =
    step.next === undefined ? { to: following, instant: true } : { to: step.next, instant: true, path: ['next'] }
  switch (step.type) {
    case 'email':
    case 'sms':
      return [onward, named(step.if_refused, true, 'if_refused')]
    case 'time-window':
    case 'update-profile':
    case 'webhook':
      return [onward]
    case 'task':
      return [
        ...step.outcomes.map((outcome, i) => ({ ...named(outcome.next, false, 'outcomes', i, 'next') })),
        named(step.on_timeout, false, 'on_timeout'),
      ]
    case 'survey':
      return [
        { ...onward, instant: false },
        named(step.on_timeout, false, 'on_timeout'),
        named(step.if_refused, true, 'if_refused'),
      ]
    case 'offer':
      return [onward, named(step.if_refused, true, 'if_refused')]
    case 'delay':
      return [{ ...onward, instant: step.for === undefined }]
    case 'wait-until':
      return [{ ...onward, instant: step.if !== undefined }, named(step.on_timeout, false, 'on_timeout')]
    case 'split':
      return [named(step.if_true, true, 'if_true'), named(step.if_false, true, 'if_false')]
    case 'multi-split':
      return [onward, ...step.branches.map((branch, i) => named(branch.next, true, 'branches', i, 'next'))]
    case 'experiment':
      return step.variants.map((variant, i) => named(variant.next ?? endTarget, true, 'variants', i, 'next'))
  }
}

function unknownTargets(steps: readonly StepDocument[], edges: readonly (readonly Edge[])[]): StepProblem[] {
  const known = new Set([endTarget, ...steps.map((step) => step.id)])
  const rule = `must be the id of a step or "${endTarget}"; known are ${[...known].join(', ')}`
  return edges.flatMap((leaving, i) =>
    leaving.flatMap(({ to, path }) => (path === undefined || known.has(to) ? [] : [{ path: [i, ...path], rule }])),
  )
}

function unreachable(steps: readonly StepDocument[], edges: readonly (readonly Edge[])[]): StepProblem[] {
  const reached = new Set<string>()
  const toVisit = steps.slice(0, 1).map((step) => step.id)
  const edgesById = new Map(steps.map((step, i) => [step.id, edges[i] ?? []]))
  for (let id = toVisit.pop(); id !== undefined; id = toVisit.pop()) {
    if (reached.has(id)) continue
    reached.add(id)
    for (const { to } of edgesById.get(id) ?? []) toVisit.push(to)
  }
  return steps.flatMap(({ id }, i) =>
    reached.has(id) ? [] : [{ path: [i, 'id'], rule: 'is never reached: no step leads here' }],
  )
}

/** Loops that a run could go round in no time: reported once, at the step that closes the loop. */
function restlessLoops(steps: readonly StepDocument[], edges: readonly (readonly Edge[])[]): StepProblem[] {
  const indexById = new Map(steps.map((step, i) => [step.id, i]))
  const state: ('open' | 'done' | undefined)[] = []
  const problems: StepProblem[] = []
  const visit = (i: number): void => {
    state[i] = 'open'
    for (const { to, instant, path } of edges[i] ?? []) {
      const target = instant ? indexById.get(to) : undefined
      if (target === undefined) continue
      if (state[target] === 'open') {
        problems.push({
          path: [i, ...(path ?? ['id'])],
          rule: `closes a loop through "${to}" that never waits; put a delay into it`,
        })
      } else if (state[target] === undefined) visit(target)
    }
    state[i] = 'done'
  }
  steps.forEach((_, i) => state[i] === undefined && visit(i))
  return problems
}

function couponsFromNowhere(steps: readonly StepDocument[]): StepProblem[] {
  const issued = new Set(steps.flatMap((step) => (step.type === 'offer' ? [step.offer] : [])))
  return steps.flatMap((step, i) => {
    if (
      (step.type !== 'email' && step.type !== 'sms' && step.type !== 'survey') ||
      step.offer === undefined ||
      issued.has(step.offer)
    )
      return []
    return [{ path: [i, 'offer'], rule: 'is issued by no step of type offer in this journey' }]
  })
}
