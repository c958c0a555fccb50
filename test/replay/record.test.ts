/**
 * Records what real workflows did, for the replay test to hold future code to. A recorded history is kept for ever.
 *
 *     PERENNIAL_RECORD=NAME npm test -- test/replay/record.test.ts
 *
 * adds histories/NAME.*.json. Do it when a workflow learns something new, before the release that brings it.
 */

import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { customerWorkflowId } from '../../workflows/ids.ts'
import { erasedSignal } from '../../workflows/messages.ts'
import { historyToPlain } from '../support/histories.ts'
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

const name = process.env['PERENNIAL_RECORD']
let world: World

beforeAll(async () => {
  if (name) world = await createWorld()
})
afterAll(() => world?.close())

test.skipIf(!name)('records the stories of some customers', async () => {
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
    expect(await keep(story, customer)).toBeGreaterThan(10)
  }
})

const workflowOf = (customer: TestCustomer): ReturnType<World['client']['workflow']['getHandle']> =>
  world.client.workflow.getHandle(customerWorkflowId(customer.id))

/** @returns how many events it has. */
async function keep(story: string, customer: TestCustomer): Promise<number> {
  const history = historyToPlain(await workflowOf(customer).fetchHistory())
  const path = fileURLToPath(new URL(`histories/${name}.${story}.json`, import.meta.url))
  writeFileSync(path, `${JSON.stringify(history, withoutTraces, 1)}\n`)
  return (history['events'] as unknown[]).length
}

/** Where it was recorded is nobody's business, and no replay looks at it. */
function withoutTraces(key: string, value: unknown): unknown {
  if (key === 'stackTrace') return ''
  const isProcess = typeof value === 'string' && /^\d+@/.test(value)
  return isProcess ? 'recorded' : value
}
