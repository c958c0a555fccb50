/** The schedules on which models are trained: Temporal keeps them, this only says what they should be. */

import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client'
import type { ModelKind } from '../activities/training-types.ts'
import { dayMs, secondMs } from '../src/domain/time.ts'
import { lifecycleQueue, modelTrainingType, modelTrainingWorkflowId } from '../workflows/ids.ts'

const kinds: readonly ModelKind[] = ['churn', 'clv']

/** Of the product's time. A week of orders is what a model gains or loses little by. */
const everyMs = 7 * dayMs

/** However fast virtual time runs, real processors need a rest between two trainings. */
const shortestRealMs = 30 * secondMs

/** Makes the schedules that are missing. One that ops have changed or paused stays as they left it. */
export async function ensureTrainingSchedules(client: Client, clockSpeed: number): Promise<void> {
  for (const kind of kinds) {
    try {
      await client.schedule.create({
        scheduleId: modelTrainingWorkflowId(kind),
        spec: { intervals: [{ every: Math.max(shortestRealMs, Math.round(everyMs / clockSpeed)) }] },
        policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' },
        action: {
          type: 'startWorkflow',
          workflowType: modelTrainingType,
          workflowId: modelTrainingWorkflowId(kind),
          taskQueue: lifecycleQueue,
          args: [{ kind }],
          staticSummary: `Training · ${kind}`,
        },
      })
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error
    }
  }
}
