/** Features as of a past moment: nothing that came later moves them, and a query that peeks is found out. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadCustomerFeatures } from '../../src/store/customer-features.ts'
import { type Database, openDatabase, type Queryable } from '../../src/store/database.ts'
import { createTestDatabase } from '../support/database.ts'

const asOfMs = Date.parse('2026-03-01T12:00:00Z')
const ids = Array.from({ length: 40 }, (_, i) => `00000000-0000-4000-8000-${String(i).padStart(12, '0')}`)
let database: Database
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase(created.url)
  await database.pool.query(
    `INSERT INTO customers (id, stage_since, first_seen_at, last_seen_at, created_at, updated_at)
     SELECT id, t, t, t, t, t FROM unnest($1::uuid[]) AS id, (SELECT timestamptz '2025-11-01 08:00Z' AS t) AS moment`,
    [ids],
  )
  await orders('past', "'2025-11-20 10:00Z'::timestamptz + make_interval(days => n * 17, hours => i::int)", 5)
  await addEvents("date '2026-02-01' + n * 4", 6)
  await refund('past', "'2026-02-20 10:00Z'")
})

afterAll(async () => {
  await database.close()
  await drop()
})

const whole = (db: Queryable) => loadCustomerFeatures(db, { asOfMs })

/** A query of which one guard against the future is taken away. */
const planted = (guard: RegExp, instead: string): Queryable => ({
  query: (text: string, values: unknown[]) => {
    const leaky = text.replace(guard, instead)
    if (leaky === text) throw new Error(`the query has no ${guard.source} to take away`)
    return database.pool.query(leaky, values)
  },
})

/** Every guard that the query has. */
const guards: readonly [string, RegExp, string][] = [
  ['orders that were made later', /ordered_at < \$1\n/, 'ordered_at IS NOT NULL\n'],
  ['cancellations that came later', /OR cancelled_at >= \$1/, ''],
  ['refunds that were given later', /AND c\.changed_at < \$1 /, ''],
  ['what was done later', /day < \(\$1::timestamptz AT TIME ZONE 'UTC'\)::date\n/, 'day IS NOT NULL\n'],
]

describe('as of a past moment', () => {
  it('features are what was known then, and tell more than purchases', async () => {
    const { histories } = await whole(database.pool)
    expect(histories.customerIds).toEqual(ids)
    expect(Array.from(histories.purchases).every((count) => count === 5)).toBe(true)
    expect(histories.behaviour?.activeDays[0]).toBe(6)
    expect(histories.behaviour?.quietDays[0]).toBe(8)
    expect(histories.behaviour?.discountShare[0]).toBeCloseTo(0.1)
    expect(histories.behaviour?.refundShare[0]).toBeCloseTo(0.1)
  })

  it('a page by ids, a page by a stretch of ids and the whole agree', async () => {
    const { histories } = await whole(database.pool)
    const some = ids.slice(10, 30)
    const byIds = await loadCustomerFeatures(database.pool, { asOfMs, customerIds: some })
    const range = { after: ids[9] as string, upTo: ids[29] as string }
    const byRange = await loadCustomerFeatures(database.pool, { asOfMs, range })
    expect(byRange).toEqual(byIds)
    expect(byIds.histories.revenueCents).toEqual(histories.revenueCents.slice(10, 30))
  })

  it('whatever comes later moves none of them; a planted leak of any kind is caught', async () => {
    const before = await whole(database.pool)
    const known = await loadCustomerFeatures(database.pool, { asOfMs, population: 'known' })
    const leaks = await Promise.all(guards.map(async ([, guard, instead]) => whole(planted(guard, instead))))

    await orders('later', "'2026-03-01 12:00Z'::timestamptz + make_interval(days => n * 9)", 3)
    await addEvents("date '2026-03-01' + n", 5)
    await refund('past', "'2026-03-05 10:00Z'")
    await database.pool.query(
      `UPDATE orders SET cancelled_at = '2026-03-02 10:00Z' WHERE order_key LIKE 'past/%/0' AND customer_id = ANY ($1)`,
      [ids.slice(0, 5)],
    )

    expect(await whole(database.pool)).toEqual(before)
    expect(await loadCustomerFeatures(database.pool, { asOfMs, population: 'known' })).toEqual(known)
    for (const [i, [name, guard, instead]] of guards.entries()) {
      const leaky = await whole(planted(guard, instead))
      expect({ name, leaky }).not.toEqual({ name, leaky: leaks[i] })
    }
  })

  it('who never bought is known, with the silence of their whole age', async () => {
    const stranger = '00000000-0000-4000-8000-999999999999'
    await database.pool.query(
      `INSERT INTO customers (id, stage_since, first_seen_at, last_seen_at, created_at, updated_at)
       SELECT $1, t, t, t, t, t FROM (SELECT timestamptz '2026-02-19 08:00Z' AS t) AS moment`,
      [stranger],
    )
    const { histories } = await loadCustomerFeatures(database.pool, {
      asOfMs,
      customerIds: [stranger],
      population: 'known',
    })
    expect(histories).toMatchObject({ purchases: Float64Array.of(0), ageDays: Float64Array.of(10) })
    expect(histories.silenceDays).toEqual(histories.ageDays)
  })
})

async function orders(prefix: string, moment: string, count: number): Promise<void> {
  await database.pool.query(
    `INSERT INTO orders (id, customer_id, order_key, ordered_at, revenue_cents, discount_cents, currency)
     SELECT gen_random_uuid(), id, $2 || '/' || i || '/' || n, ${moment}, 900, 100, 'EUR'
       FROM unnest($1::uuid[]) WITH ORDINALITY AS c (id, i), generate_series(0, $3::int - 1) AS n`,
    [ids, prefix, count],
  )
}

async function addEvents(day: string, count: number): Promise<void> {
  await database.pool.query(
    `INSERT INTO event_days (customer_id, name, day, count, first_at, last_at)
     SELECT id, 'Product Viewed', day, 2, day, day + interval '1 hour'
       FROM unnest($1::uuid[]) AS id, generate_series(0, $2::int - 1) AS n, LATERAL (SELECT ${day} AS day) AS d`,
    [ids, count],
  )
}

/** Half of the first order of each. */
async function refund(prefix: string, moment: string): Promise<void> {
  await database.pool.query(
    `INSERT INTO order_changes (order_key, message_id, kind, amount_cents, changed_at)
     SELECT order_key, 'refund-' || order_key || $3, 'refund', 450, $2::timestamptz FROM orders WHERE order_key LIKE $1`,
    [`${prefix}/%/1`, moment.replaceAll("'", ''), moment],
  )
}
