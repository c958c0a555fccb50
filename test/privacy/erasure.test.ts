/** Forgetting somebody: who was merged into them, what waits for them, what is leaving, what the books keep. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mayContact } from '../../src/domain/contact-policy.ts'
import { exportPerson } from '../../src/store/customer-export.ts'
import { createErasureStore, type ErasureStore } from '../../src/store/erasures.ts'
import { erasureType, erasureWorkflowId, lifecycleQueue } from '../../workflows/ids.ts'
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

let world: World
let erasures: ErasureStore
beforeAll(async () => {
  world = await createWorld()
  erasures = createErasureStore(world.database, world.vault)
})
afterAll(async () => {
  world.mail.behave({})
  await world.close()
})

async function erase(customerId: string, orders: 'delete' | 'anonymise' = 'delete'): Promise<string> {
  const erasureId = randomUUID()
  const nowMs = world.clock.nowMs()
  const ids = await erasures.begin({ erasureId, customerId, requestedBy: 'test', nowMs })
  await erasures.erase(erasureId, ids, orders, nowMs)
  await erasures.complete(erasureId, nowMs)
  return erasureId
}

async function count(sql: string, ...values: unknown[]): Promise<number> {
  return (await world.database.pool.query(sql, values)).rowCount ?? 0
}

async function waitingEvent(part: { userId?: string; sealed?: object; problem?: string }): Promise<string> {
  const messageId = randomUUID()
  const { userId = null, sealed, problem = null } = part
  await world.database.pool.query(
    `INSERT INTO events (message_id, type, user_id, occurred_at, received_at, properties, sealed, problem, handled_at)
     VALUES ($1, 'identify', $2, now(), now(), '{}', $3, $4, CASE WHEN $4::text IS NULL THEN NULL ELSE now() END)`,
    [messageId, userId, sealed ? world.vault.sealForIntake(JSON.stringify(sealed), messageId) : null, problem],
  )
  return messageId
}

describe('everything that is theirs', () => {
  test('also what waits for intake or was set aside: by their id, or by the address that is sealed in it', async () => {
    const customer = await addCustomer(world)
    await world.database.pool.query(
      `INSERT INTO identities (kind, value, customer_id, created_at) VALUES ('user', 'u-77', $1, now())`,
      [customer.id],
    )
    const theirs = [
      await waitingEvent({ userId: 'u-77' }),
      await waitingEvent({ sealed: { traits: { email: customer.email.toUpperCase() } } }),
      await waitingEvent({ sealed: { traits: { phone: customer.phone } }, problem: 'could not be handled' }),
    ]
    const other = await waitingEvent({ userId: 'u-78', sealed: { traits: { email: 'other@listener.example' } } })
    await erase(customer.id)
    expect(await count('SELECT FROM events WHERE message_id = ANY ($1)', theirs)).toBe(0)
    expect(await count('SELECT FROM events WHERE message_id = $1', other)).toBe(1)
  })

  test('also of customers who became part of them, whichever of the ids is named', async () => {
    const staying = await addCustomer(world)
    const leaving = await addCustomer(world)
    await world.database.pool.query('UPDATE customers SET merged_into = $2 WHERE id = $1', [leaving.id, staying.id])
    const copy = await exportPerson(world.database.pool, world.vault, leaving.id)
    expect(copy?.customers.map((one) => one['id'])).toEqual([staying.id, leaving.id])
    await erase(leaving.id)
    expect(await count('SELECT FROM customers WHERE id = ANY ($1)', [staying.id, leaving.id])).toBe(0)
    expect(await count('SELECT FROM contact_points WHERE customer_id = ANY ($1)', [staying.id, leaving.id])).toBe(0)
  })

  test('leaves the hashes of their addresses, and a proof that holds nothing of them', async () => {
    const customer = await addCustomer(world)
    const erasureId = await erase(customer.id)
    const hash = world.vault.lookupHash('email', customer.email)
    const sql = `SELECT FROM suppressions WHERE channel = 'email' AND address_hash = $1 AND reason = 'erased'`
    expect(await count(sql, hash)).toBe(1)
    const { rows } = await world.database.pool.query<{ proof: string }>(
      `SELECT row_to_json(e)::text AS proof FROM erasures e WHERE id = $1`,
      [erasureId],
    )
    expect(rows[0]?.proof).toContain('"customer_keys": 1')
    for (const secret of [customer.id, customer.email, customer.phone]) expect(rows[0]?.proof).not.toContain(secret)
  })

  test('orders are deleted, or keep their amounts for the books with nobody behind them', async () => {
    const gone = await addCustomer(world)
    const kept = await addCustomer(world)
    for (const { id } of [gone, kept]) await order(world, id, 1_234)
    const before = await count('SELECT FROM orders')
    await erase(gone.id)
    await erase(kept.id, 'anonymise')
    const { rows } = await world.database.pool.query<Record<string, unknown>>(
      `SELECT *, extract(hour FROM ordered_at AT TIME ZONE 'UTC')::int AS hour FROM orders WHERE order_key LIKE 'erased:%'`,
    )
    expect(await count('SELECT FROM orders')).toBe(before - 1)
    expect(rows).toMatchObject([{ revenue_cents: 1_234, coupon: null, hour: 0 }])
    expect(rows[0]?.['customer_id']).not.toBe(kept.id)
  })
})

describe('the workflow', () => {
  const start = (customer: TestCustomer): Promise<unknown> =>
    world.client.workflow.execute(erasureType, {
      workflowId: erasureWorkflowId(customer.id),
      taskQueue: lifecycleQueue,
      args: [{ erasureId: randomUUID(), customerId: customer.id, requestedBy: 'test' }],
    })

  test('ends what is under way, and a message that is leaving ends first', async () => {
    const customer = await addCustomer(world)
    const letGo = Promise.withResolvers<void>()
    world.mail.behave({ holdAnswer: () => letGo.promise })
    await world.withWorkers(
      async () => {
        await arrive(world, customer.id)
        await world.look(customer.id)
        await until('it is leaving', async () => (await ledgerOf(world, customer.id))[0]?.status === 'transmitting')
        const erased = start(customer)
        await new Promise((resolve) => setTimeout(resolve, 2_000))
        expect(await count('SELECT FROM customers WHERE id = $1', customer.id)).toBe(1)
        letGo.resolve()
        expect(await erased).toMatchObject({ rows: { customers: 1, messages: 1, customer_keys: 1 } })
        expect(await count('SELECT FROM messages WHERE customer_id = $1', customer.id)).toBe(0)

        // News of somebody who is gone leads to nothing.
        await happen(world, customer.id, 'Receipt Wanted')
        await world.look(customer.id)
        await world.client.workflow.getHandle(`customer:${customer.id}`).result()
        expect(await ledgerOf(world, customer.id)).toEqual([])
        expect(await start(customer)).toEqual({ rows: {} })
      },
      { maxCachedWorkflows: 10 },
    )
  })
})

test('who was forgotten gets no marketing, but the receipt of an order that they place later', () => {
  const policy = { channels: { email: { consent: 'implied', caps: {}, quietHours: null } }, holdOut: 0 } as never
  const contact = { reachable: true, suppressed: 'erased', consents: { '*': 'granted' } } as const
  const ask = (messageClass: 'marketing' | 'transactional'): boolean =>
    mayContact(
      { channel: 'email', messageClass, topic: 'news', journey: 'j', journeyCaps: undefined },
      { customerId: randomUUID(), timeZone: null, contact, recentMessages: [] },
      policy,
      0,
    ).allowed
  expect([ask('marketing'), ask('transactional')]).toEqual([false, true])
})
