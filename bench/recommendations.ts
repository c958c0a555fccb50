/**
 * Recommendations for one customer after the other, among 4,000 products, against a bare query over the same connection.
 *
 *   npm run -s bench -- recommendations [--products 4000] [--requests 2000] [--json]
 *
 * ours: the 95 % quantile of milliseconds over HTTP; reference: that of "SELECT 1" in the database. 95 % under 20 ms wanted.
 */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../src/analytics/core/random.ts'
import { chooseRecommender } from '../src/analytics/training/recommender-choice.ts'
import { startInstallation } from '../src/embedded/supervisor.ts'
import { createApiKey } from '../src/store/api-keys.ts'
import { type Database, openDatabase } from '../src/store/database.ts'
import { saveRecommenderTables } from '../src/store/findings.ts'
import { insertModel, promoteModel } from '../src/store/models.ts'
import { firstPurchases } from '../src/store/training-sources.ts'
import { runBench, say, wholeNumber } from './support/bench.ts'

const customers = 3_000
const startMs = Date.parse('2026-01-01T00:00:00Z')
const dayMs = 86_400_000

await runBench('recommendations', { products: '4000', requests: '2000' }, async (options) => {
  const products = wholeNumber('products', options.products, 100)
  const requests = wholeNumber('requests', options.requests, 100)
  const home = mkdtempSync(join(tmpdir(), 'perennial-bench-'))
  say('starting PostgreSQL and the API …')
  const installation = await startInstallation({ home, port: 0, processes: ['api'] })
  const database = openDatabase(installation.databaseUrl)
  try {
    const ids = await makeShop(database, products)
    const { key } = await createApiKey(database, { kind: 'analyst', name: 'bench' })
    const random = seededRandom(2)
    const ask = async (): Promise<void> => {
      const id = ids[Math.floor(random() * ids.length)] as string
      const response = await fetch(`${installation.url}/v1/recommendations/${id}`, {
        headers: { authorization: `Bearer ${key}` },
      })
      const { products: found } = (await response.json()) as { readonly products: readonly object[] }
      if (found.length !== 10) throw new Error(`${found.length} products instead of 10`)
    }
    const bare = async (): Promise<void> => void (await database.pool.query({ name: 'one', text: 'SELECT 1' }))
    await timed(50, ask)
    const ours = await timed(requests, ask)
    const reference = await timed(requests, bare)
    const [p50, p95] = [at(ours, 0.5), at(ours, 0.95)]
    const under = ours.filter((ms) => ms < 20).length / ours.length
    const text = `${requests} requests among ${products} products: half within ${p50.toFixed(1)} ms, 95 % within ${p95.toFixed(1)} ms, ${(under * 100).toFixed(1)} % under 20 ms; a bare query 95 % within ${at(reference, 0.95).toFixed(2)} ms.`
    return { result: { ours: p95, reference: at(reference, 0.95), unit: 'ms', p50, under20: under, target: 20 }, text }
  } finally {
    await database.close()
    await installation.stop()
    rmSync(home, { recursive: true, force: true })
  }
})

/** Customers with tastes: each buys mostly in a few of 40 corners of the shop. */
async function makeShop(database: Database, products: number): Promise<string[]> {
  const { pool } = database
  const random = seededRandom(1)
  say('making a shop …')
  const ids = Array.from({ length: customers }, () => randomUUID())
  const at = new Date(startMs)
  await pool.query(
    `INSERT INTO customers (id, stage_since, first_seen_at, last_seen_at, created_at, updated_at, order_count)
     SELECT id, $2, $2, $2, $2, $2, 1 FROM unnest($1::uuid[]) AS id`,
    [ids, at],
  )
  await pool.query(
    `INSERT INTO products (product_key, name, category, price_cents, currency, first_seen_at, updated_at)
     SELECT 'p' || n, 'Product ' || n, 'c' || n % 40, 1000, 'EUR', $2, $2 FROM generate_series(0, $1::int - 1) AS n`,
    [products, at],
  )
  const orders: { id: string; customer: string; at: Date; products: string[] }[] = []
  for (const customer of ids) {
    const taste = Math.floor(random() * 40)
    for (let order = 0; order < 4; order++) {
      const bought = new Set<string>()
      for (let line = 0; line < 8; line++) {
        const corner = random() < 0.7 ? taste : Math.floor(random() * 40)
        bought.add(`p${Math.floor((random() ** 2 * products) / 40) * 40 + corner}`)
      }
      const moment = new Date(startMs + Math.floor(random() * 120 * dayMs))
      orders.push({
        id: randomUUID(),
        customer,
        at: moment,
        products: [...bought].filter((key) => Number(key.slice(1)) < products),
      })
    }
  }
  await pool.query(
    `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency)
     SELECT id, customer, id::text, at, 1000, 'EUR' FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS o (id, customer, at)`,
    [orders.map(({ id }) => id), orders.map(({ customer }) => customer), orders.map((order) => order.at)],
  )
  const lines = orders.flatMap(({ id, products: keys }) => keys.map((key, position) => ({ id, key, position })))
  await pool.query(
    `INSERT INTO order_lines (order_id, position, product_key, quantity, price_cents)
     SELECT id, position, key, 1, 1000 FROM unnest($1::uuid[], $2::int[], $3::text[]) AS l (id, position, key)`,
    [lines.map(({ id }) => id), lines.map(({ position }) => position), lines.map(({ key }) => key)],
  )
  await pool.query(
    `INSERT INTO customer_categories (customer_id, category, orders, quantity, revenue_cents)
     SELECT o.customer_id, p.category, count(DISTINCT o.id), count(*), 1000 * count(*)
       FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN products p USING (product_key) GROUP BY 1, 2`,
  )
  say('choosing a recommender …')
  const pairs = await firstPurchases(pool, startMs + 130 * dayMs)
  const choice = chooseRecommender({ ...pairs, chooseFromMs: startMs + 80 * dayMs, judgeFromMs: startMs + 100 * dayMs })
  const id = randomUUID()
  const model = { id, kind: 'recommender' as const, method: 'items-and-popularity', createdAtMs: startMs }
  await insertModel(database, { ...model, parameters: { setting: choice.setting } })
  await promoteModel(database, id, startMs)
  await saveRecommenderTables(database, id, choice.tables)
  await pool.query('VACUUM ANALYZE')
  return ids
}

async function timed(times: number, work: () => Promise<void>): Promise<number[]> {
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const startedAt = performance.now()
    await work()
    took.push(performance.now() - startedAt)
  }
  return took.sort((a, b) => a - b)
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number
}
