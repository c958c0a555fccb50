/** Giving a customer one of the variants of an experiment. */

import { experimentKey } from '../definitions.ts'
import { shareOf } from '../hash.ts'
import type { ExperimentStep, Variant } from '../steps.ts'
import type { Outcome } from './outcome.ts'
import { type DefinedRun, note, type Workspace } from './workspace.ts'

/**
 * The variant that the customer has already, else one by hash. An assignment is written down, so that it stays when
 * shares are changed by a marketer or by what was learned.
 */
export function assignVariant(work: Workspace, run: DefinedRun, step: ExperimentStep): Outcome {
  const experiment = experimentKey(run.journey, step.id)
  const before = formerVariant(work, experiment)
  const known = before === undefined ? undefined : step.variants.find((variant) => variant.name === before)
  const variant = known ?? chosenVariant(work, run, step)
  if (known === undefined && variant !== undefined) work.assignments.push({ experiment, variant: variant.name })
  note(work, run, 'step', 'done', variant?.isHoldOut ? 'hold-out' : 'variant', { variant: variant?.name ?? null })
  return { goTo: variant?.next ?? null }
}

function formerVariant({ snapshot, assignments }: Workspace, experiment: string): string | undefined {
  const here = assignments.find((each) => each.experiment === experiment)
  if (here !== undefined) return here.variant
  const { assignments: known } = snapshot
  return known !== undefined && Object.hasOwn(known, experiment) ? known[experiment] : undefined
}

function chosenVariant(work: Workspace, run: DefinedRun, step: ExperimentStep): Variant | undefined {
  const shares = sharesOf(work, step, experimentKey(run.journey, step.id))
  let left = shareOf(work.snapshot.customer.id, `experiment:${run.journey}:${step.id}`)
  return step.variants.find((_, i) => (left -= shares[i] ?? 0) < 0) ?? step.variants.at(-1)
}

/** What was learned moves the shares of the variants; the hold-out keeps its own, or there would be nothing to compare. */
function sharesOf({ definitions }: Workspace, step: ExperimentStep, experiment: string): readonly number[] {
  const fixed = step.variants.map((variant) => variant.share)
  const learned = step.allocation === 'thompson' ? definitions.allocations?.get(experiment) : undefined
  if (learned === undefined) return fixed
  const free = step.variants.map((variant) => (variant.isHoldOut ? 0 : Math.max(0, learned[variant.name] ?? 0)))
  const total = sum(free)
  if (!(total > 0)) return fixed
  const rest = 1 - sum(step.variants.map((variant) => (variant.isHoldOut ? variant.share : 0)))
  return step.variants.map((variant, i) => (variant.isHoldOut ? variant.share : (rest * (free[i] ?? 0)) / total))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
