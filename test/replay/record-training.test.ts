/** Records what real trainings did; see record.test.ts. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ModelKind } from '../../src/domain/model-kind.ts'
import { lifecycleQueue, modelTrainingType, modelTrainingWorkflowId } from '../../workflows/ids.ts'
import { createTrainingWorld, type TrainingWorld } from '../training/support/training-world.ts'
import { keepHistory, recordAs } from './support/keep-history.ts'

let world: TrainingWorld
beforeAll(async () => {
  if (recordAs) world = await createTrainingWorld()
})
afterAll(() => world?.close())

test.skipIf(!recordAs)('records a training with too little data, and then trainings of both kinds', async () => {
  await world.withTrainers({}, async () => {
    expect(await recordTraining('too-little', 'churn')).toBeGreaterThan(10)
    await world.importPast()
    expect(await recordTraining('churn', 'churn')).toBeGreaterThan(10)
    expect(await recordTraining('value', 'clv')).toBeGreaterThan(10)
    expect(await recordTraining('care', 'churn', 'care')).toBeGreaterThan(10)
  })
})

/** @returns how many events its history has. */
async function recordTraining(story: string, kind: ModelKind, task?: 'care'): Promise<number> {
  const options = {
    workflowId: modelTrainingWorkflowId(kind),
    taskQueue: lifecycleQueue,
    args: [{ kind, ...(task === undefined ? {} : { task }) }],
  }
  const workflow = await world.temporal.client.workflow.start(modelTrainingType, options)
  await workflow.result()
  return keepHistory(story, workflow)
}
