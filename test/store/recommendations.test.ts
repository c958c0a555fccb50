/** What somebody is shown, and what is written down of it, is what a plain statement over all tables gives. */

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../../src/analytics/core/random.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { saveRecommenderTables } from '../../src/store/findings.ts'
import { insertModel, promoteModel } from '../../src/store/models.ts'
import { findRecommendee, recommendFor, recommendForAll } from '../../src/store/recommendations.ts'
import { replaceRecommendationMatches } from '../../src/store/recommending/matches.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { recommendedBySql } from './support/recommended-by-sql.ts'

const random = seededRandom(3)
const ids = Array.from({ length: 30 }, () => randomUUID())
const products = Array.from({ length: 120 }, (_, i) => `p${i}`)
/** The rest are new: no model knows them. */
const modelled = products.slice(0, 100)
const startMs = Date.parse('2026-01-01T00:00:00Z')
let testDatabase: TestDatabase
let database: Database

beforeAll(async () => {
  testDatabase = await createTestDatabase()
  database = openDatabase(testDatabase.url)
  await makeShop()
  await useRecommender(1)
})
afterAll(async () => {
  await database.close()
  await testDatabase.drop()
})

test('everybody is shown the same as by the plain statement, whatever rules ask for', async () => {
  const rules = [
    { limit: 10 },
    { limit: 100 },
    { limit: 4, bought: 'keep' as const },
    { limit: 3, categories: ['c1', 'c4'] },
    { limit: 10, notCategories: ['c0', 'c2'] },
  ]
  for (const [i, id] of ids.entries()) {
    const { bought, ...rule } = rules[i % rules.length] as (typeof rules)[number] & { bought?: 'keep' }
    const shown = await recommendFor(database.pool, id, { ...rule, ...(bought && { bought }) })
    const expected = await recommendedBySql(database.pool, id, { ...rule, keepsBought: bought === 'keep' })
    expect(expected.length).toBeGreaterThan(0)
    expect(shown.map(({ productKey, basis, reason }) => [productKey, basis, reason])).toEqual(
      expected.map(({ key, basis, reason }) => [key, basis, reason]),
    )
    for (const [place, { score }] of shown.entries()) expect(score).toBeCloseTo(expected[place]?.score ?? 0, 9)
  }
})

test('a page of people is shown what each of them is shown alone', async () => {
  for (const rules of [
    { limit: 10 },
    { limit: 100 },
    { limit: 4, bought: 'keep' as const },
    { limit: 3, categories: ['c1'] },
  ]) {
    const all = await recommendForAll(database.pool, ids, rules)
    expect([...all.keys()].toSorted()).toEqual(ids.toSorted())
    for (const id of ids) expect(all.get(id)).toEqual(await recommendFor(database.pool, id, rules))
  }
})

test('a model that takes over is asked at once, and what it does not know is forgotten', async () => {
  const before = await recommendFor(database.pool, ids[0] as string, { limit: 10 })
  await useRecommender(2)
  const after = await recommendFor(database.pool, ids[0] as string, { limit: 10 })
  expect(after).not.toEqual(before)
  const expected = await recommendedBySql(database.pool, ids[0] as string)
  expect(after.map(({ productKey }) => productKey)).toEqual(expected.map(({ key }) => key))
})

test('the first ten of what is in stock are written down for buyers, and who does not change is not touched', async () => {
  // No looks: what is written down goes by orders alone, and knows nothing of new products.
  await database.pool.query('DELETE FROM events; DELETE FROM customer_categories')
  const buyers = ids.slice(0, -3)
  expect(await replaceRecommendationMatches(database.pool, ids)).toBe(buyers.length)
  for (const id of ids) {
    const { rows } = await database.pool.query<{ key: string }>(
      `SELECT key FROM customer_matches WHERE customer_id = $1 AND kind = 'recommendation' ORDER BY key`,
      [id],
    )
    const expected = buyers.includes(id) ? await recommendedBySql(database.pool, id) : []
    expect(rows.map(({ key }) => key)).toEqual(expected.map(({ key }) => key).toSorted())
  }
  await database.pool.query('DELETE FROM dirty_customers')
  await replaceRecommendationMatches(database.pool, ids)
  expect((await database.pool.query('SELECT FROM dirty_customers')).rowCount).toBe(0)
})

