/** Puts model customers into an empty database, set-based, and takes them out again. */

import { randomUUID } from 'node:crypto'
import type { Database } from '../../../src/store/database.ts'
import { categories, daysOf, keys, type ModelCustomer, nowMs, products } from './model-customer.ts'

const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())

/** What the customers refer to: once for a database. */
export async function writeCatalogue({ pool }: Database): Promise<void> {
  await pool.query(
    `INSERT INTO products (product_key, category, first_seen_at, updated_at)
     SELECT key, category, $3, $3 FROM unnest($1::text[], $2::text[]) AS r (key, category)`,
    [products, products.map((product) => categories[product] ?? null), iso(nowMs)],
  )
  await pool.query(`SELECT event_parts.ensure_month(date_trunc('month', $1::timestamptz AT TIME ZONE 'UTC')::date)`, [
    iso(nowMs),
  ])
  // Beside every live segment one that is over: nobody is in that any more.
  await pool.query(
    `INSERT INTO segments (kind, key, version, status, created_at, built_at)
     SELECT 'segment', key, status, status, $2, $2 FROM unnest($1::text[]) AS key, unnest(ARRAY['live', 'ended']) AS status`,
    [keys, iso(nowMs)],
  )
}

/** @returns their ids, in the same order. */
export async function writeCustomers({ pool }: Database, customers: readonly ModelCustomer[]): Promise<string[]> {
  const ids = customers.map(() => randomUUID())
  const insert = async (
    sql: string,
    rowsOf: (customer: ModelCustomer, id: string) => readonly object[],
  ): Promise<void> => {
    const rows = customers.flatMap((customer, i) => rowsOf(customer, ids[i] ?? ''))
    if (rows.length > 0)
      await pool.query(sql, sql.includes('$2') ? [JSON.stringify(rows), iso(nowMs)] : [JSON.stringify(rows)])
  }
  await insert(insertCustomers, (customer, id) => [customerRow(customer, id)])
  await insert(insertScores, ({ scores }, id) => scores.map((score) => ({ id, ...score })))
  await insert(insertContactPoints, ({ reachable }, id) => reachable.map((channel) => ({ id, channel })))
  await insert(insertConsents, ({ consents }, id) =>
    consents.map((word) => ({ id, ...word, given: iso(word.givenMs) })),
  )
  await insert(insertEvents, ({ events }, id) => events.map((event) => ({ id, ...event, at: iso(event.atMs) })))
  await insert(insertEventDays, ({ events }, id) =>
    daysOf(events).map((day) => ({ id, ...day, day: iso(day.dayMs), first: iso(day.firstMs), last: iso(day.lastMs) })),
  )
  await insert(insertOrders, ({ singleOrders }, id) =>
    singleOrders.map((order) => ({ id, ...order, order: randomUUID(), at: iso(order.atMs) })),
  )
  await insert(insertMembers, ({ segments }, id) => segments.map((key) => ({ id, key, status: 'live' })))
  await insert(insertMembers, ({ segments }, id) =>
    keys.filter((key) => !segments.includes(key)).map((key) => ({ id, key, status: 'ended' })),
  )
  await insert(insertRuns, ({ journeys }, id) => journeys.map((run, entry) => ({ id, ...run, entry: entry + 1 })))
  await insert(insertMatches, ({ matches }, id) => matches.map((match) => ({ id, ...match })))
  await insert(insertComputed, ({ computed }, id) =>
    Object.entries(computed).map(([name, value]) => ({ id, name, value })),
  )
  return ids
}

function customerRow(customer: ModelCustomer, id: string): object {
  return {
    id,
    ...customer.profile,
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
  }
}

