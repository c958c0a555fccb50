/** A shop, a namespace of its own, and workers that train on it as the product does. */

import { Worker } from '@temporalio/worker'
import { createTrainingActivities } from '../../../activities/training.ts'
import { readCdnow, sampleCustomers } from '../../../src/cli/demo/cdnow.ts'
import { historyOf } from '../../../src/cli/demo/history.ts'
import { importHistory } from '../../../src/intake/import-history.ts'
import { loadDefinitions } from '../../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { createIdentifiers } from '../../../src/store/identifiers.ts'
import { publishCampaigns } from '../../../src/store/publishing/publish-campaigns.ts'
import { createTrainingStore, type TrainingStore } from '../../../src/store/training-store.ts'
import { Vault } from '../../../src/store/vault.ts'
import { lifecycleQueue, trainingQueue } from '../../../workflows/ids.ts'
import { createTestDatabase } from '../../support/database.ts'
import { openNamespace, testBundle } from '../../workflows/support/world.ts'

const todayMs = Date.parse('1998-02-01T00:00:00Z')

export interface TrainingWorld {
  readonly database: Database
  readonly temporal: Awaited<ReturnType<typeof openNamespace>>
  /** Four hundred customers of CDNOW, up to the day that it is. */
  importPast(): Promise<void>
  /** One worker for the workflow and one for its steps, on a store of which some doors are exchanged. */
  withTrainers<T>(exchanged: Partial<TrainingStore>, work: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

export async function createTrainingWorld(): Promise<TrainingWorld> {
  const testDatabase = await createTestDatabase()
  const database = openDatabase(testDatabase.url)
  const vault = new Vault(Buffer.alloc(32, 7))
  await publishCampaigns(database, 'campaigns', 0)
  const temporal = await openNamespace()
  return {
    database,
    temporal,
    async importPast() {
      const past = historyOf(sampleCustomers(readCdnow(), 400).filter(({ atMs }) => atMs < todayMs))
      await importHistory(past, { database, vault, definitions: await loadDefinitions(database), nowMs: todayMs })
    },
    async withTrainers(exchanged, work) {
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
    },
    async close() {
      await temporal.disconnect()
      await database.close()
      await testDatabase.drop()
    },
  }
}