test('somebody is found by the id of the shop and by ours', async () => {
  const [id = ''] = ids
  expect(await findRecommendee(database.pool, id)).toBe(id)
  expect(await findRecommendee(database.pool, 'shop-0')).toBe(id)
  expect(await findRecommendee(database.pool, randomUUID())).toBeUndefined()
  expect(await findRecommendee(database.pool, 'nobody')).toBeUndefined()
})

async function useRecommender(seed: number): Promise<void> {
  const draw = seededRandom(seed)
  const pairs = modelled.flatMap((_, product) =>
    modelled.flatMap((_, related) =>
      product !== related && draw() < 0.1 ? [{ product, related, score: draw() }] : [],
    ),
  )
  const id = randomUUID()
  const model = { id, kind: 'recommender' as const, method: 'items-and-popularity', createdAtMs: startMs }
  await insertModel(database, { ...model, parameters: { setting: { likenessWeight: 0.6 } } })
  await saveRecommenderTables(database, id, {
    products: modelled,
    product: Int32Array.from(pairs, ({ product }) => product),
    related: Int32Array.from(pairs, ({ related }) => related),
    score: Float64Array.from(pairs, ({ score }) => score),
    popularity: Float64Array.from(modelled, () => draw()),
  })
  await promoteModel(database, id, startMs)
}

/** Half of the products are out of stock; three customers have only looked. */
async function makeShop(): Promise<void> {
  const { pool } = database
  await pool.query(
    `INSERT INTO customers (id, external_id, stage_since, first_seen_at, last_seen_at, created_at, updated_at)
     SELECT id, 'shop-' || n - 1, t, t, t, t, t
       FROM unnest($1::uuid[]) WITH ORDINALITY AS c (id, n), (SELECT $2::timestamptz AS t) AS moment`,
    [ids, new Date(startMs)],
  )
  await pool.query(
    `INSERT INTO products (product_key, name, category, attributes, first_seen_at, updated_at)
     SELECT key, 'The ' || key, 'c' || n % 6, CASE WHEN n % 2 = 0 THEN '{"stock": 0}' ELSE '{}' END::jsonb,
            $2::timestamptz + make_interval(hours => n::int), $2
       FROM unnest($1::text[]) WITH ORDINALITY AS p (key, n)`,
    [products, new Date(startMs)],
  )
  for (const [i, id] of ids.entries()) {
    const some = (count: number): string[] =>
      Array.from({ length: count }, () => products[Math.floor(random() * products.length)] as string)
    await pool.query(
      `INSERT INTO events (message_id, type, name, customer_id, occurred_at, received_at, properties)
       SELECT gen_random_uuid(), 'track', 'Product Viewed', $1, $3::timestamptz, now(), jsonb_build_object('product_id', key)
         FROM unnest($2::text[]) AS key`,
      [id, some(4), new Date(startMs)],
    )
    if (i >= ids.length - 3) continue
    const order = randomUUID()
    await pool.query(
      `WITH made AS (
         INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, currency, cancelled_at)
         SELECT $1::uuid, $2::uuid, $1::uuid::text, $3::timestamptz, 100, 'EUR', NULL UNION ALL
         SELECT gen_random_uuid(), $2::uuid, gen_random_uuid()::text, $3, 100, 'EUR', $3::timestamptz
       ), counted AS (
         INSERT INTO customer_categories (customer_id, category, orders, quantity, revenue_cents)
         SELECT $2::uuid, 'c' || $5::int % 6, 1, 1, 100
       )
       INSERT INTO order_lines (order_id, position, product_key, quantity, price_cents)
       SELECT $1::uuid, n, key, 1, 100 FROM unnest($4::text[]) WITH ORDINALITY AS l (key, n)`,
      [order, id, new Date(startMs), [...new Set(some(1 + (i % 12)))], i],
    )
  }
}
