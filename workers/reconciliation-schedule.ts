/** The schedule on which what is due is held against the open workflows: Temporal keeps it. */

import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client'
import { minuteMs } from '../src/domain/time.ts'
import { lifecycleQueue, reconciliationType } from '../workflows/ids.ts'

/** Real time. What the sweep and the nudger do by themselves in seconds is by then done. */
const everyMs = 5 * minuteMs

/** Makes it if it is missing. One that ops have changed or paused stays as they left it. */
export async function ensureReconciliationSchedule(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: reconciliationType,
      spec: { intervals: [{ every: everyMs }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 minute' },
      action: {
        type: 'startWorkflow',
        workflowType: reconciliationType,
        workflowId: reconciliationType,
        taskQueue: lifecycleQueue,
        args: [],
        staticSummary: 'Reconciliation',
      },
    })
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
  }
}
