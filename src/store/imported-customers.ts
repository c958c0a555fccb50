/** Customers that files of orders name, many at once. */

import type { Queryable } from './database.ts'

/** Whom the shop's ids name, of those that are known. */
export async function findShopCustomers(client: Queryable, shopIds: readonly string[]): Promise<Map<string, string>> {
  const { rows } = await client.query<{ value: string; id: string }>({
    name: 'find-shop-customers',
    text: `SELECT value, customer_id AS id FROM identities WHERE kind = 'user' AND value = ANY ($1::text[])`,
    values: [shopIds],
  })
  return new Map(rows.map(({ value, id }) => [value, id]))
}

/** @returns how many of them are there and not merged into others; those are locked. */
export async function lockUnmerged(client: Queryable, customerIds: readonly string[]): Promise<number> {
  if (customerIds.length === 0) return 0
  const { rowCount } = await client.query({
    name: 'lock-unmerged-customers',
    text: `
      SELECT FROM customers WHERE id = ANY ($1::uuid[]) AND merged_into IS NULL ORDER BY id FOR UPDATE`,
    values: [customerIds],
  })
  return rowCount ?? 0
}
