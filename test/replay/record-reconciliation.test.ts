/** Records what a real reconciliation did; see record.test.ts. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { lifecycleQueue, reconciliationType } from '../../workflows/ids.ts'
import { addCustomer, arrive } from '../workflows/support/customers.ts'
import { startWorkerProcess } from '../workflows/support/worker-process.ts'
import { createWorld, type World } from '../workflows/support/world.ts'
import { keepHistory, recordAs } from './support/keep-history.ts'

let world: World

beforeAll(async () => {
  if (recordAs) world = await createWorld()
})
afterAll(() => world?.close())

test.skipIf(!recordAs)('records a reconciliation that finds somebody whom nobody was told of', async () => {
  const { id } = await addCustomer(world)
  await arrive(world, id)
  const worker = await startWorkerProcess(world)
  const once = await world.client.workflow.start(reconciliationType, {
    workflowId: `${reconciliationType}-once`,
    taskQueue: lifecycleQueue,
    args: [],
  })
  await once.result()
  expect(await keepHistory('found', once)).toBeGreaterThan(5)
  expect(await worker.stop()).toBe(0)
})
