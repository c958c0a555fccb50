/** Merging customers whose workflows run, on a real Temporal: journeys go on, nothing is lost, nothing comes twice. */

import { Client, Connection } from '@temporalio/client'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { nudgeRound } from '../../src/intake/nudger.ts'
import { mergeCustomers } from '../../src/store/operator-merge.ts'
import { unmergeCustomer } from '../../src/store/unmerge.ts'
import { customerWorkflowId } from '../../workflows/ids.ts'
import { addCustomer, arrive, happen, ledgerOf, type TestCustomer, until } from './support/customers.ts'
import { createWorld, type World } from './support/world.ts'

let world: World

beforeAll(async () => {
  world = await createWorld()
})
afterEach(() => world.mail.behave({}))
afterAll(() => world.close())

const workflowOf = (customer: TestCustomer): ReturnType<World['client']['workflow']['getHandle']> =>
  world.client.workflow.getHandle(customerWorkflowId(customer.id))

const subjectsTo = (customer: TestCustomer): (string | undefined)[] =>
  world.mail.inbox.filter((mail) => JSON.stringify(mail.to).includes(customer.email)).map((mail) => mail.subject)

async function tell(temporal = world.client.workflow): Promise<void> {
  const needs = { database: world.database, temporal, clock: world.clock, log: pino({ level: 'silent' }) }
  while (await nudgeRound(needs)) {
    // Until everybody has been told.
  }
}

async function merge(from: TestCustomer, into: TestCustomer): Promise<void> {
  const nowMs = world.clock.nowMs()
  const options = { from: from.id, into: into.id, nowMs, by: 'test' }
  expect(await mergeCustomers(world.database, world.vault, options)).toMatchObject({ outcome: 'merged' })
}

async function undo(customer: TestCustomer): Promise<void> {
  const options = { nowMs: world.clock.nowMs(), by: 'test' }
  const result = await unmergeCustomer(world.database, world.vault, customer.id, options)
  expect(result).toMatchObject({ outcome: 'undone' })
}

async function status(customer: TestCustomer): Promise<string> {
  return (await workflowOf(customer).describe()).status.name
}

/** Two customers; the first has been welcomed and waits for the nudge. */
async function welcomed(): Promise<[TestCustomer, TestCustomer]> {
  const [leaving, staying] = [
    await addCustomer(world, { firstName: 'Lea' }),
    await addCustomer(world, { firstName: 'Stella' }),
  ]
  await arrive(world, leaving.id)
  await tell()
  await until('the welcome has arrived', () => subjectsTo(leaving).length === 1)
  return [leaving, staying]
}

test('the workflow of the one who leaves completes, that of the one who stays goes on with the journey', async () => {
  await world.withWorkers(async () => {
    const [leaving, staying] = await welcomed()
    await merge(leaving, staying)
    await tell()
    await workflowOf(leaving).result()
    await workflowOf(staying).result()
    expect(subjectsTo(leaving)).toEqual(['Hello Lea'])
    expect(subjectsTo(staying)).toEqual(['Still there?'])
    expect(await ledgerOf(world, staying.id)).toMatchObject([
      { step: 'hello', status: 'sent', attempts: 1 },
      { step: 'nudge', status: 'sent', attempts: 1 },
    ])
    expect(await ledgerOf(world, leaving.id)).toEqual([])
  })
})

test('while nobody can be told nothing is lost', async () => {
  await world.withWorkers(async () => {
    const [leaving, staying] = await welcomed()
    await merge(leaving, staying)
    const nowhere = Connection.lazy({ address: '127.0.0.1:9' })
    await expect(tell(new Client({ connection: nowhere }).workflow)).rejects.toThrow(/.+/)
    await nowhere.close()
    await tell()
    await workflowOf(leaving).result()
    await workflowOf(staying).result()
    expect([...subjectsTo(leaving), ...subjectsTo(staying)]).toEqual(['Hello Lea', 'Still there?'])
  })
})

test('undone, the one who comes back gets a workflow again, and what was due', async () => {
  await world.withWorkers(async () => {
    const [leaving, staying] = await welcomed()
    await merge(leaving, staying)
    await tell()
    await workflowOf(leaving).result()
    await undo(leaving)
    await tell()
    expect(await status(leaving)).toBe('RUNNING')
    await workflowOf(leaving).result()
    expect(subjectsTo(leaving)).toEqual(['Hello Lea', 'Still there?'])
    expect(subjectsTo(staying)).toEqual([])
    await until('the other one has nothing left to do', async () => (await status(staying)) === 'COMPLETED')
  })
})

test('told that they are gone and, before they could go, that they are back, a customer goes on', async () => {
  let both: [TestCustomer, TestCustomer] | undefined
  await world.withWorkers(async () => (both = await welcomed()))
  const [leaving, staying] = both!
  // Nobody is at work: both words wait in the same workflow.
  await merge(leaving, staying)
  await tell()
  await undo(leaving)
  await tell()
  await world.withWorkers(async () => {
    await workflowOf(leaving).result()
    expect(subjectsTo(leaving)).toEqual(['Hello Lea', 'Still there?'])
    expect(subjectsTo(staying)).toEqual([])
  })
})

test('a message that is on its way when they become one arrives once', async () => {
  await world.withWorkers(async () => {
    const [leaving, staying] = [
      await addCustomer(world, { firstName: 'Lea' }),
      await addCustomer(world, { firstName: 'Stella' }),
    ]
    let answer = (): void => undefined
    const gate = new Promise<void>((resolve) => (answer = resolve))
    world.mail.behave({ holdAnswer: () => gate })
    await happen(world, leaving.id, 'Offer Wanted')
    await happen(world, leaving.id, 'Receipt Wanted')
    await tell()
    await until('both are in the hands of the server', () => subjectsTo(leaving).length === 2)
    await merge(leaving, staying)
    await tell()
    await workflowOf(leaving).result()
    world.mail.behave({})
    answer()
    await until('both are settled', async () =>
      (await ledgerOf(world, staying.id)).every(({ status }) => status === 'sent'),
    )
    await workflowOf(staying).result()
    expect(subjectsTo(leaving)).toHaveLength(2)
    expect(subjectsTo(staying)).toEqual([])
    expect((await ledgerOf(world, staying.id)).map(({ attempts }) => attempts)).toEqual([1, 1])
  })
})
