/** Coupons through reviews, against a real database: never more than there are. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createReviewActivities } from '../../activities/review.ts'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { createDefinitionsCache } from '../../src/store/campaigns.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { createIdentifiers } from '../../src/store/identifiers.ts'
import { loadCodes } from '../../src/store/offers/codes.ts'
import { listOffers } from '../../src/store/offers/list.ts'
import { settleCoupons } from '../../src/store/offers/settle.ts'
import { redeemCoupons } from '../../src/store/orders.ts'
import { createReviewStore } from '../../src/store/reviews.ts'
import { Vault } from '../../src/store/vault.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { createSettableClock } from '../workflows/support/store-world.ts'
import { addCustomers, ask, inParallel, publishOffers } from './support/offer-shop.ts'

const clock = createSettableClock()
const vault = new Vault(Buffer.alloc(32, 7))
let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url, { pipeline: true, maxConnections: 20 })
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

/** A new process, as it were: it knows what is in force now. */
function reviewer(): (customerId: string) => Promise<unknown> {
  return createReviewActivities({
    reviews: createReviewStore(database),
    definitions: createDefinitionsCache(database),
    clock,
    identifiers: (customerId, salt) => createIdentifiers(vault, customerId, salt),
  }).reviewCustomer
}

async function askAndReview(ids: readonly string[], offer: string, lanes = 20): Promise<void> {
  await ask(database, clock.nowMs(), ids, offer)
  await inParallel(ids, lanes, reviewer())
}

async function rows<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  return (await database.pool.query<Row>(sql, [...values])).rows
}

async function saidOf(offer: string): Promise<Record<string, number>> {
  const found = await rows<{ said: string; times: number }>(
    `SELECT outcome || ' ' || rule AS said, count(*) AS times FROM decision_records
      WHERE kind = 'offer' AND detail ->> 'offer' = $1 GROUP BY 1`,
    [offer],
  )
  return Object.fromEntries(found.map(({ said, times }) => [said, times]))
}

