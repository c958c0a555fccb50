/** Coupons for those who bring and who are brought: out of offers, within their budgets, once for each side. */

import type { OfferDefinition } from '../../domain/definitions.ts'
import { mostCostOf } from '../../domain/offer-cost.ts'
import type { Queryable } from '../database.ts'
import { createIdentifiers } from '../identifiers.ts'
import { CouponsRefusedError, reserveCoupons, takeCodes } from '../offers/reserve.ts'
import type { Vault } from '../vault.ts'

export interface Reward {
  readonly couponId: string
  readonly code: string
}

export interface RewardRequest {
  readonly referralId: string
  readonly side: 'friend' | 'referrer'
  readonly customerId: string
  readonly offer: OfferDefinition
  readonly nowMs: number
}

/**
 * Issues a coupon. Call it in a transaction that holds the customer's lock: then their limit holds, and asked again it
 * gives the same coupon.
 *
 * @returns the rule that stands against it, as journeys say it.
 */
export async function issueReward(client: Queryable, vault: Vault, request: RewardRequest): Promise<Reward | string> {
  const { offer, customerId, referralId, side, nowMs } = request
  const identifiers = createIdentifiers(vault, customerId)
  const id = identifiers.id(`referral:${referralId}:${side}`)
  const { rows: known } = await client.query<{ code: string }>('SELECT code FROM coupons WHERE id = $1', [id])
  if (known[0] !== undefined) return { couponId: id, code: known[0].code }
  if (await hasHadEnough(client, customerId, offer)) return 'offer-limit'

  const made =
    offer.codes.from === 'pool' ? null : `${offer.codes.prefix}-${identifiers.code(`referral:${referralId}:${side}`)}`
  const expiresAtMs = offer.validForMs === null ? null : nowMs + offer.validForMs
  const coupon = { id, offer: offer.key, code: made, costCents: mostCostOf(offer.discount), expiresAtMs }
  await client.query('SAVEPOINT reward')
  try {
    const code = made ?? (await takeCodes(client, [{ customerId, coupon }])).get(id)
    await client.query(
      `INSERT INTO coupons (id, offer, code, customer_id, status, cost_cents, issued_at, expires_at)
       VALUES ($1, $2, $3, $4, 'issued', $5, $6, $7)`,
      [id, offer.key, code, customerId, coupon.costCents, new Date(nowMs), expiresAtMs && new Date(expiresAtMs)],
    )
    await reserveCoupons(client, [{ customerId, coupon }])
    await client.query('RELEASE SAVEPOINT reward')
    return { couponId: id, code: code ?? '' }
  } catch (error) {
    if (!(error instanceof CouponsRefusedError)) throw error
    await client.query('ROLLBACK TO SAVEPOINT reward')
    return error.refusals[0]?.rule ?? 'offer-budget'
  }
}

async function hasHadEnough(client: Queryable, customerId: string, { key, perCustomer }: OfferDefinition) {
  if (perCustomer === null) return false
  const { rows } = await client.query<{ count: number }>(
    'SELECT count(*) FROM coupons WHERE customer_id = $1 AND offer = $2',
    [customerId, key],
  )
  return (rows[0]?.count ?? 0) >= perCustomer
}

/**
 * Takes a coupon back: no later order redeems it, and it is settled as an expired one.
 *
 * @returns false if it was redeemed already.
 */
export async function takeBackReward(client: Queryable, couponId: string, nowMs: number): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE coupons SET expires_at = least(expires_at, $2) WHERE id = $1 AND status <> 'redeemed'`,
    [couponId, new Date(nowMs)],
  )
  return (rowCount ?? 0) > 0
}
