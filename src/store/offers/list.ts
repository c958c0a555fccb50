/** What became of each offer: issued, redeemed, left, and what it cost. */

import { checkDocument } from '../../domain/campaign-documents.ts'
import type { OfferDefinition } from '../../domain/definitions.ts'
import { currencyOf, mostCostOf } from '../../domain/offer-cost.ts'
import type { Queryable } from '../database.ts'

export interface OfferRow {
  readonly key: string
  readonly name: string
  readonly codes: 'generated' | 'pool'
  readonly perCustomer: number | null
  /** All that were ever issued. */
  readonly issued: number
  readonly redeemed: number
  readonly expired: number
  /** Issued, and neither redeemed nor given up. */
  readonly open: number
  /** How many more can be issued; null: any number. */
  readonly left: number | null
  readonly budget: { readonly coupons: number | null; readonly counted: number; readonly returns: boolean } | null
  readonly cost: OfferCost
  /** Codes of the pool; null without a pool. */
  readonly pool: { readonly loaded: number; readonly free: number } | null
}

/** In minor units. */
export interface OfferCost {
  /** Null: that of the orders. */
  readonly currency: string | null
  /** By what was redeemed. */
  readonly spentCents: number
  /** What is open could cost so much more. */
  readonly reservedCents: number
  readonly budgetCents: number | null
  readonly leftCents: number | null
}

interface Found {
  readonly key: string
  readonly version: string
  readonly document: unknown
  readonly issued: number
  readonly redeemed: number
  readonly expired: number
  readonly open: number
  readonly spent: number
  readonly reserved: number
  readonly loaded: number
  readonly free: number
  readonly counted: number | null
  readonly countedCents: number | null
}

const findOffers = `
  SELECT k.key, k.version, k.document, c.*, p.*, l.issued AS counted, l.cost_cents AS "countedCents"
    FROM campaigns k
    LEFT JOIN offer_limits l ON l.offer = k.key
   CROSS JOIN LATERAL (
     SELECT count(*) AS issued, count(*) FILTER (WHERE status = 'redeemed') AS redeemed,
            count(*) FILTER (WHERE status = 'expired') AS expired, count(*) FILTER (WHERE status = 'issued') AS open,
            coalesce(sum(cost_cents) FILTER (WHERE status = 'redeemed'), 0)::bigint AS spent,
            coalesce(sum(cost_cents) FILTER (WHERE status = 'issued'), 0)::bigint AS reserved
       FROM coupons WHERE offer = k.key) AS c
   CROSS JOIN LATERAL (
     SELECT count(*) AS loaded, count(*) FILTER (WHERE coupon_id IS NULL) AS free
       FROM offer_codes WHERE offer = k.key) AS p
   WHERE k.kind = 'offer' AND k.status = 'live' AND ($1::text IS NULL OR k.key = $1)
   ORDER BY k.key`

/** All live offers, or the one that is asked for. */
export async function listOffers(client: Queryable, key: string | null = null): Promise<OfferRow[]> {
  const { rows } = await client.query<Found>(findOffers, [key])
  return rows.flatMap((row) => {
    const result = checkDocument({ kind: 'offer', ...row })
    return 'checked' in result && result.checked.kind === 'offer' ? [toRow(result.checked.definition, row)] : []
  })
}

function toRow(offer: OfferDefinition, row: Found): OfferRow {
  const { key, name, codes, perCustomer, budget } = offer
  const counted = row.counted ?? 0
  const cost = costOf(offer, row)
  const limits = [
    ...(budget?.coupons == null ? [] : [Math.max(0, budget.coupons - counted)]),
    ...(cost.leftCents === null ? [] : [Math.floor(cost.leftCents / mostCost(offer))]),
    ...(codes.from === 'pool' ? [row.free] : []),
  ]
  return {
    key,
    name,
    codes: codes.from === 'pool' ? 'pool' : 'generated',
    perCustomer,
    issued: row.issued,
    redeemed: row.redeemed,
    expired: row.expired,
    open: row.open,
    left: limits.length === 0 ? null : Math.min(...limits),
    budget: budget === null ? null : { coupons: budget.coupons, counted, returns: budget.returns },
    cost,
    pool: codes.from === 'pool' ? { loaded: row.loaded, free: row.free } : null,
  }
}

function costOf({ budget, discount }: OfferDefinition, row: Found): OfferCost {
  const budgetCents = budget?.costCents ?? null
  return {
    currency: currencyOf(discount),
    spentCents: row.spent,
    reservedCents: row.reserved,
    budgetCents,
    leftCents: budgetCents === null ? null : Math.max(0, budgetCents - (row.countedCents ?? 0)),
  }
}

function mostCost({ discount }: OfferDefinition): number {
  return Math.max(1, mostCostOf(discount) ?? 1)
}
