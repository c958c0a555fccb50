/** Records what a real crowd did; see record.test.ts. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { crowdWorkflowId } from '../../workflows/ids.ts'
import { pauseSignal, progressQuery, resumeSignal } from '../../workflows/messages.ts'
import { addCrowd, enterCrowd, lookAtCrowd } from '../workflows/support/crowds.ts'
import { until } from '../workflows/support/customers.ts'
import { createWorld, type World } from '../workflows/support/world.ts'
import { keepHistory, recordAs } from './support/keep-history.ts'

let world: World

beforeAll(async () => {
  if (recordAs) world = await createWorld({ speed: 3_600 })
})
afterAll(() => world?.close())

test.skipIf(!recordAs)('records a walk that is slowed down, paused and told to look again', async () => {
  const crowd = () => world.client.workflow.getHandle(crowdWorkflowId)
  await enterCrowd(world, await addCrowd(world, 60), 'letters')
  await world.withWorkers(async () => {
    await lookAtCrowd(world, { customersPerSecond: 20 })
    await until('a page is done', async () => (await crowd().query(progressQuery)).done >= 20)
    await crowd().signal(pauseSignal)
    await lookAtCrowd(world)
    await crowd().signal(resumeSignal)
    await crowd().result()
  })
  expect(await keepHistory('walk', crowd())).toBeGreaterThan(10)
})
