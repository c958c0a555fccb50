/** A paused journey has a workflow, for whoever watches Temporal. The row is the truth, so an outage is no error. */

import { WorkflowNotFoundError } from '@temporalio/client'
import { journeyPauseType, journeyWorkflowId, lifecycleQueue } from '../../../workflows/ids.ts'
import { lookSignal } from '../../../workflows/messages.ts'
import type { AdminNeeds } from './admin-needs.ts'

const callTimeoutMs = 3_000

/** @returns whether Temporal shows it now. */
export async function showPause(
  { temporal }: Pick<AdminNeeds, 'temporal'>,
  journey: string,
  isPaused: boolean,
): Promise<boolean> {
  const workflowId = journeyWorkflowId(journey)
  try {
    await temporal.withDeadline(Date.now() + callTimeoutMs, async () => {
      if (!isPaused) return temporal.getHandle(workflowId).signal(lookSignal)
      await temporal.signalWithStart(journeyPauseType, {
        workflowId,
        taskQueue: lifecycleQueue,
        args: [{ journey }],
        signal: lookSignal,
        staticSummary: 'Paused journey',
      })
    })
    return true
  } catch (error) {
    // Nobody watched it: then there is nothing to show.
    return error instanceof WorkflowNotFoundError
  }
}
