/** Codes with which customers bring friends: one each, made when it is first asked for, and always the same. */

import { textArray, uuidArray } from '../binary-arrays.ts'
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
  return (await referralCodesOf(db, vault, [customerId], nowMs)).get(customerId)
}

/** By ascending id, so that pages side by side never wait for each other in a circle. */
const makeSql = `
  WITH made AS (
    INSERT INTO referral_codes (code, customer_id, created_at)
    SELECT given.code, c.id, $3 FROM unnest($1::uuid[], $2::text[]) AS given (id, code)
      JOIN customers c ON c.id = given.id AND c.merged_into IS NULL AND c.erasing_at IS NULL
     ORDER BY c.id
    ON CONFLICT DO NOTHING RETURNING customer_id, code
  )
  SELECT customer_id AS id, code FROM made
   UNION ALL SELECT customer_id, code FROM referral_codes WHERE customer_id = ANY ($1::uuid[])`

/** The codes of many, by id; without those who are not there. */
export async function referralCodesOf(
  db: Queryable,
  vault: Vault,
  customerIds: readonly string[],
  nowMs: number,
): Promise<Map<string, string>> {
  const { rows: known } = await db.query<{ id: string; code: string }>(
    'SELECT customer_id AS id, code FROM referral_codes WHERE customer_id = ANY ($1::uuid[])',
    [uuidArray(customerIds)],
  )
  const found = new Map(known.map(({ id, code }) => [id, code]))
  let missing = [...new Set(customerIds)].filter((id) => !found.has(id))
  for (let salt = 0; salt < mostSalts && missing.length > 0; salt++) {
    const codes = missing.map((id) => createIdentifiers(vault, id, salt).code('referral'))
    const { rows } = await db.query<{ id: string; code: string }>(makeSql, [
      uuidArray(missing),
      textArray(codes),
      new Date(nowMs),
    ])
    for (const { id, code } of rows) found.set(id, code)
    // Nobody has the code, and the customer did not get it: there is no such customer.
    const { rows: taken } = await db.query<{ code: string }>(
      'SELECT code FROM referral_codes WHERE code = ANY ($1::text[])',
      [textArray(codes)],
    )
    const others = new Set(taken.map(({ code }) => code))
    missing = missing.filter((id, i) => !found.has(id) && others.has(codes[i] as string))
  }
  return found
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
