/**
 * Never more coupons than there are: codes leave their pool, and coupons count against their budget, in the transaction
 * that saves the decision. A process that dies in the middle has issued nothing and reserved nothing.
 *
 * All that issue coupons of one offer with a budget take turns at its row, from the reservation to the commit that
 * follows at once. That bounds one offer to some hundred coupons a second; a pool alone has no such row.
 */

import type { PlannedCoupon } from '../../domain/decision.ts'
import type { OfferExhaustion } from '../../domain/snapshot.ts'
import type { Queryable } from '../database.ts'

export interface CouponToIssue {
  readonly customerId: string
  readonly coupon: PlannedCoupon
}

export interface CouponRefusal {
  readonly customerId: string
  readonly offer: string
  readonly rule: OfferExhaustion
}

/** Somebody else was quicker. Roll back, and decide again with these offers marked as exhausted for these customers. */
export class CouponsRefusedError extends Error {
  override readonly name = 'CouponsRefusedError'
  readonly refusals: readonly CouponRefusal[]

  constructor(refusals: readonly CouponRefusal[]) {
    super(`No coupons are left: ${[...new Set(refusals.map(({ offer, rule }) => `${offer} (${rule})`))].join(', ')}`)
    this.refusals = refusals
  }
}

/** Who takes codes at the same time takes others; nobody waits. A code that was made up meanwhile is passed over. */
const takeFromPool = `
  WITH wanted AS (
    SELECT w.id, w.offer, row_number() OVER (PARTITION BY w.offer ORDER BY w.place) AS nth
      FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS w (id, offer, place)
     WHERE NOT EXISTS (SELECT FROM coupons c WHERE c.id = w.id)
  ), free AS (
    SELECT asked.offer, f.code, row_number() OVER (PARTITION BY asked.offer) AS nth
      FROM (SELECT offer, count(*) AS coupons FROM wanted GROUP BY offer) AS asked
     CROSS JOIN LATERAL (
       SELECT o.code FROM offer_codes o
        WHERE o.offer = asked.offer AND o.coupon_id IS NULL
          AND NOT EXISTS (SELECT FROM coupons c WHERE c.code = o.code)
        LIMIT asked.coupons FOR UPDATE OF o SKIP LOCKED) AS f
  ), taken AS (
    UPDATE offer_codes o SET coupon_id = w.id
      FROM wanted w JOIN free f USING (offer, nth)
     WHERE o.code = f.code
    RETURNING o.coupon_id AS id, o.code
  )
  SELECT w.id, t.code FROM wanted w LEFT JOIN taken t USING (id)`

/**
 * Takes codes for those coupons that need one.
 *
 * @returns codes by the id of the coupon. Coupons that are issued already are left out.
 * @throws CouponsRefusedError if a pool has too few.
 */
export async function takeCodes(
  client: Queryable,
  coupons: readonly CouponToIssue[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = coupons.filter(({ coupon }) => coupon.code === null)
  if (wanted.length === 0) return new Map()
  const { rows } = await client.query<{ id: string; code: string | null }>({
    name: 'take-codes',
    text: takeFromPool,
    values: [wanted.map(({ coupon }) => coupon.id), wanted.map(({ coupon }) => coupon.offer)],
  })
  const codes = new Map<string, string>()
  const without = new Set<string>()
  for (const { id, code } of rows) {
    if (code === null) without.add(id)
    else codes.set(id, code)
  }
  if (without.size > 0) {
    const refused = wanted.filter(({ coupon }) => without.has(coupon.id))
    throw new CouponsRefusedError(refused.map((each) => refusalOf(each, 'offer-pool-empty')))
  }
  return codes
}

const countAgainstBudget = `
  WITH counted AS (
    UPDATE offer_limits SET issued = issued + $2, cost_cents = cost_cents + $3
     WHERE offer = $1 AND (max_coupons IS NOT NULL OR max_cost_cents IS NOT NULL)
       AND (max_coupons IS NULL OR issued + $2 <= max_coupons)
       AND (max_cost_cents IS NULL OR cost_cents + $3 <= max_cost_cents)
    RETURNING offer
  )
  SELECT max_coupons - issued AS "couponsLeft", max_cost_cents - cost_cents AS "centsLeft",
         EXISTS (SELECT FROM counted) AS "isCounted"
    FROM offer_limits
   WHERE offer = $1 AND (max_coupons IS NOT NULL OR max_cost_cents IS NOT NULL)`

interface Left {
  readonly couponsLeft: number | null
  readonly centsLeft: number | null
  readonly isCounted: boolean
}

/**
 * Counts new coupons against the budgets of their offers. Call it last in the transaction, after the coupons were
 * inserted: a budget that was published meanwhile has then counted them, or is seen here.
 *
 * @throws CouponsRefusedError if a budget does not hold them all.
 */
export async function reserveCoupons(client: Queryable, coupons: readonly CouponToIssue[]): Promise<void> {
  // One offer after the other, by key: two that want the same offers never wait for each other in a circle.
  const offers = [...new Set(coupons.map(({ coupon }) => coupon.offer))].sort()
  for (const offer of offers) {
    const wanted = coupons.filter(({ coupon }) => coupon.offer === offer)
    const { rows } = await client.query<Left>({
      name: 'count-against-budget',
      text: countAgainstBudget,
      values: [offer, wanted.length, wanted.reduce((sum, { coupon }) => sum + (coupon.costCents ?? 0), 0)],
    })
    const left = rows[0]
    if (left === undefined || left.isCounted) continue
    const refused = wanted.slice(Math.min(howManyFit(wanted, left), wanted.length - 1))
    throw new CouponsRefusedError(refused.map((each) => refusalOf(each, 'offer-budget')))
  }
}

function howManyFit(wanted: readonly CouponToIssue[], { couponsLeft, centsLeft }: Left): number {
  let cents = centsLeft ?? Number.POSITIVE_INFINITY
  const beyond = wanted.findIndex(({ coupon }) => (cents -= coupon.costCents ?? 0) < 0)
  return Math.max(0, Math.min(couponsLeft ?? wanted.length, beyond === -1 ? wanted.length : beyond))
}

function refusalOf({ customerId, coupon }: CouponToIssue, rule: OfferExhaustion): CouponRefusal {
  return { customerId, offer: coupon.offer, rule }
}
