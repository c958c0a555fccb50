/** Records what real erasures did; see record.test.ts. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { erasureType, erasureWorkflowId, lifecycleQueue } from '../../workflows/ids.ts'
import { addCustomer, arrive, ledgerOf, type TestCustomer, until } from '../workflows/support/customers.ts'
import { createWorld, type World } from '../workflows/support/world.ts'
import { keepHistory, recordAs } from './support/keep-history.ts'

let world: World

beforeAll(async () => {
  if (recordAs) world = await createWorld()
})
afterAll(() => world?.close())

test.skipIf(!recordAs)('records an erasure at rest, and one that waits for a message that is leaving', async () => {
  const resting = await addCustomer(world)
  const busy = await addCustomer(world)
  const letGo = Promise.withResolvers<void>()
  world.mail.behave({ holdAnswer: () => letGo.promise })
  await world.withWorkers(async () => {
    await arrive(world, busy.id)
    await world.look(busy.id)
    await until('a message is leaving', async () => (await ledgerOf(world, busy.id))[0]?.status === 'transmitting')
    const erasures = await Promise.all([startErasure(resting), startErasure(busy)])
    await new Promise((resolve) => setTimeout(resolve, 3_000)) // Long enough that one of them has to wait.
    letGo.resolve()
    for (const [i, erasure] of erasures.entries()) {
      await erasure.result()
      expect(await keepHistory(i === 0 ? 'erasure-at-rest' : 'erasure-that-waits', erasure)).toBeGreaterThan(10)
    }
  })
})

function startErasure({ id: customerId }: TestCustomer) {
  return world.client.workflow.start(erasureType, {
    workflowId: erasureWorkflowId(customerId),
    taskQueue: lifecycleQueue,
    args: [{ erasureId: randomUUID(), customerId, requestedBy: 'test' }],
  })
}
