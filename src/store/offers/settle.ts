/** What becomes of coupons: the expired give their budget back where the offer says so, the redeemed cost what they did. */

import { expiryGraceMs } from '../../domain/offer-cost.ts'
import type { EpochMs } from '../../domain/time.ts'
import type { Database, Queryable } from '../database.ts'

const page = 1_000

/** The budget has reserved the most that a coupon could cost. What the order says counts if it is in the same money. */
const settlePage = `
  WITH expired AS (
    SELECT id FROM coupons WHERE status = 'issued' AND expires_at < $2 ORDER BY expires_at LIMIT $3
       FOR UPDATE SKIP LOCKED
  ), redeemed AS (
    SELECT id FROM coupons WHERE status = 'redeemed' AND settled_at IS NULL ORDER BY id LIMIT $3
       FOR UPDATE SKIP LOCKED
  ), final AS (
    SELECT c.id, c.cost_cents AS reserved, c.status = 'issued' AS "isExpired",
           CASE WHEN c.status = 'issued' THEN 0
                WHEN o.discount_cents > 0 AND o.currency = offer.currency
                THEN least(o.discount_cents, coalesce(c.cost_cents, o.discount_cents))
                ELSE c.cost_cents END AS cost
      FROM (SELECT id FROM expired UNION ALL SELECT id FROM redeemed) AS gone
      JOIN coupons c USING (id)
      LEFT JOIN orders o ON o.id = c.order_id
      LEFT JOIN LATERAL (
        SELECT coalesce(document #>> '{discount,currency}', document #>> '{discount,at_most,currency}', o.currency)
                 AS currency
          FROM campaigns WHERE kind = 'offer' AND key = c.offer AND status = 'live') AS offer ON true
  ), settled AS (
    UPDATE coupons c
       SET status = CASE WHEN f."isExpired" THEN 'expired' ELSE c.status END, cost_cents = f.cost, settled_at = $1
      FROM final f WHERE c.id = f.id
    RETURNING c.offer, f."isExpired", coalesce(f.reserved, 0) - coalesce(f.cost, 0) AS saved, f.reserved
  )
  SELECT offer, count(*) AS settled, count(*) FILTER (WHERE "isExpired") AS expired,
         coalesce(sum(saved) FILTER (WHERE "isExpired"), 0)::bigint AS "expiredCents",
         coalesce(sum(saved) FILTER (WHERE NOT "isExpired" AND reserved IS NOT NULL), 0)::bigint AS "savedCents"
    FROM settled GROUP BY offer ORDER BY offer`

const giveBack = `
  UPDATE offer_limits
     SET issued = greatest(0, issued - CASE WHEN returns THEN $2 ELSE 0 END),
         cost_cents = greatest(0, cost_cents - $4 - CASE WHEN returns THEN $3 ELSE 0 END)
   WHERE offer = $1 AND (max_coupons IS NOT NULL OR max_cost_cents IS NOT NULL)`

interface Settled {
  readonly offer: string
  readonly settled: number
  readonly expired: number
  readonly expiredCents: number
  readonly savedCents: number
}

/** Settles a page. @returns whether there may be more. */
export async function settleCoupons(database: Pick<Database, 'transaction'>, nowMs: EpochMs): Promise<boolean> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<Settled>({
      name: 'settle-coupons',
      text: settlePage,
      values: [new Date(nowMs), new Date(nowMs - expiryGraceMs), page],
    })
    // By key, and after the coupons: as whoever issues coupons does it.
    for (const row of rows) await giveBackTo(client, row)
    return rows.reduce((sum, { settled }) => sum + settled, 0) >= page
  })
}

async function giveBackTo(client: Queryable, { offer, expired, expiredCents, savedCents }: Settled): Promise<void> {
  if (expired === 0 && savedCents === 0) return
  await client.query(giveBack, [offer, expired, expiredCents, savedCents])
}
