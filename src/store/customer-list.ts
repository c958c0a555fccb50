/** Customers as lists show them, newest first, found by id, the shop's id, or address. Nothing personal. */

import { normaliseEmail, normalisePhone } from './addresses.ts'
import type { Queryable } from './database.ts'
import type { Vault } from './vault.ts'

export interface ListedCustomer {
  readonly id: string
  readonly externalId: string | null
  readonly stage: string
  readonly stageSince: Date
  readonly atRisk: boolean
  readonly firstSeenAt: Date
  readonly lastSeenAt: Date
  readonly orderCount: number
  readonly revenueCents: number
  readonly currency: string | null
  /** By kind: `churn`, `clv`. */
  readonly scores: Readonly<Record<string, { readonly value: number; readonly tier: string | null }>>
}

export interface CustomerQuery {
  /** An id, the beginning of the shop's id, a whole e-mail address or phone number. */
  readonly search?: string | undefined
  /** An id of the shop, in full; also one that came with a customer who is part of another one now. */
  readonly externalId?: string | undefined
  readonly stage?: string | undefined
  readonly limit: number
  /** The id of the last customer of the page before. */
  readonly after?: string | undefined
}

export interface CustomerPage {
  /** Of all that fit, on all pages. */
  readonly total: number
  readonly customers: readonly ListedCustomer[]
  /** Give this as `after` for the next page; null on the last one. */
  readonly next: string | null
}

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

export function isUuid(text: string): boolean {
  return uuid.test(text)
}

export async function listCustomers(client: Queryable, vault: Vault, query: CustomerQuery): Promise<CustomerPage> {
  const { where, values } = conditions(query, vault)
  const count = client.query<{ total: number }>(`SELECT count(*) AS total FROM customers c WHERE ${where}`, values)
  const list = client.query<ListedCustomer>(
    `SELECT c.id, c.external_id AS "externalId", c.stage, c.stage_since AS "stageSince", c.at_risk AS "atRisk",
            c.first_seen_at AS "firstSeenAt", c.last_seen_at AS "lastSeenAt", c.order_count AS "orderCount",
            c.revenue_cents AS "revenueCents", c.currency,
            coalesce((SELECT json_object_agg(s.kind, json_build_object('value', s.value, 'tier', s.tier))
                      FROM scores s WHERE s.customer_id = c.id), '{}') AS scores
     FROM customers c WHERE ${where} AND ($${values.length + 1}::uuid IS NULL OR c.id < $${values.length + 1})
     ORDER BY c.id DESC LIMIT $${values.length + 2}`,
    [...values, query.after ?? null, query.limit + 1],
  )
  const [{ rows: counted }, { rows }] = await Promise.all([count, list])
  const customers = rows.slice(0, query.limit)
  const next = rows.length > query.limit ? (customers.at(-1)?.id ?? null) : null
  return { total: counted[0]?.total ?? 0, customers, next }
}

export type BriefCustomer = Pick<
  ListedCustomer,
  'id' | 'externalId' | 'stage' | 'orderCount' | 'revenueCents' | 'currency'
>

/** What a list shows of these customers, by id. */
export async function briefCustomers(client: Queryable, ids: readonly string[]): Promise<Map<string, BriefCustomer>> {
  const { rows } = await client.query<BriefCustomer>(
    `SELECT id, external_id AS "externalId", stage, order_count AS "orderCount", revenue_cents AS "revenueCents", currency
     FROM customers WHERE id = ANY ($1::uuid[])`,
    [ids],
  )
  return new Map(rows.map((row) => [row.id, row]))
}

/** Those who are not part of somebody else. */
export async function countCustomers(client: Queryable): Promise<number> {
  const { rows } = await client.query<{ total: number }>(
    'SELECT count(*) AS total FROM customers WHERE merged_into IS NULL',
  )
  return rows[0]?.total ?? 0
}

function conditions({ search, externalId, stage }: CustomerQuery, vault: Vault): { where: string; values: unknown[] } {
  const parts = ['c.merged_into IS NULL']
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  if (stage !== undefined) parts.push(`c.stage = ${bind(stage)}`)
  if (externalId !== undefined) {
    parts.push(`c.id IN (SELECT customer_id FROM identities WHERE kind = 'user' AND value = ${bind(externalId)})`)
  }
  if (search === undefined || search.trim() === '') return { where: parts.join(' AND '), values }

  const text = search.trim()
  const hashes = addressHashes(text, vault)
  const found = [
    `SELECT customer_id FROM identities WHERE kind = 'user' AND value LIKE ${bind(`${likePattern(text)}%`)}`,
    `SELECT customer_id FROM identities WHERE kind IN ('email', 'phone')
       AND value = ANY (${bind(hashes.map((hash) => hash.toString('hex')))}::text[])`,
    `SELECT customer_id FROM contact_points WHERE address_hash = ANY (${bind(hashes)}::bytea[])`,
    ...(isUuid(text) ? [`SELECT ${bind(text)}::uuid`] : []),
  ]
  parts.push(`c.id IN (${found.join(' UNION ')})`)
  return { where: parts.join(' AND '), values }
}

/** As which addresses the text can be read: none, for most texts. */
function addressHashes(text: string, vault: Vault): Buffer[] {
  const email = text.includes('@') ? normaliseEmail(text) : undefined
  const phone = /^\+[\d ().-]{6,30}$/.test(text) ? normalisePhone(text) : undefined
  return [
    ...(email === undefined ? [] : [vault.lookupHash('email', email)]),
    ...(phone === undefined ? [] : [vault.lookupHash('phone', phone.e164)]),
  ]
}

function likePattern(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`)
}
