/** The customer's workflow from news to inbox, every step replayed. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { customerWorkflowId } from '../../workflows/ids.ts'
import { addCustomer, arrive, ledgerOf, until } from './support/customers.ts'
import { createWorld, type World } from './support/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
})
afterAll(() => world.close())

describe('a new customer', () => {
  test('is welcomed with a code, nudged three days later, and then left alone', async () => {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    await world.withWorkers(async () => {
      await world.look(customer.id)
      await world.client.workflow.getHandle(customerWorkflowId(customer.id)).result()
    })

    const mails = world.mail.inbox.filter((mail) => mail.text?.includes(customer.firstName))
    expect(mails.map((mail) => mail.subject)).toEqual(['Hello Rosalind', 'Still there?'])
    expect(mails[0]?.text).toMatch(/HELLO-?[A-Z0-9]{10}/)
    expect(await ledgerOf(world, customer.id)).toMatchObject([
      { step: 'hello', status: 'sent', attempts: 1 },
      { step: 'nudge', status: 'sent', attempts: 1 },
    ])
    expect(await until('nothing is due', async () => (await dueAt(customer.id)) === null)).toBe(true)
  })
})

async function dueAt(customerId: string): Promise<Date | null | undefined> {
  const { rows } = await world.database.pool.query<{ due_at: Date | null }>(
    'SELECT due_at FROM customers WHERE id = $1',
    [customerId],
  )
  return rows[0]?.due_at
}
