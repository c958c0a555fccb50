/** Writing down what a journey has learned of a customer. */

import type { TraitValue } from '../snapshot.ts'
import type { UpdateProfileStep } from '../steps.ts'
import type { Outcome } from './outcome.ts'
import { type DefinedRun, note, type Workspace } from './workspace.ts'

/** Everything after it, in this run and in others, sees the customer with the new traits. */
export function updateProfile(work: Workspace, run: DefinedRun, step: UpdateProfileStep): Outcome {
  const { customer } = work.view
  work.traits = { ...work.traits, ...step.set }
  work.view = { ...work.view, customer: { ...customer, traits: withTraits(customer.traits, step.set) } }
  note(work, run, 'step', 'done', 'profile', { traits: Object.keys(step.set) })
  return { goTo: step.next }
}

function withTraits(
  traits: Readonly<Record<string, TraitValue>>,
  set: Readonly<Record<string, TraitValue>>,
): Readonly<Record<string, TraitValue>> {
  const entries = Object.entries({ ...traits, ...set })
  return Object.fromEntries(entries.filter(([name, value]) => value !== null || !Object.hasOwn(set, name)))
}
