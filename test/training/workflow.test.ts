/** A training as a workflow: what cannot be learned from fails with its reason, a cancelled one ends, one runs at a time. */

import { WorkflowFailedError } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTrainingActivities } from '../../activities/training.ts'
import { readCdnow, sampleCustomers } from '../../src/cli/demo/cdnow.ts'
import { historyOf } from '../../src/cli/demo/history.ts'
import { importHistory } from '../../src/intake/import-history.ts'
import { loadDefinitions } from '../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createIdentifiers } from '../../src/store/identifiers.ts'
import { publishCampaigns } from '../../src/store/publishing/publish-campaigns.ts'
import { createTrainingStore, type TrainingStore } from '../../src/store/training-store.ts'
import { Vault } from '../../src/store/vault.ts'
import { lifecycleQueue, modelTrainingType, modelTrainingWorkflowId, trainingQueue } from '../../workflows/ids.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openNamespace, testBundle } from '../workflows/support/world.ts'

const vault = new Vault(Buffer.alloc(32, 7))
const todayMs = Date.parse('1998-02-01T00:00:00Z')
let testDatabase: TestDatabase
let database: Database
let temporal: Awaited<ReturnType<typeof openNamespace>>

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
  await publishCampaigns(database, 'campaigns', 0)
  temporal = await openNamespace()
  const past = historyOf(sampleCustomers(readCdnow(), 400).filter(({ atMs }) => atMs < todayMs))
  await importHistory(past, { database, vault, definitions: await loadDefinitions(database), nowMs: todayMs })
})
afterAll(async () => {
  await temporal.disconnect()
  await database.close()
  await testDatabase.drop()
})

test('the first is put into use; a broken one fails with its reason, an empty one too, and both leave it in use', async () => {
  const sound = await withTrainers({}, async () => (await start()).result())
  expect(sound).toMatchObject({ promoted: true, customers: 400 })

  const store = createTrainingStore(database)
  const poisoned: Partial<TrainingStore> = {
    async histories(wanted) {
      const { histories, later } = await store.histories(wanted)
      return { histories: { ...histories, revenueCents: histories.revenueCents.fill(Number.NaN) }, later }
    },
  }
  await withTrainers(poisoned, async () => {
    await expect((await start()).result()).rejects.toThrow(WorkflowFailedError)
  })
  expect(await newest()).toMatchObject({ status: 'failed', reason: expect.stringMatching(/finite/) })

  await withTrainers({ histories: emptyAfterTheDraft(store) }, async () => {
    await expect((await start()).result()).rejects.toThrow(WorkflowFailedError)
  })
  expect(await newest()).toMatchObject({ status: 'failed', reason: expect.stringMatching(/window is empty/) })
  expect((await store.championModel('churn'))?.id).toBe((sound as { modelId: string }).modelId)
})

test('a cancelled one ends, says so, and the next one runs', async () => {
  const store = createTrainingStore(database)
  let reached = (): void => undefined
  const inFit = new Promise<void>((resolve) => (reached = resolve))
  const stuck: Partial<TrainingStore> = {
    loadModel(id) {
      reached()
      return new Promise((resolve) => setTimeout(() => resolve(store.loadModel(id)), 60_000).unref())
    },
  }
  await withTrainers(stuck, async () => {
    const workflow = await start()
    await inFit
    // One at a time: a second start is refused while it runs.
    await expect(start()).rejects.toThrow(/already/i)
    await workflow.cancel()
    await expect(workflow.result()).rejects.toThrow(WorkflowFailedError)
  })
  expect(await newest()).toMatchObject({ status: 'failed', reason: 'Cancelled.' })
  await withTrainers({}, async () => {
    expect(await (await start()).result()).toMatchObject({ promoted: false, customers: 400 })
  })
  expect(await newest()).toMatchObject({ status: 'rejected', reason: expect.stringMatching(/Not better by/) })
})

/** Histories for the draft, and none for what comes after it. */
function emptyAfterTheDraft(store: TrainingStore): TrainingStore['histories'] {
  let asked = 0
  return (wanted) => store.histories(asked++ === 0 ? wanted : { ...wanted, customerIds: [] })
}

async function start() {
  const options = { workflowId: modelTrainingWorkflowId('churn'), taskQueue: lifecycleQueue, args: [{ kind: 'churn' }] }
  return temporal.client.workflow.start(modelTrainingType, options)
}

async function newest(): Promise<{ status: string; reason: string | null }> {
  const { rows } = await database.pool.query<{ status: string; reason: string | null }>(
    `SELECT status, metrics->>'reason' AS reason FROM models WHERE kind = 'churn' ORDER BY version DESC LIMIT 1`,
  )
  return rows[0] as { status: string; reason: string | null }
}

/** One worker for the workflow and one for its steps, as in the product, on a store of which some doors are exchanged. */
async function withTrainers<T>(exchanged: Partial<TrainingStore>, work: () => Promise<T>): Promise<T> {
  const { connection, namespace } = temporal
  const activities = createTrainingActivities({
    store: { ...createTrainingStore(database), ...exchanged },
    definitions: { get: () => loadDefinitions(database) },
    clock: { nowMs: () => todayMs, realMsUntil: () => 0, speed: 1 },
    idFor: createIdentifiers(vault, 'models').id,
    codeVersion: () => 'test',
  })
  const workers = await Promise.all([
    Worker.create({ connection, namespace, taskQueue: lifecycleQueue, workflowBundle: await testBundle() }),
    Worker.create({ connection, namespace, taskQueue: trainingQueue, activities }),
  ])
  const running = workers.map((worker) => worker.run())
  try {
    return await work()
  } finally {
    for (const worker of workers) worker.shutdown()
    await Promise.all(running)
  }
}
