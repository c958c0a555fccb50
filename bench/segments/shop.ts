/**
 * A shop of many customers with ten events each, loaded set-based. Seeded: the same numbers give the same shop. Skewed like
 * a real one: few customers do most of it, most of it happened lately, and most people never order.
 */

import type { Database, Queryable } from '../../src/store/database.ts'
import { signalEvent } from './documents.ts'

const eventsPerCustomer = 10
/** So many connections load at a time. */
const cores = 2

/** Pseudo-random numbers from 0 to 1 that only depend on the row, the purpose and the seed. */
function chance(row: string, purpose: number): string {
  return `((hashint8extended(${row}, ${7_000_000 + purpose * 7919}) & 2147483647)::float8 / 2147483648)`
}

/** UUIDs of version 7 that ascend with the number, as those of customers who came one after the other do. */
function customerId(i: string): string {
  const random = `md5('customer ' || ${i})`
  return `(lpad(to_hex(1700000000000 + ${i} * 20), 12, '0') || '7' || substr(${random}, 1, 3) || '8'
           || substr(${random}, 4, 15))::uuid`
}

export interface Shop {
  readonly customers: number
  /** The shop's present: what happened, happened in the year before. */
  readonly nowMs: number
}

/** The shop that a migrated database holds; made if there is none. @throws if it holds another one, or half of one. */
export async function openShop(db: Database, customers: number, say: (line: string) => void): Promise<Shop> {
  const { pool } = db
  const { rows: tables } = await pool.query(`SELECT FROM pg_tables WHERE tablename = 'bench_shop'`)
  if (tables.length === 0) {
    const startedAt = performance.now()
    const nowMs = Date.now()
    await pool.query('CREATE TABLE bench_shop (customers int NOT NULL, now_ms bigint NOT NULL)')
    await buildShop(db, customers, nowMs)
    await pool.query('INSERT INTO bench_shop VALUES ($1, $2)', [customers, nowMs])
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    say(`a shop of ${customers} customers and ${customers * eventsPerCustomer} events in ${seconds} s`)
    return { customers, nowMs }
  }
  const { rows } = await pool.query<Shop>('SELECT customers, now_ms AS "nowMs" FROM bench_shop')
  const [known] = rows
  if (known === undefined) throw new Error('the shop that was kept is not complete: its making was stopped')
  if (known.customers !== customers) throw new Error(`the shop that was kept has ${known.customers} customers`)
  // What the bench itself let happen.
  await pool.query('DELETE FROM events WHERE name = $1', [signalEvent])
  await pool.query('DELETE FROM event_days WHERE name = $1', [signalEvent])
  return known
}

/** Reads everything once, as a shop that is at work has it in memory. */
export async function warmUp({ pool }: Database): Promise<void> {
  await pool.query('CREATE EXTENSION IF NOT EXISTS pg_prewarm')
  await pool.query(
    `SELECT pg_prewarm(oid) FROM pg_class
      WHERE relkind IN ('r', 'i') AND relnamespace::regnamespace::text NOT LIKE 'pg\\_%'`,
  )
}

/** Fills an empty, migrated database. */
async function buildShop({ pool }: Database, customers: number, nowMs: number): Promise<void> {
  const now = `'${new Date(nowMs).toISOString()}'::timestamptz`
  await loadFast(pool, true)
  await pool.query(
    `SELECT event_parts.ensure_month(month::date)
       FROM generate_series(date_trunc('month', ${now} - interval '366 days'), ${now}, interval '1 month') AS month`,
  )
  const indexes = [
    ...(await dropIndexes(pool, ['events', 'event_days', 'orders', 'customers', 'identities'])),
    // Its rows come in no order of their own: kept up row by row, it would take longer than all others together.
    ...(await dropKey(pool, 'event_days')),
  ]
  await writeEvents(pool, customers, now)
  const peopleAndOrders = async (): Promise<void> => {
    await writeOrders(pool)
    await writeCustomers(pool, customers, now)
  }
  await Promise.all([writeEventDays(pool), peopleAndOrders()])
  const waiting = [...indexes]
  const makeIndexes = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await pool.query(one)
  }
  await Promise.all(Array.from({ length: cores }, makeIndexes))
  await pool.query('VACUUM ANALYZE')
  await loadFast(pool, false)
  await pool.query('CHECKPOINT') // What was made in a hurry is written out before anything is measured.
}

/** While a shop is made nothing need be durable; what is measured runs with the settings of the product. */
async function loadFast(client: Queryable, isFast: boolean): Promise<void> {
  const settings = isFast
    ? [
        "SET synchronous_commit = 'off'",
        "SET fsync = 'off'",
        "SET full_page_writes = 'off'",
        "SET max_wal_size = '8GB'",
        "SET maintenance_work_mem = '512MB'",
        "SET work_mem = '256MB'",
        "SET autovacuum = 'off'",
      ]
    : ['RESET ALL']
  for (const setting of settings) await client.query(`ALTER SYSTEM ${setting}`)
  await client.query('SELECT pg_reload_conf()')
}

