/**
 * What the live offers limit, as rows: whoever issues a coupon asks the row, whichever version of the definitions it
 * still has in its hands. `issued` and `cost_cents` count on while an offer keeps a budget, also over its versions.
 */

import { checkDocument } from '../../domain/campaign-documents.ts'
import type { OfferDefinition } from '../../domain/definitions.ts'
import { mostCostOf } from '../../domain/offer-cost.ts'
import type { Queryable } from '../database.ts'

/** Call it last in the transaction that publishes: reviews that issue coupons may have to wait from here on. */
export async function keepOfferLimits(client: Queryable): Promise<void> {
  const limited = (await liveOffers(client)).filter(isLimited)
  const { rows: counting } = await client.query<{ offer: string }>(
    'SELECT offer FROM offer_limits WHERE max_coupons IS NOT NULL OR max_cost_cents IS NOT NULL',
  )
  const isCounting = new Set(counting.map(({ offer }) => offer))
  const fresh = limited.filter(({ key, budget }) => budget !== null && !isCounting.has(key))
  // An offer that was unlimited until now has not counted: its coupons are counted here, while nobody adds any. Locked
  // before any row of `offer_limits`, as whoever issues a coupon does it.
  if (fresh.length > 0) await client.query('LOCK TABLE coupons IN SHARE ROW EXCLUSIVE MODE')
  await client.query('DELETE FROM offer_limits WHERE offer <> ALL ($1)', [limited.map(({ key }) => key)])
  await client.query(saveLimits, [JSON.stringify(limited.map(rowOf))])
  if (fresh.length > 0) await client.query(countCoupons, [JSON.stringify(fresh.map(rowOf))])
}

const saveLimits = `
  INSERT INTO offer_limits (offer, per_customer, from_pool, max_coupons, max_cost_cents, returns)
  SELECT offer, "perCustomer", "fromPool", "maxCoupons", "maxCostCents", returns
    FROM jsonb_to_recordset($1) AS g (
           offer text, "perCustomer" int, "fromPool" boolean, "maxCoupons" int, "maxCostCents" bigint, returns boolean)
  ON CONFLICT (offer) DO UPDATE
     SET per_customer = excluded.per_customer, from_pool = excluded.from_pool, max_coupons = excluded.max_coupons,
         max_cost_cents = excluded.max_cost_cents, returns = excluded.returns`

const countCoupons = `
  UPDATE offer_limits l SET issued = counted.coupons, cost_cents = counted.cents
    FROM jsonb_to_recordset($1) AS g (offer text, returns boolean, "mostCost" bigint)
   CROSS JOIN LATERAL (
     SELECT count(*) AS coupons, coalesce(sum(coalesce(c.cost_cents, g."mostCost", 0)), 0) AS cents FROM coupons c
      WHERE c.offer = g.offer AND NOT (g.returns AND c.status = 'expired')) AS counted
   WHERE l.offer = g.offer`

async function liveOffers(client: Queryable): Promise<OfferDefinition[]> {
  const { rows } = await client.query<{ key: string; version: string; document: unknown }>(
    `SELECT key, version, document FROM campaigns WHERE kind = 'offer' AND status = 'live'`,
  )
  return rows.flatMap((row) => {
    const result = checkDocument({ kind: 'offer', ...row })
    // One that this version of the product cannot read is told where it is loaded.
    return 'checked' in result && result.checked.kind === 'offer' ? [result.checked.definition] : []
  })
}

function isLimited({ codes, perCustomer, budget }: OfferDefinition): boolean {
  return codes.from === 'pool' || perCustomer !== null || budget !== null
}

function rowOf({ key, codes, perCustomer, budget, discount }: OfferDefinition) {
  return {
    offer: key,
    perCustomer,
    fromPool: codes.from === 'pool',
    maxCoupons: budget?.coupons ?? null,
    maxCostCents: budget?.costCents ?? null,
    returns: budget?.returns ?? false,
    mostCost: mostCostOf(discount),
  }
}
