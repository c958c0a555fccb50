/** A worker process dies in the middle of sending. What the recipient gets is exactly what the class promises. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import { addCustomer, happen, ledgerOf, type TestCustomer, until } from './support/customers.ts'
import { startWorkerProcess } from './support/worker-process.ts'
import { createWorld, type World } from './support/world.ts'

let world: World

beforeAll(async () => {
  // An hour a second: the outage of the test must not make messages stale.
  world = await createWorld({ speed: 3_600 })
})
afterAll(() => world.close())

const mailsTo = (customer: TestCustomer): World['mail']['inbox'] =>
  world.mail.inbox.filter((mail) => JSON.stringify(mail.to).includes(customer.email))

test('a worker killed after the message but before the answer: marketing stays in doubt, a receipt comes again', async () => {
  const marketed = await addCustomer(world)
  const receipted = await addCustomer(world)
  const first = await startWorkerProcess(world)
  world.mail.behave({ holdAnswer: () => new Promise(() => undefined) })
  await happen(world, marketed.id, 'Offer Wanted')
  await happen(world, receipted.id, 'Receipt Wanted')
  await Promise.all([world.look(marketed.id), world.look(receipted.id)])
  await until('both messages are in the hands of the server', () => world.mail.inbox.length === 2)
  expect((await ledgerOf(world, marketed.id))[0]).toMatchObject({ status: 'transmitting', attempts: 1 })
  await first.kill()

  world.mail.behave({})
  const second = await startWorkerProcess(world)
  await until(
    'both have come to an end',
    async () => {
      const rows = [...(await ledgerOf(world, marketed.id)), ...(await ledgerOf(world, receipted.id))]
      return rows.every(({ status }) => status === 'sent' || status === 'in_doubt')
    },
    60_000,
  )
  expect(await second.stop()).toBe(0)

  expect(await ledgerOf(world, marketed.id)).toMatchObject([
    { status: 'in_doubt', attempts: 1, reason: 'the sender was lost while transmitting' },
  ])
  expect(mailsTo(marketed)).toHaveLength(1)
  const [id] = (await ledgerOf(world, receipted.id)).map((row) => row.id)
  expect(await ledgerOf(world, receipted.id)).toMatchObject([{ status: 'sent', attempts: 2 }])
  expect(mailsTo(receipted).map((mail) => mail.messageId)).toEqual([`<${id}@shop.example>`, `<${id}@shop.example>`])
})

test('a worker killed before the message: marketing is in doubt all the same, and never comes twice', async () => {
  const customer = await addCustomer(world)
  const first = await startWorkerProcess(world)
  world.mail.behave({ holdRecipient: true })
  await happen(world, customer.id, 'Offer Wanted')
  await world.look(customer.id)
  await until('it is transmitting', async () => (await ledgerOf(world, customer.id))[0]?.status === 'transmitting')
  await first.kill()

  world.mail.behave({})
  const second = await startWorkerProcess(world)
  await until(
    'it has come to an end',
    async () => (await ledgerOf(world, customer.id))[0]?.status === 'in_doubt',
    60_000,
  )
  expect(await second.stop()).toBe(0)
  expect(mailsTo(customer)).toEqual([])
})

test('a worker that is asked to stop finishes what it is sending', async () => {
  const customer = await addCustomer(world)
  const worker = await startWorkerProcess(world)
  let answer = (): void => undefined
  world.mail.behave({ holdAnswer: () => new Promise((resolve) => (answer = resolve)) })
  await happen(world, customer.id, 'Offer Wanted')
  await world.look(customer.id)
  await until('the message is in the hands of the server', () => mailsTo(customer).length === 1)
  const stopped = worker.stop()
  await new Promise((resolve) => setTimeout(resolve, 500))
  answer()
  expect(await stopped).toBe(0)
  expect(await ledgerOf(world, customer.id)).toMatchObject([{ status: 'sent', attempts: 1 }])
})

test('a server that takes longer than a heartbeat is waited for: slow is not dead', async () => {
  const customer = await addCustomer(world)
  const worker = await startWorkerProcess(world)
  world.mail.behave({ holdAnswer: () => new Promise((resolve) => setTimeout(resolve, 13_000)) })
  await happen(world, customer.id, 'Offer Wanted')
  await world.look(customer.id)
  await until('it has come to an end', async () => (await ledgerOf(world, customer.id))[0]?.status === 'sent', 60_000)
  expect(await worker.stop()).toBe(0)
  expect(await ledgerOf(world, customer.id)).toMatchObject([{ status: 'sent', attempts: 1 }])
  expect(mailsTo(customer)).toHaveLength(1)
})
