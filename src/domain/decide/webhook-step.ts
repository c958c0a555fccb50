/** Asking for a call to somebody else's address. The journey goes on at once: who waits for an answer waits for an event. */

import type { WebhookStep } from '../steps.ts'
import type { Outcome } from './outcome.ts'
import { type DefinedRun, note, type Workspace } from './workspace.ts'

export function callWebhook(work: Workspace, run: DefinedRun, step: WebhookStep): Outcome {
  const visit = (run.memory.visits?.[step.id] ?? 1) - 1
  work.webhooks.push({
    id: work.identifiers.id(`webhook:${run.id}:${step.id}:${visit}`),
    journey: run.journey,
    version: run.version,
    step: step.id,
    entryNumber: run.entryNumber,
    visit,
    url: step.url,
    data: { ...run.memory.trigger, ...step.data },
  })
  note(work, run, 'step', 'done', 'webhook', { host: new URL(step.url).host })
  return { goTo: step.next }
}
