/** A shop with a referral program, whose events go through the real intake, and whose referrals move when a test says so. */

import { dayMs } from '../../../src/domain/time.ts'
import { moveReferralsOn } from '../../../src/intake/referrals.ts'
import { createDefinitionsCache } from '../../../src/store/campaigns.ts'
import { publishCampaigns } from '../../../src/store/publishing/publish-campaigns.ts'
import { referralCodeOf } from '../../../src/store/referrals/codes.ts'
import { listReferrals } from '../../../src/store/referrals/list.ts'
import type { Referral } from '../../../src/store/referrals/referral-rows.ts'
import { openShop, type Shop, startMs } from '../../intake/support/shop.ts'
import { campaignDirectory } from '../../store/support/campaign-directory.ts'

const files = {
  'referral.yaml': `
name: Bring a friend
landing: https://shop.example/welcome
reward: { friend: friend, referrer: thanks }
hold: 14 days
order_within: 30 days
least_order_cents: 2000
velocity: { most: 3, within: 7 days }
`,
  'offers/friend.yaml':
    'name: Friend\ncode_prefix: FRIEND\ndiscount: { type: percent, percent: 10 }\nper_customer: 1\n',
  'offers/thanks.yaml':
    'name: Thanks\ncode_prefix: THANKS\ndiscount: { type: amount, amount_cents: 1000, currency: EUR }\nvalid_for: 90 days\n',
}

export interface CouponOfShop {
  readonly who: string
  readonly offer: string
  readonly code: string
  readonly status: string
}

export interface ReferralShop extends Shop {
  /** Somebody of the shop's, and their code. */
  known(userId: string): Promise<string>
  /** Somebody comes with a code. */
  comes(userId: string, code: string): Promise<void>
  order(
    userId: string,
    key: string,
    more?: { readonly total?: number; readonly coupon?: string | undefined; readonly atMs?: number },
  ): Promise<void>
  refund(key: string, total?: number): Promise<void>
  /** One brought the other, who has bought and kept it. */
  rewarded(referrer: string, friend: string): Promise<void>
  /** As the intake process does now and then. @returns how many moved. */
  move(): Promise<number>
  referrals(): Promise<Referral[]>
  /** By the friend: the status, and why. */
  byFriend(): Promise<Record<string, string>>
  coupons(): Promise<CouponOfShop[]>
  /** Events that referrals have told. */
  told(): Promise<{ readonly who: string; readonly name: string; readonly properties: object }[]>
  /** The process that waits for a lock. */
  blocked(): Promise<number>
}

export async function openReferralShop(): Promise<ReferralShop> {
  const shop = await openShop()
  const directory = campaignDirectory(files)
  await publishCampaigns(shop.database, directory.path, startMs)
  directory.remove()
  const definitions = createDefinitionsCache(shop.database)
  const { database, vault, time } = shop
  const whoIs = `(SELECT external_id FROM customers c WHERE c.id = `

  const own: ReferralShop = {
    ...shop,
    async known(userId) {
      await shop.live([{ type: 'identify', userId }])
      const { id } = await shop.customer(userId)
      return (await referralCodeOf(database.pool, vault, id, time.nowMs)) ?? ''
    },
    comes: (userId, code) => shop.live([{ type: 'identify', userId, traits: { referral_code: code } }]),
    order: (userId, key, { total = 50, coupon, atMs = time.nowMs } = {}) =>
      shop.live([
        {
          type: 'track',
          userId,
          event: 'Order Completed',
          timestamp: new Date(atMs).toISOString(),
          properties: { order_id: key, total, currency: 'EUR', ...(coupon === undefined ? {} : { coupon }) },
        },
      ]),
    refund: (key, total) =>
      shop.live([
        {
          type: 'track',
          userId: 'bob',
          event: 'Order Refunded',
          properties: { order_id: key, currency: 'EUR', ...(total === undefined ? {} : { total }) },
        },
      ]),
    async rewarded(referrer, friend) {
      await own.comes(friend, await own.known(referrer))
      await own.move()
      await own.order(friend, `order-of-${friend}`)
      await own.move()
      time.nowMs += 15 * dayMs
      await own.move()
    },
    move: () =>
      moveReferralsOn({
        database,
        vault,
        definitions: () => definitions.get(),
        nowMs: () => time.nowMs,
        onEvents: () => undefined,
      }),
    referrals: () => listReferrals(database.pool, { limit: 100 }),
    async byFriend() {
      const rows = await shop.rows<{ who: string; said: string }>(
        `SELECT ${whoIs} r.friend_id) AS who, concat_ws(': ', status, reason) AS said FROM referrals r`,
      )
      return Object.fromEntries(rows.map(({ who, said }) => [who, said]))
    },
    coupons: () =>
      shop.rows<CouponOfShop>(
        `SELECT ${whoIs} k.customer_id) AS who, offer, code, status FROM coupons k ORDER BY who, offer`,
      ),
    told: () =>
      shop.rows<{ who: string; name: string; properties: object }>(
        `SELECT user_id AS who, name, properties FROM events WHERE name LIKE 'Referral %' ORDER BY who, name, id`,
      ),
    async blocked() {
      for (;;) {
        const [found] = await shop.rows<{ pid: number }>(
          `SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        )
        if (found !== undefined) return found.pid
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    },
    async clear() {
      await database.pool.query('DELETE FROM referrals; DELETE FROM referral_codes')
      await shop.clear()
    },
  }
  return own
}
