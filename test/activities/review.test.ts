/** Looking at a customer, against a real database. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Review } from '../../activities/activity-types.ts'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { createIdentifiers } from '../../src/store/identifiers.ts'
import { insertNews } from '../../src/store/news.ts'
import { addCustomer, arrive, happen, ledgerOf, order, type TestCustomer } from '../workflows/support/customers.ts'
import { createSettableClock, createStoreWorld, type StoreWorld } from '../workflows/support/store-world.ts'

const clock = createSettableClock()
let world: StoreWorld
let activities: ReturnType<StoreWorld['activities']>

beforeAll(async () => {
  world = await createStoreWorld(clock)
  activities = world.activities()
})
afterAll(async () => {
  activities.close()
  await world.close()
})

const review = (customer: TestCustomer): Promise<Review | null> => activities.lifecycle.reviewCustomer(customer.id)

/** Everything that reviews write about a customer, without the numbers that a sequence gives. */
async function traces(customer: TestCustomer): Promise<Record<string, unknown[]>> {
  const tables = ['journey_runs', 'messages', 'coupons', 'decision_records', 'lifecycle_moves', 'news']
  const found = await Promise.all(
    tables.map(async (table) => {
      const { rows } = await world.database.pool.query<{ row: unknown }>(
        `SELECT to_jsonb(t) AS row FROM ${table} t WHERE customer_id = $1 ORDER BY id`,
        [customer.id],
      )
      return [table, rows.map(({ row }) => row)] as const
    }),
  )
  return Object.fromEntries(found)
}

async function dueAt(customer: TestCustomer): Promise<number | null> {
  const { rows } = await world.database.pool.query<{ due_at: Date | null }>(
    'SELECT due_at FROM customers WHERE id = $1',
    [customer.id],
  )
  return rows[0]?.due_at?.getTime() ?? null
}

describe('a review', () => {
  test('reads the news, records what follows, and says what to deliver and when to look again', async () => {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    const found = await review(customer)
    const [planned] = await ledgerOf(world, customer.id)
    expect(found).toEqual({
      standing: { stage: 'acquire', segments: [], journeys: ['welcome'], nextStep: 'Delay 3 days · welcome › pause' },
      messages: [{ id: planned!.id, channel: 'email', summary: 'Email · welcome › hello', priority: 3 }],
      wakeInMs: expect.toSatisfy((ms: number) => ms >= 3 * dayMs && ms <= 3 * dayMs + hourMs),
      wakeReason: 'Delay 3 days · welcome › pause',
      scoresAreStale: false,
    })
    expect(await dueAt(customer)).toBe(clock.nowMs() + found!.wakeInMs!)
    const { coupons, journey_runs: runs, news } = await traces(customer)
    expect(coupons).toMatchObject([{ offer: 'welcome', status: 'issued', code: expect.stringMatching(/^HELLO/) }])
    expect(runs).toMatchObject([{ journey: 'welcome', status: 'active', step: 'pause', entry_number: 1 }])
    expect(news).toMatchObject([{ kind: 'arrived', consumed_at: expect.any(String) }])
  })

  test('that is run twice writes the same rows, and names the open message again', async () => {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    const first = await review(customer)
    const before = await traces(customer)
    const second = await review(customer)
    expect(await traces(customer)).toEqual(before)
    expect(second).toEqual(first)
  })

  test('that runs twenty times at once plans everything once', async () => {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    await happen(world, customer.id, 'Text Wanted')
    await Promise.all(Array.from({ length: 20 }, () => review(customer)))
    expect(await ledgerOf(world, customer.id)).toHaveLength(2)
    const { journey_runs: runs, coupons } = await traces(customer)
    expect(runs).toHaveLength(2)
    expect(coupons).toHaveLength(1)
  })

  test('reads a burst of news to its end, in pages', async () => {
    const customer = await addCustomer(world)
    await insertNews(
      world.database.pool,
      Array.from({ length: 1_234 }, () => ({ customerId: customer.id, kind: 'contact' as const, atMs: clock.nowMs() })),
    )
    await arrive(world, customer.id)
    await review(customer)
    const { news } = await traces(customer)
    expect(news).toHaveLength(1_235)
    expect(news?.every((row) => (row as { consumed_at: string | null }).consumed_at !== null)).toBe(true)
    expect(await ledgerOf(world, customer.id)).toHaveLength(1)
  })

  test('of somebody with an order asks for scores first, and decides nothing before', async () => {
    const customer = await addCustomer(world)
    await order(world, customer.id, 5_000)
    const before = await traces(customer)
    expect(await review(customer)).toMatchObject({ scoresAreStale: true, messages: [] })
    expect(await traces(customer)).toEqual(before)

    await activities.lifecycle.scoreCustomer(customer.id)
    expect(await review(customer)).toMatchObject({
      scoresAreStale: false,
      standing: { stage: 'activate', churnRisk: expect.any(Number), lifetimeValue: expect.any(Number) },
    })
    expect((await traces(customer))['lifecycle_moves']).toMatchObject([
      { from_stage: 'acquire', to_stage: 'activate', reason: 'first order' },
    ])
  })

  test('is satisfied with scores although there is nothing to score with', async () => {
    const customer = await addCustomer(world)
    await order(world, customer.id, 5_000)
    await world.database.pool.query('UPDATE orders SET cancelled_at = $2 WHERE customer_id = $1', [
      customer.id,
      new Date(clock.nowMs()),
    ])
    await activities.lifecycle.scoreCustomer(customer.id)
    expect(await review(customer)).toMatchObject({ scoresAreStale: false })
  })

  test('takes back the marketing of a run that has reached its goal, but not what is on its way', async () => {
    const customer = await addCustomer(world)
    await arrive(world, customer.id)
    await happen(world, customer.id, 'Receipt Wanted')
    await review(customer)
    await order(world, customer.id, 5_000)
    await activities.lifecycle.scoreCustomer(customer.id)
    const after = await review(customer)
    const rows = await ledgerOf(world, customer.id)
    expect(rows.find(({ step }) => step === 'hello')).toMatchObject({
      status: 'refused',
      reason: 'run ended: goal: Order Completed',
    })
    expect(rows.find(({ step }) => step === 'receipt')).toMatchObject({ status: 'planned' })
    expect(after?.messages.map(({ summary }) => summary)).toEqual(['Email · receipts › receipt'])
  })

  test('of a postponed message waits until it may leave', async () => {
    const customer = await addCustomer(world)
    await happen(world, customer.id, 'Receipt Wanted')
    await review(customer)
    const untilMs = clock.nowMs() + 2 * hourMs
    await world.database.pool.query('UPDATE messages SET not_before = $2 WHERE customer_id = $1', [
      customer.id,
      new Date(untilMs),
    ])
    expect(await review(customer)).toMatchObject({
      messages: [],
      wakeInMs: 2 * hourMs,
      wakeReason: 'Message may leave again · receipts › receipt',
    })
    expect(await dueAt(customer)).toBe(untilMs)
    clock.advance(2 * hourMs)
    const found = await review(customer)
    expect(found?.messages).toHaveLength(1)
    expect(found).not.toHaveProperty('wakeInMs')
  })

  test('of somebody unknown, erased or merged says that they are gone', async () => {
    const merged = await addCustomer(world)
    await arrive(world, merged.id)
    await world.database.pool.query('UPDATE customers SET merged_into = $1 WHERE id = $1', [merged.id])
    expect(await review(merged)).toBeNull()
    expect((await traces(merged))['news']).toMatchObject([{ consumed_at: expect.any(String) }])
    expect(await activities.lifecycle.reviewCustomer('00000000-0000-4000-8000-000000000000')).toBeNull()
  })
})

