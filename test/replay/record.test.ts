/**
 * Records what real workflows did, for the replay test to hold future code to. A recorded history is kept for ever.
 *
 *     PERENNIAL_RECORD=NAME npm test -- test/replay
 *
 * adds histories/NAME.*.json. Do it when a workflow learns something new, before the release that brings it.
 */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { customerWorkflowId } from '../../workflows/ids.ts'
import { erasedSignal } from '../../workflows/messages.ts'
import {
  addCustomer,
  arrive,
  happen,
  ledgerOf,
  order,
  type TestCustomer,
  until,
} from '../workflows/support/customers.ts'
import { createWorld, type World } from '../workflows/support/world.ts'
import { keepHistory, recordAs } from './support/keep-history.ts'

let world: World

beforeAll(async () => {
  if (recordAs) world = await createWorld()
})
afterAll(() => world?.close())

test.skipIf(!recordAs)('records the stories of some customers', async () => {
  const welcomed = await addCustomer(world)
  const buyer = await addCustomer(world)
  const busy = await addCustomer(world)
  const erased = await addCustomer(world)
  await world.withWorkers(async () => {
    for (const customer of [welcomed, buyer, erased]) await arrive(world, customer.id)
    for (const customer of [welcomed, buyer, erased]) await world.look(customer.id)
    await until('the buyer is welcomed', async () => (await ledgerOf(world, buyer.id))[0]?.status === 'sent')
    await order(world, buyer.id, 4_999)
    await world.look(buyer.id)
    await workflowOf(erased).signal(erasedSignal)

    // Two channels at once, a mail server that is away for a while, and looks at every moment.
    world.mail.behave({ refuseRecipient: { code: 451, text: '4.7.1 try later' } })
    for (const event of ['Text Wanted', 'Receipt Wanted', 'Offer Wanted']) {
      await happen(world, busy.id, event)
      await world.look(busy.id)
    }
    await until('two messages wait', async () => (await ledgerOf(world, busy.id)).length === 3)
    await world.look(busy.id)
    world.mail.behave({})
    for (const customer of [welcomed, buyer, busy, erased]) await workflowOf(customer).result()
  })
  for (const [story, customer] of Object.entries({ welcomed, buyer, busy, erased })) {
    expect(await keepHistory(story, workflowOf(customer))).toBeGreaterThan(10)
  }
})

const workflowOf = (customer: TestCustomer): ReturnType<World['client']['workflow']['getHandle']> =>
  world.client.workflow.getHandle(customerWorkflowId(customer.id))
