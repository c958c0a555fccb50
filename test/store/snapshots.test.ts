/** Snapshots of customers, one and many, against a real database. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Snapshot } from '../../src/domain/snapshot.ts'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { insertNews } from '../../src/store/news.ts'
import { lockAndLoadSnapshots, type SnapshotOptions } from '../../src/store/snapshots.ts'
import { suppress } from '../../src/store/suppressions.ts'
import type { LoadedSnapshot } from '../../src/store/to-snapshot.ts'
import { addCustomer, happen, type TestCustomer } from '../workflows/support/customers.ts'
import { createSettableClock, createStoreWorld, type StoreWorld } from '../workflows/support/store-world.ts'

const clock = createSettableClock()
const nowMs = clock.nowMs()
let world: StoreWorld

beforeAll(async () => {
  world = await createStoreWorld(clock)
})
afterAll(() => world.close())

const load = (ids: readonly string[], options: Partial<SnapshotOptions> = {}): Promise<LoadedSnapshot[]> =>
  world.database.transaction((client) => lockAndLoadSnapshots(client, ids, { nowMs, ...options }))

async function snapshotOf(customer: TestCustomer, options: Partial<SnapshotOptions> = {}): Promise<Snapshot> {
  return (await load([customer.id], options))[0]!.snapshot
}

const at = (ms: number): Date => new Date(ms)

test('somebody of whom little is known has a whole snapshot all the same', async () => {
  const customer = await addCustomer(world, { consent: 'none' })
  expect(await snapshotOf(customer)).toEqual({
    customer: {
      id: customer.id,
      stage: 'acquire',
      stageSinceMs: nowMs,
      atRisk: false,
      traits: {},
      timeZone: null,
      firstSeenMs: nowMs,
      lastSeenMs: nowMs,
      scoredMs: null,
    },
    orders: { count: 0, revenueCents: 0, refundedCents: 0, firstOrderMs: null, lastOrderMs: null },
    scores: {},
    contact: {
      email: { reachable: true, suppressed: null, consents: {} },
      sms: { reachable: true, suppressed: null, consents: {} },
    },
    runs: [],
    pastRuns: [],
    recentMessages: [],
    news: [],
    coupons: [],
  } satisfies Snapshot)
})

describe('a snapshot', () => {
  test('holds plain traits only, and nothing personal', async () => {
    const customer = await addCustomer(world)
    const traits = { plan: 'gold', age: 30, vip: true, none: null, tags: ['a', 'b'], nested: { a: 1 }, mixed: ['a', 1] }
    await world.database.pool.query('UPDATE customers SET traits = $2 WHERE id = $1', [
      customer.id,
      JSON.stringify(traits),
    ])
    const snapshot = await snapshotOf(customer)
    expect(snapshot.customer.traits).toEqual({ plan: 'gold', age: 30, vip: true, none: null, tags: ['a', 'b'] })
    for (const secret of [customer.email, customer.phone, customer.firstName]) {
      expect(JSON.stringify(snapshot)).not.toContain(secret)
    }
  })

  test('takes the newest word on every topic, by when it was given', async () => {
    const customer = await addCustomer(world, { consent: 'none' })
    const say = (channel: string, topic: string, status: string, ms: number): Promise<unknown> =>
      world.database.pool.query(
        `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
         VALUES ($1, $2, $3, $4, $5, 'test', 'form')`,
        [customer.id, channel, topic, status, at(ms)],
      )
    await say('email', 'offers', 'withdrawn', nowMs)
    await say('email', 'offers', 'granted', nowMs - dayMs) // Late to arrive, early to be said.
    await say('email', '*', 'granted', nowMs)
    await say('sms', '*', 'granted', nowMs)
    await say('sms', '*', 'withdrawn', nowMs) // At the same moment: the later row.
    const { contact } = await snapshotOf(customer)
    expect(contact.email.consents).toEqual({ offers: 'withdrawn', '*': 'granted' })
    expect(contact.sms.consents).toEqual({ '*': 'withdrawn' })
  })

  test('knows which address is suppressed, and which is current', async () => {
    const customer = await addCustomer(world)
    const addressHash = world.vault.lookupHash('phone', customer.phone)
    await suppress(world.database.pool, { channel: 'sms', addressHash, reason: 'stop', detail: null, atMs: nowMs })
    await world.database.pool.query(
      `UPDATE contact_points SET current = false WHERE customer_id = $1 AND channel = 'email'`,
      [customer.id],
    )
    const { contact } = await snapshotOf(customer)
    expect(contact.email).toMatchObject({ reachable: false, suppressed: null })
    expect(contact.sms).toMatchObject({ reachable: true, suppressed: 'stop' })
  })

  test('holds active runs, and of each journey the newest that has ended', async () => {
    const customer = await addCustomer(world)
    const run = (journey: string, entry: number, status: string, endedAt: Date | null): Promise<unknown> =>
      world.database.pool.query(
        `INSERT INTO journey_runs (id, customer_id, journey, version, entry_number, status, step, step_since, wake_at,
                                   memory, entered_at, ended_at, end_reason)
         VALUES ($1, $2, $3, 'v1', $4, $5, 'step', $6, $7, '{"visits":{"step":1}}', $6, $8, $9)`,
        [randomUUID(), customer.id, journey, entry, status, at(nowMs), at(nowMs + hourMs), endedAt, endedAt && 'done'],
      )
    await run('a', 1, 'completed', at(nowMs - 3 * dayMs))
    await run('a', 2, 'exited', at(nowMs - 2 * dayMs))
    await run('a', 3, 'active', null)
    await run('b', 1, 'completed', at(nowMs - dayMs))
    const { runs, pastRuns } = await snapshotOf(customer)
    expect(runs).toMatchObject([
      {
        journey: 'a',
        entryNumber: 3,
        step: 'step',
        stepSinceMs: nowMs,
        wakeAtMs: nowMs + hourMs,
        memory: { visits: { step: 1 } },
      },
    ])
    expect(pastRuns.map(({ journey, entryNumber }) => [journey, entryNumber])).toEqual([
      ['b', 1],
      ['a', 2],
    ])
  })

  test('counts what is about to go out as recent for who plans, and only what has left for who sends', async () => {
    const customer = await addCustomer(world)
    const statuses = ['planned', 'claimed', 'transmitting', 'sent', 'in_doubt', 'failed', 'refused']
    for (const [i, status] of statuses.entries()) await message(customer, status, nowMs - i * hourMs)
    await message(customer, 'sent', nowMs - 31 * dayMs)
    const planned = await snapshotOf(customer)
    expect(planned.recentMessages.map(({ atMs }) => (nowMs - atMs) / hourMs)).toEqual([0, 1, 2, 3, 4])
    const left = await snapshotOf(customer, { recent: 'left' })
    expect(left.recentMessages.map(({ atMs }) => (nowMs - atMs) / hourMs)).toEqual([2, 3, 4])
    const [{ openMessages } = { openMessages: [] }] = await load([customer.id])
    expect(openMessages).toHaveLength(3)
  })

  async function message(customer: TestCustomer, status: string, ms: number): Promise<void> {
    const isOpen = ['planned', 'claimed', 'transmitting'].includes(status)
    await world.database.pool.query(
      `INSERT INTO messages (id, customer_id, journey, version, step, entry_number, visit, channel, message_class, topic,
                             template, status, planned_at, settled_at)
       VALUES ($1::uuid, $2, 'j', 'v', $1::text, 1, 0, 'email', 'marketing', 't', 't', $3, $4, $5)`,
      [randomUUID(), customer.id, status, at(ms), isOpen ? null : at(ms)],
    )
  }

  test('holds the coupons that can still be redeemed', async () => {
    const customer = await addCustomer(world)
    const coupon = (offer: string, status: string, expiresAt: Date | null): Promise<unknown> =>
      world.database.pool.query(
        `INSERT INTO coupons (id, offer, code, customer_id, status, issued_at, expires_at)
         VALUES ($1::uuid, $2, $1::text, $3, $4, $5, $6)`,
        [randomUUID(), offer, customer.id, status, at(nowMs), expiresAt],
      )
    await coupon('for-ever', 'issued', null)
    await coupon('tomorrow', 'issued', at(nowMs + dayMs))
    await coupon('over', 'issued', at(nowMs))
    await coupon('used', 'redeemed', null)
    const { coupons } = await snapshotOf(customer)
    expect(coupons.map(({ offer, expiresAtMs }) => [offer, expiresAtMs])).toEqual(
      expect.arrayContaining([
        ['for-ever', null],
        ['tomorrow', nowMs + dayMs],
      ]),
    )
    expect(coupons).toHaveLength(2)
  })

  test('holds unread news in order, with what the events said, and tells when there is more', async () => {
    const customer = await addCustomer(world)
    await insertNews(world.database.pool, [{ customerId: customer.id, kind: 'arrived', atMs: nowMs }])
    await happen(world, customer.id, 'Product Viewed', { sku: 'X1', price: 9.5 })
    await insertNews(world.database.pool, [
      { customerId: customer.id, kind: 'score', detail: { score: 'churn', crossed: 'up' }, atMs: nowMs },
      { customerId: customer.id, kind: 'contact', atMs: nowMs },
    ])
    const { news } = await snapshotOf(customer)
    expect(news).toMatchObject([
      { kind: 'arrived', atMs: nowMs },
      { kind: 'event', name: 'Product Viewed', properties: { sku: 'X1', price: 9.5 }, atMs: nowMs },
      { kind: 'score', score: 'churn', crossed: 'up' },
      { kind: 'contact' },
    ])
    const [page] = await load([customer.id], { newsPage: 3 })
    expect(page).toMatchObject({ hasMoreNews: true })
    expect(page?.snapshot.news).toHaveLength(3)
    expect((await load([customer.id], { newsPage: 4 }))[0]).toMatchObject({ hasMoreNews: false })
  })
})

describe('a page of snapshots', () => {
  test('comes by ascending id, each with its own facts, without those who are gone', async () => {
    const customers = await Promise.all(Array.from({ length: 5 }, () => addCustomer(world)))
    const [merged, ...present] = customers as [TestCustomer, ...TestCustomer[]]
    await world.database.pool.query('UPDATE customers SET merged_into = $2 WHERE id = $1', [merged.id, present[0]!.id])
    for (const [i, { id }] of present.entries()) {
      await world.database.pool.query('UPDATE customers SET order_count = $2 WHERE id = $1', [id, i])
      await happen(world, id, `Event ${i}`)
    }
    const page = await load([...customers.map(({ id }) => id).reverse(), randomUUID()])
    const ids = page.map(({ snapshot }) => snapshot.customer.id)
    expect(ids).toEqual(present.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1)))
    for (const { snapshot } of page) {
      const i = present.findIndex(({ id }) => id === snapshot.customer.id)
      expect(snapshot).toMatchObject({ orders: { count: i }, news: [{ name: `Event ${i}` }] })
    }
    expect(await load([])).toEqual([])
  })

  test('of overlapping customers never wait for each other in a circle', async () => {
    const ids = (await Promise.all(Array.from({ length: 20 }, () => addCustomer(world)))).map(({ id }) => id)
    const pages = Array.from({ length: 8 }, (_, i) => (i % 2 === 0 ? ids : [...ids].reverse()))
    const loaded = await Promise.all(pages.map((page) => load(page)))
    expect(loaded.map((page) => page.length)).toEqual(Array.from({ length: 8 }, () => 20))
  })

  test('sees what the former holder of the lock has written', async () => {
    const customer = await addCustomer(world)
    let later: Promise<LoadedSnapshot[]> = Promise.resolve([])
    await world.database.transaction(async (client) => {
      await lockAndLoadSnapshots(client, [customer.id], { nowMs })
      later = load([customer.id])
      await new Promise((resolve) => setTimeout(resolve, 200)) // It waits for the lock by now.
      await client.query(
        `INSERT INTO coupons (id, offer, code, customer_id, status, issued_at)
         VALUES (gen_random_uuid(), 'late', $1, $2, 'issued', $3)`,
        [randomUUID(), customer.id, at(nowMs)],
      )
    })
    expect((await later)[0]?.snapshot.coupons).toMatchObject([{ offer: 'late' }])
  })
})
