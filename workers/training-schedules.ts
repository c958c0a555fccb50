/** The schedules on which models are trained: Temporal keeps them, this only says what they should be. */

import { type Client, ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client'
import { type ModelKind, modelKinds, scoreKinds } from '../src/domain/model-kind.ts'
import { dayMs, hourMs, secondMs } from '../src/domain/time.ts'
import { lifecycleQueue, modelCareScheduleId, modelTrainingType, modelTrainingWorkflowId } from '../workflows/ids.ts'

/** Of the product's time. A week of orders is what a model gains or loses little by. */
const everyMs = 7 * dayMs

/** However fast virtual time runs, real processors need a rest between two trainings. */
const shortestRealMs = 30 * secondMs

/** Where time flies, only what moves customers is learned. */
const kindsInHaste: readonly ModelKind[] = ['churn', 'clv']

/** Scores, and which offer moves whom most: as of today. */
const daily: readonly ModelKind[] = [...scoreKinds, 'uplift']

/** Makes the schedules that are missing. One that ops have changed or paused stays as they left it. */
export async function ensureTrainingSchedules(client: Client, clockSpeed: number): Promise<void> {
  const inHaste = clockSpeed !== 1
  for (const [i, kind] of (inHaste ? kindsInHaste : modelKinds).entries()) {
    const every = Math.max(shortestRealMs, Math.round(everyMs / clockSpeed))
    // One after the other, in the small hours of different days.
    const offset = inHaste ? 0 : (i % 7) * dayMs + (2 + Math.floor(i / 7)) * hourMs
    await ensure(client, modelTrainingWorkflowId(kind), { every, offset }, kind, 'train')
  }
  if (inHaste) return
  for (const [i, kind] of daily.entries()) {
    await ensure(client, modelCareScheduleId(kind), { every: dayMs, offset: (4 + i) * hourMs }, kind, 'care')
  }
}

async function ensure(
  client: Client,
  scheduleId: string,
  interval: { readonly every: number; readonly offset: number },
  kind: ModelKind,
  task: 'train' | 'care',
): Promise<void> {
  const options: ScheduleOptions = {
    scheduleId,
    spec: { intervals: [interval] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 hour' },
    action: {
      type: 'startWorkflow',
      workflowType: modelTrainingType,
      workflowId: scheduleId,
      taskQueue: lifecycleQueue,
      args: [{ kind, ...(task === 'train' ? {} : { task }) }],
      staticSummary: `${task === 'train' ? 'Training' : 'Scores and drift'} · ${kind}`,
    },
  }
  try {
    await client.schedule.create(options)
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error
  }
}