const codes = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${String(i).padStart(5, '0')}`)

const generated = 'name: Generated\ndiscount: { type: amount, amount_cents: 500, currency: EUR }\ncode_prefix: GEN\n'
const fromPool = 'name: Given\ndiscount: { type: percent, percent: 10 }\ncodes: pool\n'

describe('coupons for more customers than there are coupons,', () => {
  test('with a budget: exactly as many as it holds', async () => {
    await publishOffers(database, clock.nowMs(), { crowd: `${generated}budget: { coupons: 100 }` })
    await askAndReview(await addCustomers(database, clock.nowMs(), 400), 'crowd')
    expect(await saidOf('crowd')).toEqual({ 'done issued': 100, 'refused offer-budget': 300 })
    expect(await rows(`SELECT count(*) FROM coupons WHERE offer = 'crowd'`)).toEqual([{ count: 100 }])
  })

  test('from a pool: exactly as many as it holds, each code once', async () => {
    await publishOffers(database, clock.nowMs(), { pooled: fromPool })
    await database.transaction((client) => loadCodes(client, 'pooled', codes('POOL', 100), clock.nowMs()))
    await askAndReview(await addCustomers(database, clock.nowMs(), 400), 'pooled')
    expect(await saidOf('pooled')).toEqual({ 'done issued': 100, 'refused offer-pool-empty': 300 })
    expect(
      await rows(
        `SELECT count(*), count(DISTINCT c.code) AS codes FROM coupons c
           JOIN offer_codes o ON o.coupon_id = c.id AND o.code = c.code WHERE c.offer = 'pooled'`,
      ),
    ).toEqual([{ count: 100, codes: 100 }])
  })

  test('with a budget in money: not a cent more', async () => {
    await publishOffers(database, clock.nowMs(), {
      money: `${generated}budget: { cost: { amount_cents: 5499, currency: EUR } }`,
    })
    await askAndReview(await addCustomers(database, clock.nowMs(), 60), 'money')
    expect(await saidOf('money')).toEqual({ 'done issued': 10, 'refused offer-budget': 50 })
  })
})

describe('a limit', () => {
  test('per customer counts over all time', async () => {
    await publishOffers(database, clock.nowMs(), { twice: `${generated}valid_for: 1 hour\nper_customer: 2` })
    const ids = await addCustomers(database, clock.nowMs(), 3)
    for (let i = 0; i < 4; i++) {
      await askAndReview(ids, 'twice')
      clock.advance(2 * hourMs)
    }
    expect(await saidOf('twice')).toEqual({ 'done issued': 6, 'refused offer-limit': 6 })
  })

  test('that comes later counts what was issued before, and more is issued when it is raised', async () => {
    await publishOffers(database, clock.nowMs(), { later: generated })
    await askAndReview(await addCustomers(database, clock.nowMs(), 5), 'later')
    await publishOffers(database, clock.nowMs(), { later: `${generated}budget: { coupons: 7 }` })
    await askAndReview(await addCustomers(database, clock.nowMs(), 5), 'later')
    expect(await saidOf('later')).toEqual({ 'done issued': 7, 'refused offer-budget': 3 })
    await publishOffers(database, clock.nowMs(), { later: `${generated}budget: { coupons: 9 }` })
    await askAndReview(await addCustomers(database, clock.nowMs(), 5), 'later')
    expect(await saidOf('later')).toEqual({ 'done issued': 9, 'refused offer-budget': 6 })
  })
})

describe('a coupon that expires', () => {
  const short = `${generated}valid_for: 1 day\n`

  test('gives its budget back where the offer says so, after the days of grace, and never its code', async () => {
    await publishOffers(database, clock.nowMs(), {
      back: `${short}budget: { coupons: 5, returns: true }`,
      kept: `${short}budget: { coupons: 5 }`,
    })
    const ids = await addCustomers(database, clock.nowMs(), 5)
    await askAndReview(ids, 'back')
    const others = await addCustomers(database, clock.nowMs(), 5)
    await askAndReview(others, 'kept')
    clock.advance(2 * dayMs)
    await settleCoupons(database, clock.nowMs())
    expect(await rows(`SELECT DISTINCT status FROM coupons WHERE offer IN ('back', 'kept')`)).toEqual([
      { status: 'issued' },
    ])
    clock.advance(2 * dayMs)
    await settleCoupons(database, clock.nowMs())
    await settleCoupons(database, clock.nowMs())
    await askAndReview(await addCustomers(database, clock.nowMs(), 9), 'back')
    await askAndReview(await addCustomers(database, clock.nowMs(), 9), 'kept')
    expect(await saidOf('back')).toEqual({ 'done issued': 10, 'refused offer-budget': 4 })
    expect(await saidOf('kept')).toEqual({ 'done issued': 5, 'refused offer-budget': 9 })
  })

  test('redeems nothing any more; one that does not is redeemed by one order only', async () => {
    await publishOffers(database, clock.nowMs(), { once: short })
    const issuedMs = clock.nowMs()
    await askAndReview(await addCustomers(database, issuedMs, 2), 'once')
    const [first, second] = await rows<{ code: string }>(`SELECT code FROM coupons WHERE offer = 'once' ORDER BY id`)
    const [a, b] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b']
    await redeemCoupons(database.pool, [
      { code: first!.code, orderId: b, atMs: issuedMs + 2 * hourMs },
      { code: first!.code.toLowerCase(), orderId: a, atMs: issuedMs + hourMs },
      { code: second!.code, orderId: b, atMs: issuedMs + dayMs },
    ])
    await redeemCoupons(database.pool, [{ code: first!.code, orderId: b, atMs: issuedMs }])
    expect(await rows(`SELECT status, order_id FROM coupons WHERE offer = 'once' ORDER BY id`)).toEqual([
      { status: 'redeemed', order_id: a },
      { status: 'issued', order_id: null },
    ])
  })

  test('costs what the order says once it is redeemed, and the rest of its reserve is free again', async () => {
    const discount = 'discount: { type: percent, percent: 20, at_most: { amount_cents: 1000, currency: EUR } }'
    await publishOffers(database, clock.nowMs(), {
      share: `name: A share\n${discount}\ncode_prefix: SHARE\nbudget: { cost: { amount_cents: 1000, currency: EUR } }`,
    })
    const [id] = await addCustomers(database, clock.nowMs(), 1)
    await askAndReview([id!], 'share')
    const orderId = '00000000-0000-4000-8000-00000000000c'
    await database.pool.query(
      `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, discount_cents, currency)
       VALUES ($1, $2, 'share-1', $3, 1200, 300, 'EUR')`,
      [orderId, id, new Date(clock.nowMs())],
    )
    const [coupon] = await rows<{ code: string }>(`SELECT code FROM coupons WHERE offer = 'share'`)
    await redeemCoupons(database.pool, [{ code: coupon!.code, orderId, atMs: clock.nowMs() }])
    await settleCoupons(database, clock.nowMs())
    const share = (await listOffers(database.pool)).find(({ key }) => key === 'share')
    expect(share).toMatchObject({
      issued: 1,
      redeemed: 1,
      expired: 0,
      cost: { spentCents: 300, reservedCents: 0, budgetCents: 1_000, leftCents: 700, currency: 'EUR' },
    })
  })
})
