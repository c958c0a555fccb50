/** Referrals under races and crashes: one referral a friend, one reward a side, never more rewards than the offer holds. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dayMs } from '../../src/domain/time.ts'
import { createIdentifiers } from '../../src/store/identifiers.ts'
import { attributeReferrals } from '../../src/store/referrals/attribute.ts'
import { referralCodeOf, referralCodesOf } from '../../src/store/referrals/codes.ts'
import { openReferralShop, type ReferralShop } from './support/referral-shop.ts'

let shop: ReferralShop
beforeAll(async () => {
  shop = await openReferralShop()
})
beforeEach(() => shop.clear())
afterAll(() => shop.close())

test('a code is made once, however many ask for it at the same time', async () => {
  await shop.known('ann')
  const { id } = await shop.customer('ann')
  await shop.rows('DELETE FROM referral_codes')
  const codes = await Promise.all(
    Array.from({ length: 12 }, () => referralCodeOf(shop.database.pool, shop.vault, id, shop.time.nowMs)),
  )
  expect(new Set(codes).size).toBe(1)
  expect(codes[0]).toMatch(/^[A-Z0-9]{10}$/)
  expect(await shop.rows('SELECT FROM referral_codes')).toHaveLength(1)
})

test('pages of codes side by side make one each, those that everybody gets alone', async () => {
  const { database, vault, time } = shop
  const ids: string[] = []
  for (let n = 0; n < 6; n++) {
    await shop.known(`reader-${n}`)
    ids.push((await shop.customer(`reader-${n}`)).id)
  }
  const [first = '', second = '', ...rest] = ids
  // The first keeps a code of theirs, what the second would get is taken, and somebody is not there.
  await database.pool.query('DELETE FROM referral_codes WHERE customer_id <> $1', [first])
  await database.pool.query('INSERT INTO referral_codes (code, customer_id, created_at) VALUES ($1, $2, now())', [
    createIdentifiers(vault, second).code('referral'),
    randomUUID(),
  ])
  const orders = [ids, ids.toReversed(), [...rest, second, first], [second, second, randomUUID()]]
  const pages = await Promise.all(orders.map((order) => referralCodesOf(database.pool, vault, order, time.nowMs)))
  const codes = new Map<string, string>()
  for (const id of ids) codes.set(id, (await referralCodeOf(database.pool, vault, id, time.nowMs)) ?? '')
  expect(new Set(codes.values()).size).toBe(6)
  for (const page of pages.slice(0, 3)) expect(page).toEqual(codes)
  expect([...(pages[3] ?? [])]).toEqual([[second, codes.get(second)]])
})

test('a friend whom ten claim at once is brought by one', async () => {
  const codes: string[] = []
  for (let n = 0; n < 10; n++) codes.push(await shop.known(`referrer-${n}`))
  await shop.live([{ type: 'identify', userId: 'bob' }])
  const { id: customerId } = await shop.customer('bob')
  await Promise.all(
    codes.map((code) =>
      shop.database.transaction((client) =>
        attributeReferrals(client, [{ customerId, code, atMs: shop.time.nowMs }], shop.time.nowMs),
      ),
    ),
  )
  expect(await shop.referrals()).toHaveLength(1)
})

test('eight who move the same referrals on at the same time reward each side once', async () => {
  for (let n = 0; n < 6; n++) {
    await shop.comes(`friend-${n}`, await shop.known(`referrer-${n}`))
    await shop.order(`friend-${n}`, `o${n}`)
  }
  const moveAll = (): Promise<unknown> => Promise.all(Array.from({ length: 8 }, () => shop.move()))
  await moveAll()
  await moveAll()
  shop.time.nowMs += 15 * dayMs
  await moveAll()
  expect((await shop.referrals()).map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 'rewarded'))
  expect(await shop.coupons()).toHaveLength(12)
  expect(await shop.told()).toHaveLength(18)
})

test('never more rewards than the offer’s budget holds; who gets none is told why', async () => {
  await shop.rows(`INSERT INTO offer_limits (offer, from_pool, max_coupons, returns) VALUES ('thanks', false, 3, true)
                   ON CONFLICT (offer) DO UPDATE SET max_coupons = 3, issued = 0`)
  for (let n = 0; n < 8; n++) {
    await shop.comes(`friend-${n}`, await shop.known(`referrer-${n}`))
    await shop.order(`friend-${n}`, `o${n}`)
  }
  for (let round = 0; round < 2; round++) await shop.move()
  shop.time.nowMs += 15 * dayMs
  await Promise.all(Array.from({ length: 6 }, () => shop.move()))
  expect((await shop.coupons()).filter(({ offer }) => offer === 'thanks')).toHaveLength(3)
  expect(await shop.rows(`SELECT issued FROM offer_limits WHERE offer = 'thanks'`)).toEqual([{ issued: 3 }])
  const without = (await shop.referrals()).filter(({ reason }) => reason === 'no reward for the referrer: offer-budget')
  expect(without).toHaveLength(5)
  await shop.rows(`DELETE FROM offer_limits`)
})

test('a process that dies in the middle of a reward has given nothing and told nothing; the next one does both', async () => {
  await shop.comes('bob', await shop.known('ann'))
  await shop.order('bob', 'first')
  for (let round = 0; round < 2; round++) await shop.move()
  shop.time.nowMs += 15 * dayMs
  const lock = await shop.database.pool.connect()
  // The coupon is written; the event that tells of it has to wait.
  await lock.query('BEGIN; LOCK TABLE event_counts IN ACCESS EXCLUSIVE MODE')
  const dying = shop.move()
  const pid = await shop.blocked()
  await shop.rows('SELECT pg_terminate_backend($1)', [pid])
  await expect(dying).rejects.toThrow(/terminat/i)
  await lock.query('ROLLBACK')
  lock.release()
  expect((await shop.coupons()).map(({ offer }) => offer)).toEqual(['friend'])
  await shop.move()
  expect((await shop.coupons()).map(({ offer }) => offer)).toEqual(['thanks', 'friend'])
  expect((await shop.told()).filter(({ name }) => name === 'Referral Rewarded')).toHaveLength(1)
})