describe('a coupon code', () => {
  test('that another customer already has is replaced by the next one', async () => {
    const customer = await addCustomer(world)
    const other = await addCustomer(world)
    await arrive(world, customer.id)
    await review(customer)
    const [mine] = (await traces(customer))['coupons'] as { code: string }[]

    // The same decision again, in a world where somebody else got that code first.
    await world.database.pool.query('DELETE FROM coupons WHERE customer_id = $1', [customer.id])
    await world.database.pool.query('DELETE FROM messages WHERE customer_id = $1', [customer.id])
    await world.database.pool.query('DELETE FROM journey_runs WHERE customer_id = $1', [customer.id])
    await world.database.pool.query('UPDATE news SET consumed_at = NULL WHERE customer_id = $1', [customer.id])
    await world.database.pool.query(
      `INSERT INTO coupons (id, offer, code, customer_id, status, issued_at)
       VALUES (gen_random_uuid(), 'welcome', $1, $2, 'issued', now())`,
      [mine!.code, other.id],
    )
    await review(customer)
    const [next] = (await traces(customer))['coupons'] as { code: string }[]
    expect(next!.code).toMatch(/^HELLO/)
    expect(next!.code).not.toBe(mine!.code)
  })

  test('follows from its key alone, cannot be mistaken for another, and spells nothing', () => {
    const customerId = '0b8f4a5e-6a57-4a39-9a6f-3f6a0b0c0d0e'
    const codes = new Set<string>()
    for (let i = 0; i < 20_000; i++) codes.add(createIdentifiers(world.vault, customerId).code(`offer/${i}`))
    expect(codes.size).toBe(20_000)
    for (const code of codes) expect(code).toMatch(/^[BCDFGHJKMNPQRTVWXYZ2346789]{10}$/)
    expect(codes.has(createIdentifiers(world.vault, customerId).code('offer/7'))).toBe(true)
    expect(createIdentifiers(world.vault, customerId, 1).code('offer/7')).not.toBe(
      createIdentifiers(world.vault, customerId).code('offer/7'),
    )
  })
})
