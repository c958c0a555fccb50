/** Puts model customers into an empty database, set-based, and takes them out again. */

import { randomUUID } from 'node:crypto'
import type { Database } from '../../../src/store/database.ts'
import { type ModelCustomer, nowMs } from './model-customer.ts'

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/** @returns their ids, in the same order. */
export async function writeCustomers({ pool }: Database, customers: readonly ModelCustomer[]): Promise<string[]> {
  const ids = customers.map(() => randomUUID())
  const each = (rowsOf: (customer: ModelCustomer, id: string) => readonly object[]): string =>
    JSON.stringify(customers.flatMap((customer, i) => rowsOf(customer, ids[i] ?? '')))
  await pool.query(
    `INSERT INTO customers (id, stage, stage_since, at_risk, traits, first_seen_at, last_seen_at, first_order_at,
                            last_order_at, order_count, revenue_cents, refunded_cents, created_at, updated_at)
     SELECT id, stage, "stageSince", "atRisk", traits, "firstSeen", "lastSeen", "firstOrder", "lastOrder", count, revenue,
            refunded, $2, $2
     FROM jsonb_to_recordset($1) AS r (id uuid, stage text, "stageSince" timestamptz, "atRisk" boolean, traits jsonb,
       "firstSeen" timestamptz, "lastSeen" timestamptz, "firstOrder" timestamptz, "lastOrder" timestamptz, count int,
       revenue bigint, refunded bigint)`,
    [
      each((customer, id) => [
        {
          id,
          stage: customer.stage,
          stageSince: iso(customer.stageSinceMs),
          atRisk: customer.atRisk,
          traits: customer.traits,
          firstSeen: iso(customer.firstSeenMs),
          lastSeen: iso(customer.lastSeenMs),
          firstOrder: iso(customer.orders.firstOrderMs),
          lastOrder: iso(customer.orders.lastOrderMs),
          count: customer.orders.count,
          revenue: customer.orders.revenueCents,
          refunded: customer.orders.refundedCents,
        },
      ]),
      iso(nowMs),
    ],
  )
  await pool.query(
    `INSERT INTO scores (customer_id, kind, value, tier, model_id, scored_at)
     SELECT id, kind, value, tier, gen_random_uuid(), $2
     FROM jsonb_to_recordset($1) AS r (id uuid, kind text, value float8, tier text)`,
    [each(({ scores }, id) => scores.map((score) => ({ id, ...score }))), iso(nowMs)],
  )
  await pool.query(
    `INSERT INTO contact_points (id, customer_id, channel, address, address_hash, created_at)
     SELECT gen_random_uuid(), id, channel, '\\x00', sha256(id::text::bytea), $2
     FROM jsonb_to_recordset($1) AS r (id uuid, channel text)`,
    [each(({ reachable }, id) => reachable.map((channel) => ({ id, channel }))), iso(nowMs)],
  )
  await pool.query(
    `INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
     SELECT id, channel, topic, status, given, 'test', 'form'
     FROM jsonb_to_recordset($1) AS r (id uuid, channel text, topic text, status text, given timestamptz)`,
    [each(({ consents }, id) => consents.map((word) => ({ id, ...word, given: iso(word.givenMs) })))],
  )
  return ids
}

export async function removeCustomers({ pool }: Database): Promise<void> {
  await pool.query('DELETE FROM customers')
  await pool.query('DELETE FROM scores')
  await pool.query('DELETE FROM contact_points')
  await pool.query('DELETE FROM consents')
}
