/** Who was brought by whom: the first code that somebody comes with counts, and only before their first order. */

import { randomUUID } from 'node:crypto'
import type { Queryable } from '../database.ts'
import { standsForSql } from '../stands-for.ts'

export interface ComesWithCode {
  readonly customerId: string
  readonly code: string
  readonly atMs: number
}

/**
 * Writes who came with whose code, in one statement, in the caller's transaction, which holds locks on these customers.
 * Unknown codes, one's own, and whoever has bought before or was brought before are passed over.
 */
export async function attributeReferrals(
  client: Queryable,
  given: readonly ComesWithCode[],
  nowMs: number,
): Promise<void> {
  const firsts = new Map<string, ComesWithCode>()
  for (const one of given) {
    const known = firsts.get(one.customerId)
    if (known === undefined || one.atMs < known.atMs) firsts.set(one.customerId, one)
  }
  if (firsts.size === 0) return
  const rows = [...firsts.values()].sort((a, b) => (a.customerId < b.customerId ? -1 : 1))
  await client.query({
    name: 'attribute-referrals',
    text: `
      INSERT INTO referrals (id, code, referrer_id, friend_id, status, attributed_at, updated_at)
      SELECT given.id, k.code, referrer.id, given.friend, 'new', given.at, $5
        FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[]) AS given (id, friend, code, at)
        JOIN referral_codes k ON k.code = given.code
        JOIN customers owner ON owner.id = k.customer_id
        JOIN customers referrer ON referrer.id = ${standsForSql('owner')} AND referrer.erasing_at IS NULL
       WHERE referrer.id <> given.friend
         AND NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = given.friend AND o.ordered_at < given.at)
       ORDER BY given.friend
      ON CONFLICT (friend_id) DO NOTHING`,
    values: [
      rows.map(() => randomUUID()),
      rows.map(({ customerId }) => customerId),
      rows.map(({ code }) => code),
      rows.map(({ atMs }) => new Date(atMs)),
      new Date(nowMs),
    ],
  })
}
