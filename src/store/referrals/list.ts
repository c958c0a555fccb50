/** Referrals for people: which there are, in numbers, and what a person decides of those that are held. */

import type { Database, Queryable } from '../database.ts'
import { changeReferral, lockReferral, type Referral, referralColumns } from './referral-rows.ts'

export interface ReferralPage {
  readonly status?: string | undefined
  readonly customerId?: string | undefined
  readonly limit: number
  readonly after?: string | undefined
}

/** By id; of a customer: whom they brought, and who brought them. */
export async function listReferrals(
  db: Queryable,
  { status, customerId, limit, after }: ReferralPage,
): Promise<Referral[]> {
  const { rows } = await db.query<Referral>(
    `SELECT ${referralColumns} FROM referrals
      WHERE ($1::text IS NULL OR status = $1) AND ($2::uuid IS NULL OR $2 IN (referrer_id, friend_id))
        AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4`,
    [status ?? null, customerId ?? null, after ?? null, limit],
  )
  return rows
}

export async function countReferrals(db: Queryable): Promise<Readonly<Record<string, number>>> {
  const { rows } = await db.query<{ status: string; count: number }>(
    'SELECT status, count(*) FROM referrals GROUP BY status ORDER BY status',
  )
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]))
}

export type Judged =
  | { readonly result: 'done' | 'not-held'; readonly referral: Referral }
  | { readonly result: 'unknown' }

/** What is held goes on where it was stopped, or ends. */
export function judgeReferral(
  db: Pick<Database, 'transaction'>,
  id: string,
  decision: 'release' | 'reject',
  nowMs: number,
): Promise<Judged> {
  return db.transaction(async (client) => {
    const referral = await lockReferral(client, id)
    if (referral === undefined) return { result: 'unknown' }
    if (referral.status !== 'held') return { result: 'not-held', referral }
    const going = referral.orderId === null ? 'new' : 'qualified'
    const change =
      decision === 'release'
        ? ({ status: going, reason: null, releasedAt: new Date(nowMs) } as const)
        : ({ status: 'rejected', reason: `by hand, after ${referral.reason}` } as const)
    await changeReferral(client, referral, change, nowMs)
    return { result: 'done', referral: { ...referral, ...change } }
  })
}
