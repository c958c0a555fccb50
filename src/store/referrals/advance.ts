/**
 * A referral on its way, a step at a time, each in a transaction under locks on the two customers: checked, accepted,
 * bought, waited for, rewarded, perhaps taken back. Whoever comes second finds it moved on, and a crash has done nothing.
 */

import type { Definitions, OfferDefinition } from '../../domain/definitions.ts'
import type { ReferralProgram } from '../../domain/referral-schema.ts'
import type { Database, Queryable } from '../database.ts'
import type { Vault } from '../vault.ts'
import { tellOfReferral } from './referral-events.ts'
import { changeReferral, lockReferral, type Referral, type ReferralChange, takenBack } from './referral-rows.ts'
import { issueReward, type Reward, takeBackReward } from './rewards.ts'
import { findFraudSign } from './signs.ts'

export interface AdvanceNeeds {
  readonly database: Pick<Database, 'transaction'>
  readonly vault: Vault
  readonly definitions: Pick<Definitions, 'offers'>
  readonly program: ReferralProgram
  readonly nowMs: number
}

/** @returns whether anything changed. */
export function advanceReferral(needs: AdvanceNeeds, id: string): Promise<boolean> {
  return needs.database.transaction(async (client) => {
    const referral = await lockReferral(client, id)
    const change = referral && (await nextOf({ ...needs, client, referral }))
    if (referral === undefined || change === undefined) return false
    await changeReferral(client, referral, change, needs.nowMs)
    return true
  })
}

interface Step extends Omit<AdvanceNeeds, 'database'> {
  readonly client: Queryable
  readonly referral: Referral
}

function nextOf(step: Step): Promise<ReferralChange | undefined> | undefined {
  switch (step.referral.status) {
    case 'new':
      return accept(step)
    case 'open':
      return awaitOrder(step)
    case 'qualified':
      return awaitDue(step)
    case 'rewarded':
      return clawBack(step)
    case 'held':
    case 'rejected':
    case 'expired':
    case 'clawed_back':
      return undefined
  }
}

async function accept(step: Step): Promise<ReferralChange> {
  const { client, referral, program, nowMs } = step
  const sign = await fraudSignOf(step)
  if (sign !== undefined) return { status: 'held', reason: sign }
  const reward = await rewardFor(step, 'friend', referral.friendId, program.friendOffer)
  const present = toProperties(reward, program.friendOffer)
  await tellOfReferral(
    client,
    { referralId: referral.id, customerId: referral.friendId, name: 'Referral Accepted', properties: present },
    nowMs,
  )
  await tellOfReferral(
    client,
    { referralId: referral.id, customerId: referral.referrerId, name: 'Referral Joined', properties: {} },
    nowMs,
  )
  return { status: 'open', friendCouponId: couponOf(reward), reason: refusalOf(reward, 'friend') }
}

/** Whom a person has looked at is not looked at again. */
async function fraudSignOf({ client, vault, referral, program }: Step): Promise<string | undefined> {
  return referral.releasedAt === null ? findFraudSign(client, vault, referral, program.velocity) : undefined
}

interface FirstOrder {
  readonly id: string
  readonly orderedAt: Date
  readonly cents: number
  readonly gone: boolean
}

/** The first order of all decides: a later one is no first order. One that was taken back at once never was one. */
async function awaitOrder({ client, referral, program, nowMs }: Step): Promise<ReferralChange | undefined> {
  const { rows } = await client.query<FirstOrder>(
    `SELECT o.id, o.ordered_at AS "orderedAt", o.revenue_cents - o.refunded_cents AS cents, ${takenBack} AS gone
       FROM orders o WHERE o.customer_id = $1 ORDER BY o.ordered_at, o.id`,
    [referral.friendId],
  )
  const [earliest] = rows
  if (earliest !== undefined && earliest.orderedAt < referral.attributedAt)
    return { status: 'rejected', reason: 'customer-before' }
  const lastMs = referral.attributedAt.getTime() + program.orderWithinMs
  const first = rows.find(({ gone, cents }) => !gone && cents >= program.leastOrderCents)
  if (first !== undefined && first.orderedAt.getTime() <= lastMs)
    return { status: 'qualified', orderId: first.id, dueAt: new Date(first.orderedAt.getTime() + program.holdMs) }
  return nowMs > lastMs ? { status: 'expired', reason: 'no-order' } : undefined
}

async function awaitDue(step: Step): Promise<ReferralChange | undefined> {
  const { client, referral, program, nowMs } = step
  if (await isTakenBack(client, referral)) return { status: 'rejected', reason: 'refunded' }
  if (referral.dueAt !== null && referral.dueAt.getTime() > nowMs) return undefined
  // The order may have told what nobody knew before.
  const sign = await fraudSignOf(step)
  if (sign !== undefined) return { status: 'held', reason: sign }
  const reward = await rewardFor(step, 'referrer', referral.referrerId, program.referrerOffer)
  await tellOfReferral(
    client,
    {
      referralId: referral.id,
      customerId: referral.referrerId,
      name: 'Referral Rewarded',
      properties: toProperties(reward, program.referrerOffer),
    },
    nowMs,
  )
  return { status: 'rewarded', referrerCouponId: couponOf(reward), reason: refusalOf(reward, 'referrer') }
}

async function clawBack({ client, referral, nowMs }: Step): Promise<ReferralChange | undefined> {
  if (!(await isTakenBack(client, referral))) return undefined
  const coupon = referral.referrerCouponId
  const wasUnused = coupon === null || (await takeBackReward(client, coupon, nowMs))
  await tellOfReferral(
    client,
    {
      referralId: referral.id,
      customerId: referral.referrerId,
      name: 'Referral Clawed Back',
      properties: { was_redeemed: !wasUnused },
    },
    nowMs,
  )
  return { status: 'clawed_back', reason: wasUnused ? 'refunded' : 'refunded, after the reward was redeemed' }
}

async function isTakenBack(client: Queryable, { orderId }: Referral): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT FROM (SELECT $1::uuid AS id) AS wanted LEFT JOIN orders o ON o.id = wanted.id WHERE ${takenBack}`,
    [orderId],
  )
  return rows.length > 0
}

/** Null: the program has none for this side. A text: why there is none this time. */
async function rewardFor(
  { client, vault, definitions, referral, nowMs }: Step,
  side: 'friend' | 'referrer',
  customerId: string,
  offerKey: string | null,
): Promise<Reward | string | null> {
  if (offerKey === null) return null
  const offer: OfferDefinition | undefined = definitions.offers.get(offerKey)
  if (offer === undefined) return 'offer-unknown'
  return issueReward(client, vault, { referralId: referral.id, side, customerId, offer, nowMs })
}

function couponOf(reward: Reward | string | null): string | null {
  return typeof reward === 'object' && reward !== null ? reward.couponId : null
}

function refusalOf(reward: Reward | string | null, side: string): string | null {
  return typeof reward === 'string' ? `no reward for the ${side}: ${reward}` : null
}

/** For templates: a code tells nobody who somebody is. */
function toProperties(reward: Reward | string | null, offer: string | null): Record<string, string> {
  return typeof reward === 'object' && reward !== null && offer !== null ? { coupon: reward.code, offer } : {}
}
