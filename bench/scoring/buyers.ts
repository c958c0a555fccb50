/**
 * A shop of buyers for the bench of scoring, loaded set-based: everybody buys at a pace of their own for two years, and one
 * in so many stops. Nothing of it need be durable while it is made; what is measured runs with the product's settings.
 */

import type { Database, Queryable } from '../../src/store/database.ts'

/** Of these, indexes are made once the rows are there. */
const tables = ['customers', 'orders'] as const

/** Adds so many of them to what is there. */
export async function makeBuyers({ pool }: Pick<Database, 'pool'>, customers: number, nowMs: number): Promise<void> {
  const now = new Date(nowMs)
  await loadFast(pool, true)
  const indexes = await dropIndexes(pool)
  await pool.query('SELECT setseed(0.5)')
  await pool.query(
    `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency)
     SELECT gen_random_uuid(), c.id, c.id || '/' || n,
            $2::timestamptz - make_interval(secs => 86400 * (690 * (1 - share * n / (1 + most)) * (0.98 + 0.02 * random()))),
            (1000 + 9000 * random())::int, 'EUR'
       FROM (SELECT gen_random_uuid() AS id, 0.3 + 0.7 * random() AS share, 1 + floor(-3 * ln(1 - random()))::int AS most
               FROM generate_series(1, $1::int)) AS c,
            LATERAL generate_series(1, least(c.most, 20)) AS n`,
    [customers, now],
  )
  await pool.query(
    `INSERT INTO customers (id, stage, stage_since, first_seen_at, last_seen_at, created_at, updated_at, order_count,
                            revenue_cents, first_order_at, last_order_at)
     SELECT customer_id, 'retain', $1, $1, $1, $1, $1, count(*), sum(revenue_cents), min(ordered_at), max(ordered_at)
       FROM orders o WHERE NOT EXISTS (SELECT FROM customers c WHERE c.id = o.customer_id) GROUP BY customer_id`,
    [new Date(nowMs - 700 * 86_400_000)],
  )
  for (const index of indexes) await pool.query(index)
  await pool.query('VACUUM ANALYZE')
  await loadFast(pool, false)
}

async function loadFast(client: Queryable, isFast: boolean): Promise<void> {
  const settings = isFast
    ? ["SET synchronous_commit = 'off'", "SET max_wal_size = '8GB'", "SET maintenance_work_mem = '512MB'"]
    : ['RESET ALL']
  for (const setting of settings) await client.query(`ALTER SYSTEM ${setting}`)
  await client.query('SELECT pg_reload_conf()')
}

/** @returns how to make them again. */
async function dropIndexes(client: Queryable): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition
       FROM pg_index i WHERE i.indrelid::regclass::text = ANY ($1) AND NOT i.indisprimary`,
    [tables],
  )
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`)
  return rows.map(({ definition }) => definition)
}