const insertCustomers = `
  INSERT INTO customers (id, stage, stage_since, at_risk, traits, first_seen_at, last_seen_at, first_order_at,
                         last_order_at, order_count, revenue_cents, refunded_cents, discount_cents,
                         discounted_revenue_cents, currency, country, locale, email_domain, time_zone,
                         created_at, updated_at)
  SELECT id, stage, "stageSince", "atRisk", traits, "firstSeen", "lastSeen", "firstOrder", "lastOrder", count, revenue,
         refunded, "discountCents", "discountedRevenueCents", 'EUR', country, locale, "emailDomain", "timeZone", $2, $2
  FROM jsonb_to_recordset($1) AS r (id uuid, stage text, "stageSince" timestamptz, "atRisk" boolean, traits jsonb,
    "firstSeen" timestamptz, "lastSeen" timestamptz, "firstOrder" timestamptz, "lastOrder" timestamptz, count int,
    revenue bigint, refunded bigint, "discountCents" bigint, "discountedRevenueCents" bigint, country text, locale text,
    "emailDomain" text, "timeZone" text)`

const insertScores = `
  INSERT INTO scores (customer_id, kind, value, tier, model_id, scored_at)
  SELECT id, kind, value, tier, gen_random_uuid(), $2
  FROM jsonb_to_recordset($1) AS r (id uuid, kind text, value float8, tier text)`

const insertContactPoints = `
  INSERT INTO contact_points (id, customer_id, channel, address, address_hash, created_at)
  SELECT gen_random_uuid(), id, channel, '\\x00', sha256(id::text::bytea), $2
  FROM jsonb_to_recordset($1) AS r (id uuid, channel text)`

const insertConsents = `
  INSERT INTO consents (customer_id, channel, topic, status, given_at, source, method)
  SELECT id, channel, topic, status, given, 'test', 'form'
  FROM jsonb_to_recordset($1) AS r (id uuid, channel text, topic text, status text, given timestamptz)`

const insertEvents = `
  INSERT INTO events (message_id, type, name, occurred_at, received_at, properties, customer_id, handled_at)
  SELECT gen_random_uuid(), kind, name, at, $2, properties, id, $2
  FROM jsonb_to_recordset($1) AS r (id uuid, kind text, name text, at timestamptz, properties jsonb)`

const insertEventDays = `
  INSERT INTO event_days (customer_id, name, day, count, first_at, last_at)
  SELECT id, key, (day AT TIME ZONE 'UTC')::date, count, first, last
  FROM jsonb_to_recordset($1) AS r (id uuid, key text, day timestamptz, count int, first timestamptz, last timestamptz)`

const insertOrders = `
  WITH given AS (
    SELECT * FROM jsonb_to_recordset($1) AS r ("order" uuid, id uuid, at timestamptz, "revenueCents" bigint,
      currency text, "isCancelled" boolean, products jsonb)
  ), placed AS (
    INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency, cancelled_at)
    SELECT "order", id, "order"::text, at, "revenueCents", currency, CASE WHEN "isCancelled" THEN at END FROM given
  )
  INSERT INTO order_lines (order_id, position, product_key, quantity, price_cents)
  SELECT "order", position, product, 1, 100
  FROM given, jsonb_array_elements_text(products) WITH ORDINALITY AS line (product, position)`

const insertMembers = `
  INSERT INTO segment_members (segment_id, customer_id, since)
  SELECT s.id, r.id, $2 FROM jsonb_to_recordset($1) AS r (id uuid, key text, status text)
  JOIN segments s ON s.key = r.key AND s.status = r.status`

const insertRuns = `
  INSERT INTO journey_runs (id, customer_id, journey, version, entry_number, status, step_since, entered_at)
  SELECT gen_random_uuid(), id, journey, 'v1', entry, status, $2, $2
  FROM jsonb_to_recordset($1) AS r (id uuid, journey text, status text, entry int)`

const insertMatches = `
  INSERT INTO customer_matches (customer_id, kind, key)
  SELECT id, kind, key FROM jsonb_to_recordset($1) AS r (id uuid, kind text, key text)`

const insertComputed = `
  INSERT INTO computed_traits (customer_id, name, value)
  SELECT id, name, coalesce(value, 'null') FROM jsonb_to_recordset($1) AS r (id uuid, name text, value jsonb)`

const tables =
  'customers scores contact_points consents events event_days orders order_lines segment_members journey_runs customer_matches computed_traits'

export async function removeCustomers({ pool }: Database): Promise<void> {
  await pool.query(
    tables
      .split(' ')
      .map((table) => `DELETE FROM ${table}`)
      .join('; '),
  )
}
