/** Codes with which customers bring friends: one each, made when it is first asked for, and always the same. */

import type { Queryable } from '../database.ts'
import { createIdentifiers } from '../identifiers.ts'
import type { Vault } from '../vault.ts'

/** A code that somebody else has already is made anew with another salt. */
const mostSalts = 5

/** The customer's code; undefined if there is no such customer. */
export async function referralCodeOf(
  db: Queryable,
  vault: Vault,
  customerId: string,
  nowMs: number,
): Promise<string | undefined> {
  for (let salt = 0; salt < mostSalts; salt++) {
    const code = createIdentifiers(vault, customerId, salt).code('referral')
    const { rows } = await db.query<{ code: string }>(
      `WITH made AS (
         INSERT INTO referral_codes (code, customer_id, created_at)
         SELECT $2, id, $3 FROM customers WHERE id = $1 AND merged_into IS NULL AND erasing_at IS NULL
         ON CONFLICT DO NOTHING RETURNING code
       )
       SELECT code FROM made UNION ALL SELECT code FROM referral_codes WHERE customer_id = $1 LIMIT 1`,
      [customerId, code, new Date(nowMs)],
    )
    if (rows[0] !== undefined) return rows[0].code
    const { rows: taken } = await db.query('SELECT FROM referral_codes WHERE code = $1', [code])
    if (taken.length === 0) return undefined
  }
  return undefined
}

/** Whether somebody has this code. */
export async function isReferralCode(db: Queryable, code: string): Promise<boolean> {
  const { rows } = await db.query('SELECT FROM referral_codes WHERE code = $1', [code])
  return rows.length > 0
}

/** What friends open. */
export function referralUrl(publicUrl: string, code: string): string {
  return new URL(`/r/${code}`, publicUrl).href
}
