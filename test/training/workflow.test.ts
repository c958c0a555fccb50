/** A training as a workflow: what cannot be learned from fails with its reason, a cancelled one ends, one runs at a time. */

import { WorkflowFailedError } from '@temporalio/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTrainingStore, type TrainingStore } from '../../src/store/training-store.ts'
import { lifecycleQueue, modelTrainingType, modelTrainingWorkflowId } from '../../workflows/ids.ts'
import { createTrainingWorld, type TrainingWorld } from './support/training-world.ts'

let world: TrainingWorld
beforeAll(async () => {
  world = await createTrainingWorld()
  await world.importPast()
})
afterAll(() => world.close())

test('the first is put into use; a broken one fails with its reason, an empty one too, and both leave it in use', async () => {
  const sound = await world.withTrainers({}, async () => (await start()).result())
  expect(sound).toMatchObject({ promoted: true, customers: 400 })

  const store = createTrainingStore(world.database)
  const poisoned: Partial<TrainingStore> = {
    async histories(wanted) {
      const { histories, later } = await store.histories(wanted)
      return { histories: { ...histories, revenueCents: histories.revenueCents.fill(Number.NaN) }, later }
    },
  }
  await world.withTrainers(poisoned, async () => {
    await expect((await start()).result()).rejects.toThrow(WorkflowFailedError)
  })
  expect(await newest()).toMatchObject({ status: 'failed', reason: expect.stringMatching(/finite/) })

  await world.withTrainers({ histories: emptyAfterTheDraft(store) }, async () => {
    await expect((await start()).result()).rejects.toThrow(WorkflowFailedError)
  })
  expect(await newest()).toMatchObject({ status: 'failed', reason: expect.stringMatching(/window is empty/) })
  expect((await store.championModel('churn'))?.id).toBe((sound as { modelId: string }).modelId)
})

test('a cancelled one ends, says so, and the next one runs', async () => {
  const store = createTrainingStore(world.database)
  let reached = (): void => undefined
  const inFit = new Promise<void>((resolve) => (reached = resolve))
  const stuck: Partial<TrainingStore> = {
    loadModel(id) {
      reached()
      return new Promise((resolve) => setTimeout(() => resolve(store.loadModel(id)), 60_000).unref())
    },
  }
  await world.withTrainers(stuck, async () => {
    const workflow = await start()
    await inFit
    // One at a time: a second start is refused while it runs.
    await expect(start()).rejects.toThrow(/already/i)
    await workflow.cancel()
    await expect(workflow.result()).rejects.toThrow(WorkflowFailedError)
  })
  expect(await newest()).toMatchObject({ status: 'failed', reason: 'Cancelled.' })
  await world.withTrainers({}, async () => {
    expect(await (await start()).result()).toMatchObject({ promoted: false, customers: 400 })
  })
  expect(await newest()).toMatchObject({ status: 'rejected', reason: expect.stringMatching(/Not better by/) })
})

test('where lately nobody came back there is nothing to judge by: the model in use stays, and nothing fails', async () => {
  const store = createTrainingStore(world.database)
  const standing = await store.championModel('churn')
  let asked = 0
  const silent: Partial<TrainingStore> = {
    async histories(wanted) {
      const { histories, later } = await store.histories(wanted)
      return asked++ === 0
        ? { histories, later }
        : { histories, later: { ...later, purchases: later.purchases.fill(0) } }
    },
  }
  await world.withTrainers(silent, async () => {
    expect(await (await start()).result()).toMatchObject({ promoted: false })
  })
  expect(await newest()).toMatchObject({
    status: 'rejected',
    reason: expect.stringMatching(/to judge by: lately 0 came/),
  })
  expect(await store.championModel('churn')).toEqual(standing)
})

/** The draft asks for what to learn from and what to judge by; after that there is nobody. */
function emptyAfterTheDraft(store: TrainingStore): TrainingStore['histories'] {
  let asked = 0
  return (wanted) => store.histories(asked++ < 2 ? wanted : { ...wanted, customerIds: [] })
}

async function start() {
  const options = { workflowId: modelTrainingWorkflowId('churn'), taskQueue: lifecycleQueue, args: [{ kind: 'churn' }] }
  return world.temporal.client.workflow.start(modelTrainingType, options)
}

async function newest(): Promise<{ status: string; reason: string | null }> {
  const { rows } = await world.database.pool.query<{ status: string; reason: string | null }>(
    `SELECT status, metrics->>'reason' AS reason FROM models WHERE kind = 'churn' ORDER BY version DESC LIMIT 1`,
  )
  return rows[0] as { status: string; reason: string | null }
}
