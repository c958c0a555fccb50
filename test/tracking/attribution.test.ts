/** Which messages orders came of: last touch within the window, people only; and the lift beside the hold-out. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { attributeOrders, holdOutArms, type Touch } from '../../src/store/attribution.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const start = Date.UTC(2026, 0, 1)
const at = (hours: number): Date => new Date(start + hours * hourMs)

let testDatabase: TestDatabase
let database: Database
beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

async function message(
  customerId: string,
  step: string,
  sentHours: number,
  more: { status?: string; kind?: string } = {},
): Promise<string> {
  const id = randomUUID()
  await database.pool.query(
    `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic, template,
                           status, planned_at, transmitting_at, settled_at)
     VALUES ($1, $2, 'j', 'v', $3, 1, 1, 'email', $4, 'news', 't', $5, $6, $6, $6)`,
    [id, customerId, step, more.kind ?? 'marketing', more.status ?? 'sent', at(sentHours)],
  )
  return id
}

async function hit(messageId: string, kind: string, hours: number, verdict: string): Promise<void> {
  await database.pool.query(
    `INSERT INTO message_hits (message_id, kind, link, people, first_at, last_at, seen_at, verdict)
     VALUES ($1, $2, $3, 1, $4, $4, now(), $5)`,
    [messageId, kind, kind === 'click' ? 'l' : '', at(hours), verdict],
  )
}

async function order(
  customerId: string,
  hours: number,
  cents: number,
  more: { refunded?: number; cancelled?: boolean } = {},
): Promise<void> {
  await database.pool.query(
    `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, refunded_cents, currency, cancelled_at)
     VALUES (gen_random_uuid(), $1, gen_random_uuid()::text, $2, $3, $4, 'EUR', $5)`,
    [customerId, at(hours), cents, more.refunded ?? 0, more.cancelled ? at(hours) : null],
  )
}

const question = { fromMs: start, toMs: start + 30 * dayMs, windowMs: 3 * dayMs }
const won = async (touch: Touch): Promise<Record<string, [number, number]>> =>
  Object.fromEntries(
    (await attributeOrders(database.pool, { ...question, touch })).map(({ step, orders, revenueCents }) => [
      step,
      [orders, revenueCents],
    ]),
  )

test('the last touch before an order has it, and only a person can touch', async () => {
  const ada = randomUUID()
  const first = await message(ada, 'first', 0)
  const second = await message(ada, 'second', 10)
  const third = await message(ada, 'third', 20)
  await hit(first, 'click', 30, 'person') // Clicked last, though it was sent first.
  await hit(second, 'open', 12, 'person')
  await hit(second, 'click', 13, 'person')
  await hit(third, 'open', 20, 'machine')
  await hit(third, 'click', 40, 'machine')
  await order(ada, 48, 5_000, { refunded: 1_000 })
  await order(ada, 49, 9_000, { cancelled: true })
  await order(ada, 5, 700) // Before any click: only what was sent touches it.
  await order(ada, 30 + 72, 800) // The window has closed to the minute.
  const bob = randomUUID()
  await message(bob, 'third', 20)
  await message(bob, 'refused', 21, { status: 'refused' })
  await message(bob, 'receipt', 22, { kind: 'transactional' })
  await order(bob, 23, 100)

  expect(await won('click')).toEqual({ first: [1, 4_000], second: [0, 0], third: [0, 0] })
  expect(await won('open')).toEqual({ first: [1, 4_000], second: [0, 0], third: [0, 0] })
  expect(await won('sent')).toEqual({ first: [1, 700], second: [0, 0], third: [2, 4_100] })
  expect(await attributeOrders(database.pool, { ...question, touch: 'click' })).toMatchObject([
    { step: 'first', sent: 1, opened: 1, clicked: 1, machines: 0 },
    { step: 'second', sent: 1, opened: 1, clicked: 1, machines: 0 },
    { step: 'third', sent: 2, opened: 0, clicked: 0, machines: 1 },
  ])
})

test('the hold-out is compared from the first message that was kept back', async () => {
  const later = { ...question, fromMs: question.toMs, toMs: question.toMs + 30 * dayMs }
  const day = 24 * 30
  const held = async (customerId: string, hours: number): Promise<void> => {
    await database.pool.query(
      `INSERT INTO decision_records (customer_id, decided_at, kind, journey, outcome, rule) VALUES ($1, $2, 'message', 'j', 'refused', 'hold-out')`,
      [customerId, at(hours)],
    )
  }
  const [treated, quiet, kept, keptBuyer, both] = [randomUUID(), randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  await message(treated, 'a', day + 1)
  await message(treated, 'b', day + 60)
  await order(treated, day + 2, 1_000)
  await order(treated, day + 100, 9_999) // After the window of the first message.
  await message(quiet, 'a', day + 1)
  await order(quiet, day, 1_000) // Before it.
  await held(kept, day + 1)
  await held(keptBuyer, day + 1)
  await held(keptBuyer, day + 5)
  await order(keptBuyer, day + 3, 500)
  await held(both, day + 1)
  await message(both, 'a', day + 2)
  expect(await holdOutArms(database.pool, later)).toEqual({
    treated: { customers: 2, ordered: 1, revenueCents: 1_000 },
    heldOut: { customers: 2, ordered: 1, revenueCents: 500 },
  })
})
