/** Friends bring friends: who counts as brought, what is held back as fraud, what is rewarded, and what is taken back. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { dayMs, hourMs } from '../../src/domain/time.ts'
import { judgeReferral } from '../../src/store/referrals/list.ts'
import type { Call } from '../intake/support/shop.ts'
import { openReferralShop, type ReferralShop } from './support/referral-shop.ts'

let shop: ReferralShop
beforeAll(async () => {
  shop = await openReferralShop()
})
beforeEach(() => shop.clear())
afterAll(() => shop.close())

test('a friend comes, gets a present, buys and keeps it; then whoever brought them is rewarded', async () => {
  const code = await shop.known('ann')
  await shop.live([
    {
      type: 'page',
      userId: 'bob',
      properties: { url: `https://shop.example/?a=1&referral_code=${code.toLowerCase()}` },
    },
  ])
  await shop.move()
  expect(await shop.referrals()).toMatchObject([{ status: 'open', reason: null }])
  expect(await shop.coupons()).toMatchObject([{ who: 'bob', offer: 'friend' }])

  await shop.order('bob', 'first', { coupon: (await shop.coupons())[0]?.code })
  await shop.move()
  expect(await shop.referrals()).toMatchObject([{ status: 'qualified' }])
  shop.time.nowMs += 13 * dayMs
  await shop.move()
  expect(await shop.referrals()).toMatchObject([{ status: 'qualified' }])
  shop.time.nowMs += 2 * dayMs
  await shop.move()
  expect(await shop.referrals()).toMatchObject([{ status: 'rewarded', reason: null }])
  expect(await shop.coupons()).toMatchObject([
    { who: 'ann', offer: 'thanks', status: 'issued' },
    { who: 'bob', offer: 'friend', status: 'redeemed' },
  ])
  const thanks = (await shop.coupons())[0]?.code
  expect(await shop.told()).toEqual([
    { who: 'ann', name: 'Referral Joined', properties: {} },
    { who: 'ann', name: 'Referral Rewarded', properties: { coupon: thanks, offer: 'thanks' } },
    { who: 'bob', name: 'Referral Accepted', properties: { coupon: (await shop.coupons())[1]?.code, offer: 'friend' } },
  ])
  expect(await shop.move()).toBe(0)
})

describe('the code may come', () => {
  test.each<[string, (code: string) => Call]>([
    [
      'as a property of an event',
      (code) => ({ type: 'track', event: 'Signed Up', properties: { referral_code: code } }),
    ],
    ['as a trait', (code) => ({ type: 'identify', traits: { referral_code: code } })],
    ['in the search of a page', (code) => ({ type: 'page', properties: { search: `?referral_code=${code}` } })],
    [
      'in the context of an event',
      (code) => ({
        type: 'track',
        event: 'Seen',
        context: { page: { url: `https://s.example/x?referral_code=${code}` } },
      }),
    ],
    [
      'with the first order itself',
      (code) => ({
        type: 'track',
        event: 'Order Completed',
        properties: { order_id: 'o', total: 30, referral_code: code },
      }),
    ],
  ])('%s', async (_, call) => {
    const code = await shop.known('ann')
    await shop.live([{ ...call(code), userId: 'bob' }])
    expect(await shop.referrals()).toMatchObject([{ status: 'new', code }])
  })
})

describe('nobody counts as brought', () => {
  test('by themselves, by a code that is none, after an order, or a second time', async () => {
    const [ann, eve] = [await shop.known('ann'), await shop.known('eve')]
    await shop.comes('ann', ann)
    await shop.comes('bob', 'NOBODYS4')
    await shop.order('old', 'before')
    shop.time.nowMs += hourMs
    await shop.comes('old', ann)
    expect(await shop.referrals()).toEqual([])
    await shop.comes('bob', ann)
    await shop.comes('bob', eve)
    expect(await shop.referrals()).toMatchObject([{ code: ann }])
  })

  test('whose earlier order is told later, who never buys, buys too little, or too late', async () => {
    const [ann, eve] = [await shop.known('ann'), await shop.known('eve')]
    for (const who of ['late-told', 'never']) await shop.comes(who, ann)
    for (const who of ['little', 'too-late']) await shop.comes(who, eve)
    await shop.move()
    await shop.order('late-told', 'past', { atMs: shop.time.nowMs - 10 * dayMs })
    await shop.order('little', 'l', { total: 5 })
    shop.time.nowMs += 31 * dayMs
    await shop.order('too-late', 't')
    await shop.move()
    expect(await shop.byFriend()).toEqual({
      'late-told': 'rejected: customer-before',
      never: 'expired: no-order',
      little: 'expired: no-order',
      'too-late': 'expired: no-order',
    })
  })

  test('who turns out to be the same person', async () => {
    const ann = await shop.known('ann')
    await shop.comes('bob', ann)
    const [annId, bobId] = [(await shop.customer('ann')).id, (await shop.customer('bob')).id]
    await shop.rows('UPDATE customers SET merged_into = $1 WHERE id = $2', [annId, bobId])
    await shop.move()
    expect(await shop.referrals()).toMatchObject([{ status: 'rejected', reason: 'self' }])
  })
})

describe('held, for a person to look at', () => {
  const address = { street: 'Garden Row 1', postalCode: 'SE1 6HG', city: 'London' }
  test.each<[string, string, object, object]>([
    ['same-device', 'a browser of both', { anonymousId: 'browser-1' }, { anonymousId: 'browser-1' }],
    [
      'same-address',
      'one door, written differently',
      { traits: { address } },
      { traits: { address: { ...address, street: '1, GARDEN-ROW' } } },
    ],
    [
      'same-address',
      'one mailbox by two names',
      { traits: { email: 'ann.lee@gmail.com' } },
      { traits: { email: 'annlee+shop@googlemail.com' } },
    ],
  ])('%s: %s', async (reason, _, ofAnn, ofBob) => {
    await shop.live([{ type: 'identify', userId: 'ann', ...ofAnn }])
    const code = await shop.known('ann')
    await shop.live([{ type: 'identify', userId: 'bob', ...ofBob }])
    await shop.comes('bob', code)
    await shop.move()
    expect(await shop.referrals()).toMatchObject([{ status: 'held', reason }])
    expect(await shop.coupons()).toEqual([])
    expect(await shop.told()).toEqual([])
  })

  test('neighbours in one town with mailboxes of their own are not', async () => {
    await shop.live([{ type: 'identify', userId: 'ann', traits: { email: 'ann@a.example', address } }])
    await shop.live([
      {
        type: 'identify',
        userId: 'bob',
        traits: { email: 'bob@a.example', address: { ...address, street: 'Garden Row 2' } },
      },
    ])
    await shop.comes('bob', await shop.known('ann'))
    await shop.move()
    expect(await shop.referrals()).toMatchObject([{ status: 'open' }])
  })

  test('velocity: more friends in a week than anybody has; those before stay', async () => {
    const ann = await shop.known('ann')
    for (let friend = 1; friend <= 5; friend++) {
      await shop.comes(`friend-${friend}`, ann)
      shop.time.nowMs += hourMs
      await shop.move()
    }
    shop.time.nowMs += 8 * dayMs
    await shop.comes('friend-6', ann)
    await shop.move()
    const open = Object.fromEntries([1, 2, 3, 6].map((n) => [`friend-${n}`, 'open']))
    expect(await shop.byFriend()).toEqual({ ...open, 'friend-4': 'held: velocity', 'friend-5': 'held: velocity' })
  })

  test('what shows only with the order is seen before the reward', async () => {
    const ann = await shop.known('ann')
    await shop.comes('bob', ann)
    await shop.move()
    await shop.order('bob', 'first')
    await shop.live([
      { type: 'track', event: 'Seen', userId: 'ann', anonymousId: 'b-9' },
      { type: 'track', event: 'Seen', userId: 'bob', anonymousId: 'b-9' },
    ])
    shop.time.nowMs += 15 * dayMs
    await shop.move()
    await shop.move()
    expect(await shop.byFriend()).toEqual({ bob: 'held: same-device' })
    expect((await shop.coupons()).map(({ offer }) => offer)).toEqual(['friend'])
  })

  test('released it goes on from there and is not held again; rejected it ends', async () => {
    await shop.live([{ type: 'identify', userId: 'ann', anonymousId: 'b' }])
    const ann = await shop.known('ann')
    for (const who of ['bob', 'carl']) {
      await shop.live([{ type: 'identify', userId: who, anonymousId: 'b' }])
      await shop.comes(who, ann)
    }
    await shop.move()
    const bobId = (await shop.customer('bob')).id
    const all = await shop.referrals()
    const [bob, carl] = [all.find((one) => one.friendId === bobId), all.find((one) => one.friendId !== bobId)]
    const judge = (id: string | undefined, decision: 'release' | 'reject') =>
      judgeReferral(shop.database, id ?? '', decision, shop.time.nowMs)
    expect(await judge(bob?.id, 'release')).toMatchObject({ result: 'done' })
    expect(await judge(carl?.id, 'reject')).toMatchObject({ result: 'done' })
    expect(await judge(carl?.id, 'release')).toMatchObject({ result: 'not-held' })
    await shop.move()
    await shop.order('bob', 'first')
    await shop.move()
    shop.time.nowMs += 15 * dayMs
    await shop.move()
    expect((await shop.referrals()).map(({ status }) => status).sort()).toEqual(['rejected', 'rewarded'])
  })
})

describe('after a refund', () => {
  test('before the reward was due: there is none', async () => {
    await shop.comes('bob', await shop.known('ann'))
    await shop.move()
    await shop.order('bob', 'first')
    await shop.move()
    await shop.refund('first')
    await shop.move()
    expect(await shop.byFriend()).toEqual({ bob: 'rejected: refunded' })
    shop.time.nowMs += 30 * dayMs
    expect(await shop.move()).toBe(0)
  })

  test('later: the reward is taken back, and no order redeems it any more', async () => {
    await shop.rewarded('ann', 'bob')
    const code = (await shop.coupons()).find(({ offer }) => offer === 'thanks')?.code
    await shop.refund('order-of-bob')
    await shop.move()
    expect(await shop.byFriend()).toEqual({ bob: 'clawed_back: refunded' })
    shop.time.nowMs += hourMs
    await shop.order('ann', 'with-code', { coupon: code })
    expect((await shop.coupons()).find((one) => one.code === code)?.status).toBe('issued')
    expect((await shop.told()).map(({ name }) => name)).toContain('Referral Clawed Back')
    expect(await shop.move()).toBe(0)
  })

  test('later, when the reward was redeemed: that is told', async () => {
    await shop.rewarded('ann', 'bob')
    const code = (await shop.coupons()).find(({ offer }) => offer === 'thanks')?.code
    await shop.order('ann', 'with-code', { coupon: code })
    await shop.refund('order-of-bob')
    await shop.move()
    expect(await shop.byFriend()).toEqual({ bob: 'clawed_back: refunded, after the reward was redeemed' })
  })

  test('of a part: an order is left, and so is the reward', async () => {
    await shop.rewarded('ann', 'bob')
    await shop.refund('order-of-bob', 10)
    expect(await shop.move()).toBe(0)
  })
})
