/** Referrals as they go their way: which are to be looked at, what is known of one, how it ends. */

import type { Queryable } from '../database.ts'
import { standsForSql } from '../stands-for.ts'

export type ReferralStatus = 'new' | 'held' | 'open' | 'qualified' | 'rewarded' | 'rejected' | 'expired' | 'clawed_back'

export const referralStatuses: readonly ReferralStatus[] = [
  'new',
  'held',
  'open',
  'qualified',
  'rewarded',
  'rejected',
  'expired',
  'clawed_back',
]

export interface Referral {
  readonly id: string
  readonly code: string
  readonly referrerId: string
  readonly friendId: string
  readonly status: ReferralStatus
  readonly reason: string | null
  readonly attributedAt: Date
  readonly releasedAt: Date | null
  readonly orderId: string | null
  readonly dueAt: Date | null
  readonly friendCouponId: string | null
  readonly referrerCouponId: string | null
  readonly updatedAt: Date
}

export const referralColumns = `id, code, referrer_id AS "referrerId", friend_id AS "friendId", status, reason,
  attributed_at AS "attributedAt", released_at AS "releasedAt", order_id AS "orderId", due_at AS "dueAt",
  friend_coupon_id AS "friendCouponId", referrer_coupon_id AS "referrerCouponId", updated_at AS "updatedAt"`

/** Of a page: those for which something may have to be done now. */
export async function findReferralsToSee(
  db: Queryable,
  { nowMs, orderWithinMs, limit }: { readonly nowMs: number; readonly orderWithinMs: number; readonly limit: number },
): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'referrals-to-see',
    text: `
      SELECT r.id FROM referrals r WHERE r.status = 'new'
      UNION ALL
      SELECT r.id FROM referrals r WHERE r.status = 'open'
         AND (r.attributed_at < $2 OR EXISTS (SELECT FROM orders o WHERE o.customer_id = r.friend_id))
      UNION ALL
      SELECT r.id FROM referrals r LEFT JOIN orders o ON o.id = r.order_id
       WHERE r.status = 'qualified' AND (r.due_at <= $1 OR ${takenBack})
      UNION ALL
      SELECT r.id FROM referrals r LEFT JOIN orders o ON o.id = r.order_id
       WHERE r.status = 'rewarded' AND r.due_at > $1 - interval '90 days' AND ${takenBack}
      LIMIT $3`,
    values: [new Date(nowMs), new Date(nowMs - orderWithinMs), limit],
  })
  return rows.map(({ id }) => id)
}

/** An order `o` that was cancelled, or of which nothing is left. Part of it sent back is still an order. */
export const takenBack = `(o.id IS NULL OR o.cancelled_at IS NOT NULL OR o.refunded_cents >= o.revenue_cents)`

/**
 * Locks the two customers, as everybody does before anything else of theirs, then the referral.
 *
 * @returns undefined if it is gone, or one of the two is being forgotten.
 */
export async function lockReferral(client: Queryable, id: string): Promise<Referral | undefined> {
  const { rows: people } = await client.query<{ erasing: boolean }>(
    `SELECT c.erasing_at IS NOT NULL AS erasing FROM customers c
      WHERE c.id IN (SELECT unnest(ARRAY[referrer_id, friend_id]) FROM referrals WHERE id = $1)
      ORDER BY c.id FOR UPDATE`,
    [id],
  )
  if (people.length < 2 || people.some(({ erasing }) => erasing)) return undefined
  const { rows } = await client.query<Referral>(`SELECT ${referralColumns} FROM referrals WHERE id = $1 FOR UPDATE`, [
    id,
  ])
  return rows[0]
}

export type ReferralChange = Partial<
  Pick<Referral, 'status' | 'reason' | 'orderId' | 'dueAt' | 'friendCouponId' | 'referrerCouponId' | 'releasedAt'>
>

export async function changeReferral(
  client: Queryable,
  before: Referral,
  change: ReferralChange,
  nowMs: number,
): Promise<void> {
  const after = { ...before, ...change }
  await client.query(
    `UPDATE referrals SET status = $2, reason = $3, order_id = $4, due_at = $5, friend_coupon_id = $6,
            referrer_coupon_id = $7, released_at = $8, updated_at = $9 WHERE id = $1`,
    [
      before.id,
      after.status,
      after.reason,
      after.orderId,
      after.dueAt,
      after.friendCouponId,
      after.referrerCouponId,
      after.releasedAt,
      new Date(nowMs),
    ],
  )
}

/** Rows follow their people: whoever became part of somebody else is that one now. @returns how many were changed. */
export async function followMerges(db: Queryable, nowMs: number): Promise<number> {
  const { rowCount } = await db.query({
    name: 'referrals-follow-merges',
    text: `
      WITH moved AS (
        SELECT r.id, ${standsForSql('f')} AS friend, ${standsForSql('g')} AS referrer
          FROM referrals r JOIN customers f ON f.id = r.friend_id JOIN customers g ON g.id = r.referrer_id
         WHERE f.merged_into IS NOT NULL OR g.merged_into IS NOT NULL
      ), known AS (
        SELECT m.*, EXISTS (SELECT FROM referrals o WHERE o.friend_id = m.friend AND o.id <> m.id) AS twice FROM moved m
      )
      UPDATE referrals r
         SET referrer_id = k.referrer,
             friend_id = CASE WHEN k.twice THEN r.friend_id ELSE k.friend END,
             status = CASE WHEN r.status IN ('new', 'held', 'open', 'qualified') AND (k.twice OR k.friend = k.referrer)
                           THEN 'rejected' ELSE r.status END,
             reason = CASE WHEN k.friend = k.referrer THEN 'self' WHEN k.twice THEN 'brought-before' ELSE r.reason END,
             updated_at = $1
        FROM known k
       WHERE r.id = k.id AND (r.referrer_id <> k.referrer OR (NOT k.twice AND r.friend_id <> k.friend)
          OR (k.twice AND r.status IN ('new', 'held', 'open', 'qualified')))`,
    values: [new Date(nowMs)],
  })
  return rowCount ?? 0
}