/** Indexes are made once the rows are there. @returns how to make them again. */
async function dropIndexes(client: Queryable, tables: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
       FROM pg_index i WHERE i.indrelid::regclass::text = ANY ($1) AND NOT i.indisprimary`,
    [tables],
  )
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`)
  return rows.map(({ definition }) => definition.replace(' ON ONLY ', ' ON ')) // Of a table in parts: for all its parts.
}

/** @returns how to make the primary key of a table again. */
async function dropKey(client: Queryable, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT conname AS name, pg_get_constraintdef(oid) AS definition
       FROM pg_constraint WHERE conrelid = $1::regclass AND contype = 'p'`,
    [table],
  )
  for (const { name } of rows) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`)
  return rows.map(({ name, definition }) => `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition}`)
}

async function writeEvents(client: Queryable, customers: number, now: string): Promise<void> {
  const part = Math.ceil((customers * eventsPerCustomer) / cores)
  const parts = Array.from({ length: cores }, (_, i) => ({ from: i * part + 1, to: (i + 1) * part }))
  await Promise.all(parts.map((range) => writeSomeEvents(client, customers, now, range)))
}

async function writeEventDays(client: Queryable): Promise<void> {
  await client.query(
    `INSERT INTO event_days (customer_id, name, day, count, first_at, last_at)
     SELECT customer_id, name, (occurred_at AT TIME ZONE 'UTC')::date, count(*), min(occurred_at), max(occurred_at)
       FROM events GROUP BY 1, 2, 3`,
  )
}

async function writeSomeEvents(
  client: Queryable,
  customers: number,
  now: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  await client.query(
    `INSERT INTO events (message_id, type, name, occurred_at, received_at, properties, customer_id, handled_at)
     SELECT 'bench-' || i, 'track', name, at, at,
            CASE name WHEN 'Order Completed' THEN jsonb_build_object('total', cents / 100.0, 'order_id', i)
                      ELSE jsonb_build_object('category', (ARRAY['Jazz', 'Rock', 'Classical', 'Folk', 'Soul'])[1 + (cents % 5)],
                                              'price', cents / 100.0) END,
            ${customerId('who')}, at
       FROM (SELECT i, floor(${customers} * power(${chance('i', 1)}, 2.2))::int AS who,
                    date_trunc('milliseconds', ${now} - interval '365 days' * power(${chance('i', 2)}, 1.6)) AS at,
                    (500 + 9500 * power(${chance('i', 3)}, 2))::int AS cents,
                    CASE WHEN ${chance('i', 4)} < 0.55 THEN 'Product Viewed' WHEN ${chance('i', 4)} < 0.75 THEN 'Product Added'
                         WHEN ${chance('i', 4)} < 0.86 THEN 'Newsletter Opened' WHEN ${chance('i', 4)} < 0.94 THEN 'Order Completed'
                         ELSE 'Support Asked' END AS name
               FROM generate_series(${from}, ${to}) AS i
             OFFSET 0) AS made`, // Each worked out once, not wherever it is asked for.
  )
}

async function writeOrders(client: Queryable): Promise<void> {
  await client.query(
    `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency)
     SELECT gen_random_uuid(), customer_id, message_id, occurred_at, ((properties ->> 'total')::numeric * 100)::bigint, 'EUR'
       FROM events WHERE name = 'Order Completed'`,
  )
}

async function writeCustomers(client: Queryable, customers: number, now: string): Promise<void> {
  await client.query(
    `INSERT INTO customers (id, external_id, stage, stage_since, traits, country, first_seen_at, last_seen_at,
                            first_order_at, last_order_at, order_count, revenue_cents, currency, created_at, updated_at)
     SELECT ${customerId('i')}, 'u' || i, CASE WHEN o.count IS NULL THEN 'acquire' WHEN o.count = 1 THEN 'activate' ELSE 'retain' END,
            coalesce(e.first, ${now}),
            jsonb_build_object('plan', CASE WHEN ${chance('i', 5)} < 0.1 THEN 'pro' ELSE 'free' END,
                               'age', 18 + (${chance('i', 6)} * 60)::int, 'city', 'city-' || (${chance('i', 7)} * 200)::int),
            (ARRAY['DE', 'FR', 'IT', 'US'])[1 + floor(4 * ${chance('i', 8)})::int],
            coalesce(e.first, ${now}), coalesce(e.last, ${now}), o.first, o.last, coalesce(o.count, 0), coalesce(o.cents, 0), 'EUR',
            ${now}, ${now}
       FROM generate_series(0, ${customers - 1}) AS i
       LEFT JOIN (SELECT customer_id, min(occurred_at) AS first, max(occurred_at) AS last FROM events GROUP BY 1) AS e
         ON e.customer_id = ${customerId('i')}
       LEFT JOIN (SELECT customer_id, count(*) AS count, min(ordered_at) AS first, max(ordered_at) AS last,
                         sum(revenue_cents) AS cents FROM orders GROUP BY 1) AS o
         ON o.customer_id = ${customerId('i')}`,
  )
  await client.query(
    `INSERT INTO identities (kind, value, customer_id, created_at)
     SELECT 'user', external_id, id, created_at FROM customers`,
  )
}
