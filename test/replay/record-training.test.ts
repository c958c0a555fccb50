/** Records what real trainings did; see record.test.ts. */

import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTrainingActivities } from '../../activities/training.ts'
import { readCdnow, sampleCustomers } from '../../src/cli/demo/cdnow.ts'
import { historyOf } from '../../src/cli/demo/history.ts'
import type { ModelKind } from '../../src/domain/model-kind.ts'
import { importHistory } from '../../src/intake/import-history.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createIdentifiers } from '../../src/store/identifiers.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { createTrainingStore } from '../../src/store/training-store.ts'
import { Vault } from '../../src/store/vault.ts'
import { lifecycleQueue, modelTrainingType, modelTrainingWorkflowId, trainingQueue } from '../../workflows/ids.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openNamespace, testBundle } from '../workflows/support/world.ts'
import { keepHistory, recordAs } from './support/keep-history.ts'

const vault = new Vault(Buffer.alloc(32, 7))
const todayMs = Date.parse('1998-02-01T00:00:00Z')
let testDatabase: TestDatabase
let database: Database
let temporal: Awaited<ReturnType<typeof openNamespace>>

beforeAll(async () => {
  if (!recordAs) return
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
  await publishCampaigns(database, 'campaigns', 0)
  temporal = await openNamespace()
})
afterAll(async () => {
  if (!recordAs) return
  await temporal.disconnect()
  await database.close()
  await testDatabase.drop()
})

test.skipIf(!recordAs)('records a training with too little data, and then trainings of both kinds', async () => {
  await withTrainers(async () => {
    expect(await recordTraining('too-little', 'churn')).toBeGreaterThan(10)
    const past = historyOf(sampleCustomers(readCdnow(), 400).filter(({ atMs }) => atMs < todayMs))
    const definitions = await loadDefinitions(database)
    await importHistory(past, { database, vault, definitions, nowMs: todayMs })
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
  const workflow = await temporal.client.workflow.start(modelTrainingType, options)
  await workflow.result()
  return keepHistory(story, workflow)
}

/** One worker for the workflow and one for its steps, as in the product. */
async function withTrainers(work: () => Promise<void>): Promise<void> {
  const { connection, namespace } = temporal
  const activities = createTrainingActivities({
    store: createTrainingStore(database),
    definitions: { get: () => loadDefinitions(database) },
    clock: { nowMs: () => todayMs, realMsUntil: () => 0, speed: 1 },
    idFor: createIdentifiers(vault, 'models').id,
    codeVersion: () => 'recorded',
  })
  const workers = await Promise.all([
    Worker.create({ connection, namespace, taskQueue: lifecycleQueue, workflowBundle: await testBundle() }),
    Worker.create({ connection, namespace, taskQueue: trainingQueue, activities }),
  ])
  const running = workers.map((worker) => worker.run())
  try {
    await work()
  } finally {
    for (const worker of workers) worker.shutdown()
    await Promise.all(running)
  }
}
